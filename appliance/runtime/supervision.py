"""The programs of a box, and the supervisor configuration that runs them (4.5.1-6).

The profile says which there are; the demo and a real box run the very same configuration.
"""

import ctypes
import os
import shlex
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from appliance.profile.model import Profile

PR_SET_PDEATHSIG = 1
UMASK = 0o027
"""Of everything a box makes: others may read nothing."""

START_SECONDS = 3
"""A program that dies sooner has not started, for supervisor."""

SUPERVISOR_PID = "GATEHOUSE_SUPERVISOR_PID"
"""In the environment of the programs: whose children they are."""

HEADER = """\
; Rendered by gatehouse from the site profile; changes here are lost at the next start.
[supervisord]
nodaemon=true
silent=true
logfile={root}/log/supervisord.log
logfile_maxbytes=10MB
logfile_backups=5
pidfile={root}/run/supervisord.pid
childlogdir={root}/log
umask={umask:03o}

[unix_http_server]
file={root}/run/supervisor.sock
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl=unix://{root}/run/supervisor.sock
"""

PROGRAM = """
[program:{name}]
command={command}
autostart=true
autorestart=true
startsecs={seconds}
startretries=1000000
stopsignal=TERM
stopwaitsecs=15
killasgroup=true
umask={umask:03o}
stdout_logfile={log}/{name}.log
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=5
redirect_stderr=true
"""


# No redirect_stderr: what a listener writes to its standard output is for supervisord.
LISTENER = """
[eventlistener:{name}]
command={command}
events=PROCESS_STATE_EXITED,PROCESS_STATE_BACKOFF,PROCESS_STATE_FATAL,TICK_60
buffer_size=1000
autostart=true
autorestart=true
startsecs={seconds}
startretries=1000000
stopsignal=TERM
stopwaitsecs=15
umask={umask:03o}
stdout_logfile=NONE
stderr_logfile={log}/{name}.log
stderr_logfile_maxbytes=10MB
stderr_logfile_backups=5
"""


@dataclass(frozen=True, slots=True)
class Program:
    """One supervised program: its name and the words of `gatehouse run`."""

    name: str
    words: tuple[str, ...]


CRASHES = Program("crashes", ("crashes",))
"""Listens to supervisord and notes which program ended by itself; it has no heartbeat."""


def programs(profile: Profile) -> tuple[Program, ...]:
    """Every program of the gate that a box runs; of a site's part, see `Profile.part_of`."""
    lanes = [
        Program(f"lane-{lane.barrier.id}", ("lane", lane.barrier.id)) for lane in profile.lanes()
    ]
    entry = [Program("entry", ("entry",))] if profile.access.gatekeepers else []
    always = [Program(name, (name,)) for name in ("uplink", "web", "sweeper", "recorder")]
    return (*lanes, *always, *entry)


def supervisor_configuration(
    profile: Profile, profile_path: Path, machine_name: str | None = None
) -> str:
    """The text of supervisord.conf for a profile that lies at `profile_path`.

    `machine_name` is handed on to the programs, which read the same file; `profile` is already
    that machine's part of it.
    """
    root = str(profile.storage.root)
    parts = [HEADER.format(root=_literal(root), umask=UMASK)]
    for program in (CRASHES, *programs(profile)):
        words = [sys.executable, "-m", "appliance", "run", *program.words]
        words += ["--profile", str(profile_path.resolve())]
        words += ["--machine", machine_name] if machine_name else []
        parts.append(
            (LISTENER if program is CRASHES else PROGRAM).format(
                name=program.name,
                command=_literal(shlex.join(words)),
                log=_literal(_literal(f"{root}/log")),  # supervisor expands this value twice
                seconds=START_SECONDS,
                umask=UMASK,
            )
        )
    return "".join(parts)


def write_configuration(
    profile: Profile, profile_path: Path, machine_name: str | None = None
) -> Path:
    """Lay supervisord.conf and its folders below the storage root; returns its path."""
    root = Path(profile.storage.root)
    make_folders(root)
    path = root / "run" / "supervisord.conf"
    path.write_text(supervisor_configuration(profile, profile_path, machine_name), "utf-8")
    return path


def make_folders(root: Path) -> None:
    """Make the storage root and its folders `run` and `log`, 0750 whatever the umask."""
    root.parent.mkdir(parents=True, exist_ok=True)
    for folder in (root, root / "run", root / "log"):
        try:
            folder.mkdir(mode=0o750)
        except FileExistsError:
            if not folder.is_dir():
                raise
        else:
            folder.chmod(0o750)


def end_with_parent() -> None:
    """Ask the kernel to send this process SIGTERM when its parent has died, however it died."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def become_supervisor(configuration: Path, *, with_parent: bool = False) -> None:
    """Turn this process into supervisord; does not return.

    `with_parent` asks the kernel to end it, and so its programs, when the parent is killed.
    """
    if with_parent:
        end_with_parent()
    os.environ[SUPERVISOR_PID] = str(os.getpid())
    words = ["-m", "supervisor.supervisord", "--nodaemon", "-c", str(configuration)]
    os.execv(sys.executable, [sys.executable, *words])  # noqa: S606 - no shell is wanted


def _literal(text: str) -> str:
    """supervisor expands % in its files."""
    return text.replace("%", "%%")
