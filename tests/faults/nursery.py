"""A parent that has everything loaded, so that a program started by a fork costs milliseconds.

`python -m faults.nursery`, in the folder of the tests, reads one JSON list a line:
`["uplink", PROFILE]`, maybe with the name of a break behind it, `["lane", ROOT, NAME, REPORT]` or
`["kill", PID]`; it answers each with a line, the process id. Its children are the real programs:
`gatehouse run uplink`, and a lane that records. When it ends, they are killed.
"""

import contextlib
import ctypes
import json
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import NoReturn

import cv2
from uplink.samples import jpeg, passage

from appliance.cli import app
from appliance.clock import SystemClock
from appliance.runtime.journal import Journal
from appliance.runtime.journal.values import Photo, PhotoKind
from faults.breaks import BREAKS

PR_SET_PDEATHSIG = 1
SECONDS_BETWEEN_TRUCKS = 0.04
EVERY_CORRECTED = 5
PHOTOS = (
    Photo(PhotoKind.FRONT, jpeg(96, 64, seed=1)),
    Photo(PhotoKind.BODY, jpeg(96, 64, seed=2)),
)


def uplink(profile: str, broken: str = "") -> None:
    """The real program; broken before it begins, if a break of `faults.breaks` is named."""
    if broken:
        BREAKS[broken](profile)
    app(["run", "uplink", "--profile", profile])


def lane(root: str, name: str, report: str) -> None:
    """Record for ever, and report each passage and correction once it is on the disk.

    Going on after a death, it records its last passages again, as a lane does.
    """
    told = Path(report)
    told.touch()
    begun = sum(word.startswith("recorded") for word in told.read_text().splitlines())
    with told.open("ab", buffering=0) as out, Journal.open(Path(root), SystemClock()) as journal:
        number = max(0, begun - 2)
        while True:
            number += 1
            key = f"{name}-{number}"
            made = passage(key, plate=f"宁{name}{number:05d}", photos=PHOTOS)
            recorded, written = journal.record(made)
            out.write(f"recorded {key}\n".encode() if written else b"")
            if number % EVERY_CORRECTED == 0 and not recorded.corrected:
                journal.correct(recorded.id, plate=f"青{name}{number:05d}", by="王五", why="看错")
                out.write(f"corrected {key}\n".encode())
            time.sleep(SECONDS_BETWEEN_TRUCKS)


ROLES = {"uplink": uplink, "lane": lane}


def start(role: str, *words: str) -> int:
    """Fork a child that plays the role; returns its process id."""
    child = os.fork()
    if child == 0:
        _play(role, *words)
    return child


def _play(role: str, *words: str) -> NoReturn:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    try:
        ROLES[role](*words)
    except Exception:  # noqa: BLE001  # a child's end is seen in the test; this says why
        traceback.print_exc()
    finally:
        os._exit(1)


def main() -> None:
    cv2.setNumThreads(1)  # a fork takes no threads along
    for line in sys.stdin:
        role, *words = json.loads(line)
        if role == "kill":
            child = int(words[0])
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
            killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
            print(child if killed else -child, flush=True)  # noqa: T201  # the test reads it
        else:
            print(start(role, *words), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
