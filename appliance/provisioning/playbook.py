"""Runs the playbook on the boxes of a site and tells what happens.

ansible-playbook is a process of its own. Three things come back from it: events over a pipe, its
own words into the log (readable by their owner only, secrets blotted out), and its exit code.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from appliance.provisioning.events import Ended, Event, read_event
from appliance.provisioning.places import private_file, python_path, source_tree
from appliance.provisioning.reach import Reach
from appliance.provisioning.vault import Secrets, variables_file
from appliance.trouble import not_installed

LAST_WORDS = 40


@dataclass(frozen=True, slots=True)
class Play:
    """One run of a playbook, `provision.yml` unless another is named.

    `check` changes nothing and tells what would change. `inventories` are further sources for
    Ansible, such as a test bench's; `variables` are further variables of every host.
    """

    profile_file: Path
    reach: Reach
    secrets: Secrets
    log: Path
    check: bool = False
    become_password: str | None = field(default=None, repr=False)
    inventories: tuple[Path, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    playbook: Path = Path("provision.yml")


def run_play(play: Play) -> Generator[Event, None, None]:
    """Run it; the last event is `Ended`. Whoever stops listening ends the run.

    Raises Trouble without Ansible, OSError when the log cannot be written.
    """
    log = os.fdopen(private_file(play.log), "w", encoding="utf-8")
    hidden = {"ansible_become_password": play.become_password} if play.become_password else {}
    variables = variables_file(play.secrets, {**play.variables, **hidden})
    events, teller = os.pipe()
    try:
        process = subprocess.Popen(  # noqa: S603 - no shell
            _words(play),
            cwd=source_tree(),
            env=_environment(play, variables, teller),
            pass_fds=(variables, teller),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except FileNotFoundError:
        os.close(events)
        log.close()
        raise not_installed(" ansible-playbook") from None
    finally:
        os.close(variables)
        os.close(teller)
    last: deque[str] = deque(maxlen=LAST_WORDS)
    blot = Secrets(dict(play.secrets.values) | hidden)
    keeper = threading.Thread(target=_keep, args=(process.stdout, log, blot, last))
    keeper.start()
    try:
        with os.fdopen(events, encoding="utf-8") as lines:
            for line in lines:
                yield read_event(line, blot.scrubbed)
        code = process.wait()
    finally:
        process.terminate()
        process.wait()
        keeper.join()
    yield Ended(code, tuple(last))


def _keep(said: IO[str], log: IO[str], secrets: Secrets, last: deque[str]) -> None:
    """Ansible's words into the log, line by line, so that a cut leaves all that was said.

    With a full disk here the run goes on without a log: a box left half done is worse.
    """
    with said, contextlib.suppress(OSError), log:
        for line in said:
            clean = secrets.scrubbed(line)
            with contextlib.suppress(OSError):
                log.write(clean)
                log.flush()
            if clean.strip():
                last.append(clean.rstrip("\n"))


def _words(play: Play) -> list[str]:
    hosts = play.reach.folder / "reach.yaml"
    hosts.write_text(json.dumps(_hosts(play.reach)), "utf-8")
    words = [str(Path(sys.executable).with_name("ansible-playbook")), "--diff"]
    for source in (play.profile_file, *play.inventories, hosts):
        words += ["--inventory", str(source.resolve())]
    words += ["--limit", ",".join(box.name for box in play.reach.boxes)]
    words += ["--check"] if play.check else []
    return [*words, str(source_tree() / play.playbook)]


def _hosts(reach: Reach) -> dict[str, object]:
    """The address of each box for Ansible: its alias in our ssh configuration (JSON is YAML)."""
    hosts = {
        box.name: {
            "ansible_host": box.name,
            "ansible_user": reach.account.user,
            "ansible_ssh_common_args": f"-F {reach.ssh_config}",
        }
        for box in reach.boxes
    }
    return {"all": {"hosts": hosts}}


def _environment(play: Play, variables: int, teller: int) -> dict[str, str]:
    """The installer's environment without settings of Ansible that he made for other work."""
    inherited = {key: text for key, text in os.environ.items() if not key.startswith("ANSIBLE_")}
    tree = source_tree()
    return inherited | {
        "ANSIBLE_CONFIG": str(tree / "ansible.cfg"),
        "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).with_name("callback")),
        "ANSIBLE_CALLBACKS_ENABLED": "gatehouse_events",
        "ANSIBLE_FORKS": str(max(1, len(play.reach.boxes))),
        "ANSIBLE_LOCAL_TEMP": str(play.reach.folder / "ansible"),
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(play.reach.folder / "cp"),
        "ANSIBLE_NOCOLOR": "1",
        "GATEHOUSE_EVENTS": str(teller),
        "GATEHOUSE_VARIABLES": str(variables),
        "PYTHONPATH": python_path(),
        "PYTHONUNBUFFERED": "1",
    }
