#!/usr/bin/python3
"""Load a new ruleset on trial: unless it is confirmed in time, the old one comes back by itself.

    firewall_switch.py try NEW --seconds 30     load NEW, and start the clock
    firewall_switch.py confirm NEW              keep it, from the next start of the box on as well
    firewall_switch.py back                     what the clock does

`try` checks NEW first and loads it in one transaction. The rules of the table `inet gatehouse` that
were loaded before are kept in /run; /etc/nftables.conf is not touched before `confirm`, so a power
cut during the trial also ends with the old rules.
"""

import argparse
import os
import shutil
import subprocess
from pathlib import Path

RULES = Path("/etc/nftables.conf")
BEFORE = Path("/run/gatehouse-firewall-before.nft")
CLOCK = "gatehouse-firewall-trial"
TABLE = "inet gatehouse"
CLEAR = f"table {TABLE}\ndelete table {TABLE}\n"


def nft(*words: str) -> None:
    """Run nft; what it says goes to the caller."""
    subprocess.run(["/usr/sbin/nft", *words], check=True)


def attempt(new: str, seconds: int) -> None:
    """Load `new`; the clock runs before the rules change, so nothing can cut off the way back."""
    nft("-c", "-f", new)
    # Terse: the rules, without who has knocked lately.
    loaded = subprocess.run(
        ["/usr/sbin/nft", "--terse", "list", "table", *TABLE.split()],
        capture_output=True,
        text=True,
        check=False,
    )
    BEFORE.write_text(CLEAR + loaded.stdout)
    stop_clock()
    subprocess.run(
        [
            *("/usr/bin/systemd-run", "--quiet", f"--unit={CLOCK}", f"--on-active={seconds}"),
            *("--timer-property=AccuracySec=1s", __file__, "back"),
        ],
        check=True,
    )
    nft("-f", new)


def confirm(new: str) -> None:
    """Keep what was tried: stop the clock, then make it the ruleset of the next start."""
    stop_clock()
    unfinished = RULES.with_suffix(".new")
    shutil.copyfile(new, unfinished)
    unfinished.chmod(0o755)
    with unfinished.open() as file:
        os.fsync(file.fileno())
    unfinished.replace(RULES)
    BEFORE.unlink(missing_ok=True)


def back() -> None:
    """Bring back the rules from before the trial."""
    nft("-f", str(BEFORE))


def stop_clock() -> None:
    """End a running trial, if there is one."""
    subprocess.run(
        ["/usr/bin/systemctl", "stop", f"{CLOCK}.timer"], capture_output=True, check=False
    )


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description="Load a new ruleset on trial.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb in ("try", "confirm"):
        verbs.add_parser(verb).add_argument("new")
    verbs.choices["try"].add_argument("--seconds", type=int, required=True)
    verbs.add_parser("back")
    told = parser.parse_args()
    match told.verb:
        case "try":
            attempt(told.new, told.seconds)
        case "confirm":
            confirm(told.new)
        case _:
            back()


if __name__ == "__main__":
    main()
