"""Beds by hand: `up` leaves a guest running, `down` ends it and removes what it had."""

import argparse
import os
import sys

from .guest import Bed
from .places import BEDS
from .recipe import BARE

HINT = """\
{name} is up: Debian 13 at {address}, ssh as root or installer (sudo) with {key}
known hosts     {known_hosts}
console log     {folder}/console.log
in the guest    python -m tests.system.bed exec {name} guest -- COMMAND
installer       python -m tests.system.bed exec {name} platform -- ansible-playbook …
                (ssh's key, known hosts and sockets are set for Ansible; mind that all beds
                are {address}: never share ~/.ansible/cp; the platform side is 192.0.2.1)
camera LAN      python -m tests.system.bed exec {name} lan -- COMMAND
reboot, cut     python -m tests.system.bed reboot|cut|power-on {name}
"""


def main() -> None:
    """Parse and do."""
    parser = argparse.ArgumentParser(prog="python -m tests.system.bed", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    up = verbs.add_parser("up", help="boot a bare box")
    up.add_argument("name")
    up.add_argument("nspawn", nargs="*", help="further options for systemd-nspawn, after --")
    for verb, what in (
        ("down", "end it and remove its disk"),
        ("reboot", "reboot it and wait"),
        ("cut", "pull the plug"),
        ("power-on", "start it again"),
    ):
        verbs.add_parser(verb, help=what).add_argument("name")
    inside = verbs.add_parser("exec", help="run a command in the guest or beside it")
    inside.add_argument("name")
    inside.add_argument("where", choices=("guest", "platform", "lan"))
    inside.add_argument("words", nargs="+", help="the command, after --")
    verbs.add_parser("list", help="name the beds there are")
    options = parser.parse_args()
    if options.verb == "list":
        sys.stdout.writelines(f"{path.name}\n" for path in sorted(BEDS.glob("*")))
        return
    guest = Bed(options.name)
    match options.verb:
        case "up":
            guest.up(BARE, options.nspawn)
            facts = {key: getattr(guest, key) for key in ("name", "address", "key", "folder")}
            sys.stdout.write(HINT.format(**facts, known_hosts=guest.known_hosts))
        case "down":
            guest.down()
        case "reboot":
            guest.reboot()
        case "cut":
            guest.cut_power()
        case "power-on":
            guest.power_on()
        case "exec" if options.where == "guest":
            done = guest.run(options.words, check=False, capture_output=False)
            sys.exit(done.returncode)
        case "exec":
            place = guest.platform if options.where == "platform" else guest.camera_lan
            command = [os.fspath(word) for word in place.command(options.words)]
            os.execvpe(command[0], command, guest.environment)


if __name__ == "__main__":
    main()
