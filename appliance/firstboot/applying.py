"""The same roles as `gatehouse provision`, applied from inside: at a start, and in the making."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from appliance.provisioning.events import Ended, Event, read_event

PLAYBOOK = Path("/usr/share/gatehouse/provision.yml")
CURRENT = Path("/opt/gatehouse/current")
ANSIBLE = "/usr/bin/ansible-playbook"
PYTHON = "/usr/bin/python3"
PATIENCE_SECONDS = 900
"""For a release to do well: with no former one to go back to, a slow PC costs nothing but time."""


def apply(profile: Path, machine: str, log: Path, release: str | None = None) -> Iterator[Event]:
    """Bring this machine to the state of the profile; the last event is `Ended`.

    Ansible is Debian's; it finds the release's own code, which reads the profile, by PYTHONPATH.
    Its words go to `log`, which only root may read. `release` is the one that is to run, else the
    one that does.
    """
    events, teller = os.pipe()
    with tempfile.TemporaryDirectory(prefix="gatehouse-apply-") as temporary:
        hosts = Path(temporary) / "hosts.yaml"
        told = {
            "ansible_connection": "gatehouse.box.here",
            "ansible_become": False,  # it is root that runs this
            "runtime_release_on_box": release or CURRENT.resolve().name,
            "runtime_patience_seconds": PATIENCE_SECONDS,
            # A gate without its data partition still opens; `start` says what is amiss.
            "runtime_insists_on_storage": False,
        }
        hosts.write_text(json.dumps({"all": {"hosts": {machine: told}}}), "utf-8")
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        environment = _environment(Path(temporary), teller)
        modules = module_server(Path(environment["GATEHOUSE_MODULES"]), environment, PYTHON)
        try:
            process = subprocess.Popen(  # noqa: S603 - fixed words, no shell
                [
                    *(ANSIBLE, "--diff", "-i", str(profile), "-i", str(hosts)),
                    *("--limit", machine, str(PLAYBOOK)),
                ],
                cwd=PLAYBOOK.parent,
                env=environment,
                pass_fds=(teller,),
                stdin=subprocess.DEVNULL,
                stdout=handle,
                stderr=subprocess.STDOUT,
            )
        finally:
            os.close(teller)
            os.close(handle)
        try:
            with os.fdopen(events, encoding="utf-8") as lines:
                for line in lines:
                    yield read_event(line)
            code = process.wait()
        finally:
            for each in (process, modules):
                each.terminate()
                each.wait()
    yield Ended(code, tuple(log.read_text("utf-8", "replace").splitlines()[-40:]))


def module_server(
    path: Path, environment: dict[str, str], python: str
) -> "subprocess.Popen[bytes]":
    """The process that runs the modules; when this returns it listens on `path`."""
    program = Path(__file__).with_name("modules.py")
    server = subprocess.Popen([python, "-P", str(program), str(path)], env=environment)  # noqa: S603
    while not path.exists() and server.poll() is None:
        time.sleep(0.05)
    return server


def _environment(folder: Path, teller: int) -> dict[str, str]:
    library = Path(sys.prefix) / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    kept = {
        key: os.environ[key]
        for key in ("PATH", "HOME", "SOURCE_DATE_EPOCH", "debian_chroot", "SYSTEMD_OFFLINE")
        if key in os.environ
    }
    return kept | {
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_CONFIG": str(PLAYBOOK.with_name("ansible.cfg")),
        "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parents[1] / "provisioning" / "callback"),
        "ANSIBLE_CALLBACKS_ENABLED": "gatehouse_events",
        "ANSIBLE_LOCAL_TEMP": str(folder / "local"),
        "ANSIBLE_REMOTE_TEMP": str(folder / "remote"),
        "ANSIBLE_PIPELINING": "True",
        "ANSIBLE_NOCOLOR": "1",
        "GATEHOUSE_EVENTS": str(teller),
        "GATEHOUSE_MODULES": str(folder / "modules"),
        "PYTHONPATH": str(library / "site-packages"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    }
