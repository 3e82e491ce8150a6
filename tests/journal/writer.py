"""A lane's writing reduced to its bones, run as a process of its own so that it can be killed.

`python -m journal.writer ROOT NAME COUNT [STEP]`, in the folder of the tests, records COUNT
passages (0: for ever) under the keys NAME-1, NAME-2, … and prints each key once `record` has
returned. With STEP it kills itself right there, at the second passage.
"""

import os
import signal
import sys
from pathlib import Path

from appliance.clock import SystemClock
from appliance.runtime.journal import Journal, Step

from .samples import numbered


def main(root: str, name: str, count: str, die_at: str = "") -> None:
    number = 0

    def step(now: Step) -> None:
        if now == die_at and number == 2:
            os.kill(os.getpid(), signal.SIGKILL)

    with Journal.open(Path(root), SystemClock(), step=step) as journal:
        while number < int(count) or count == "0":
            number += 1
            recorded, _ = journal.record(numbered(name, number))
            print(recorded.key, flush=True)  # noqa: T201  # the parent reads it


if __name__ == "__main__":
    main(*sys.argv[1:])
