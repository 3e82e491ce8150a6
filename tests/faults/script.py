"""What the traced process does with a journal, and the process itself.

`python -m faults.script ROOT COUNT [MISTAKE]`, in the folder of the tests, opens the journal twice,
records COUNT passages each time, corrects one, and lets the platform acknowledge every other. It
says each thing on a line of its own once the journal's call has returned. MISTAKE leaves out a
sync that the argument of docs/durability.md needs.
"""

import os
import stat
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from journal.samples import NOON, HandClock, numbered, receipt

from appliance.guideline.dictionaries import RaiseMethod
from appliance.runtime.journal import Journal, database
from appliance.runtime.journal.values import OutboxState

# Each mistake with a word of the fault that it leads to.
MISTAKES = {
    "photos unsynced": "被改动",
    "folders unsynced": "不见了",
    "commits unsynced": "lost",
}
NAMES = ("first", "second")


def tell(*words: object) -> None:
    """One line, in one call."""
    os.write(1, (" ".join(str(word) for word in words) + "\n").encode())


def blunder(mistake: str) -> None:
    """Leave out one kind of sync in this process."""
    really = os.fsync

    def fsync(descriptor: int) -> None:
        folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        if folder != (mistake == "folders unsynced"):
            really(descriptor)

    if mistake == "commits unsynced":
        configured: Callable[[database.Database], None] = database.configure

        def configure(opened: database.Database) -> None:
            configured(opened)
            opened.execute("PRAGMA synchronous = OFF")

        import appliance.runtime.journal.journal as journal_module  # noqa: PLC0415

        journal_module.configure = configure
    else:
        os.fsync = fsync


def main(root: str, count: str, mistake: str = "") -> None:
    if mistake:
        blunder(mistake)
    clock = HandClock()
    for name in NAMES:
        clock.time += timedelta(seconds=1)
        with Journal.open(Path(root), clock) as journal:
            for number in range(1, int(count) + 1):
                passage, _ = journal.record(numbered(name, number))
                (message,) = journal.messages(passage.id)
                tell("recorded", passage.key, message.qn)
                if number % 2 == 0:
                    message = journal.begin_attempt(message)
                    tell("attempted", message.qn)
                    journal.receive(message, receipt(1, NOON), state=OutboxState.DONE)
                    tell("done", message.qn)
                if number == 2:
                    journal.correct(
                        passage.id, raise_method=RaiseMethod.MANUAL, by="王五", why="手动抬杆"
                    )
                    tell("corrected", passage.key, journal.messages(passage.id)[-1].qn)


if __name__ == "__main__":
    main(*sys.argv[1:])
