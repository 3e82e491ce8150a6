"""Crashes in the journal: supervisord tells which program ended by itself, and this notes it.

The program behind `[eventlistener:crashes]`. A program of the box never ends of its own will, so
every end that supervisord did not ask for is a crash, whatever its exit code (4.5.1-6).
"""

import logging
import os
import select
import sqlite3
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from appliance.clock import Clock
from appliance.runtime.journal import Journal, JournalError

log = logging.getLogger(__name__)

KIND = "program-crashed"
QUIET = timedelta(minutes=10)
"""A program that dies over and over is told once in this time, with how often it was."""

WORDS = {
    "PROCESS_STATE_EXITED": "意外退出，正在重新启动",
    "PROCESS_STATE_BACKOFF": "未能启动，稍后再试",
    "PROCESS_STATE_FATAL": "多次未能启动，supervisor 已放弃，请查看其日志",
}


@dataclass
class Spell:
    """A program's crashes since the last time they were told of."""

    told_at: datetime
    untold: int = 0


class CrashBook:
    """Crashes of programs, noted as events; what the journal does not take now is kept for later.

    `take` and `flush` never raise for a journal that cannot be written: the listener has to live
    on, and the next tick tries again.
    """

    def __init__(self, root: Path, clock: Clock) -> None:
        self._root = root
        self._clock = clock
        self._spells: dict[str, Spell] = {}
        self._pending: list[str] = []

    def take(self, event: str, program: str, process: str) -> None:
        """A program ended by itself (`event` is supervisord's name for how)."""
        now = self._clock.now()
        spell = self._spells.get(program)
        if spell is not None and now - spell.told_at < QUIET and event != "PROCESS_STATE_FATAL":
            spell.untold += 1
            return
        again = f"（此前另有 {spell.untold} 次）" if spell is not None and spell.untold else ""
        which = f"（进程 {process}）" if process.isdigit() and process != "0" else ""
        self._spells[program] = Spell(now)
        self._pending.append(f"程序 {program} {WORDS[event]}{which}{again}")
        self.flush()

    def tick(self) -> None:
        """A minute has passed: tell of crashes that nothing followed."""
        now = self._clock.now()
        for program, spell in list(self._spells.items()):
            if now - spell.told_at < QUIET:
                continue
            if spell.untold:
                minutes = round((now - spell.told_at).total_seconds() / 60)
                often = f"{minutes} 分钟内又意外退出 {spell.untold} 次"
                self._pending.append(f"程序 {program} 在 {often}，请查看其日志")
                self._spells[program] = Spell(now)
            else:
                del self._spells[program]
        self.flush()

    def flush(self) -> None:
        """Write what is pending to the journal, oldest first."""
        if not self._pending:
            return
        try:
            with Journal.open(self._root, self._clock) as journal:
                while self._pending:
                    journal.note(KIND, self._pending[0])
                    self._pending.pop(0)
        except (JournalError, sqlite3.Error, OSError) as error:
            log.warning("%d crashes wait for the journal: %s", len(self._pending), error)


def listen(source: int, sink: int, book: CrashBook, stop: threading.Event) -> None:
    """Speak supervisord's listener protocol on two descriptors until `stop`, or until it is gone.

    An event that cannot be understood is logged and answered all the same: supervisord would
    otherwise send it again for ever.
    """
    lines = _Reader(source, stop)
    while True:
        os.write(sink, b"READY\n")
        header = lines.line()
        if header is None:
            return
        try:
            told = _pairs(header)
            event, size = told["eventname"], int(told["len"])
        except (KeyError, ValueError):
            log.warning("no header of supervisord: %r", header[:200])
            return  # the next bytes mean nothing: let supervisord start the listener anew
        payload = lines.take(size)
        if payload is None:
            return
        if event.startswith("TICK"):
            book.tick()
        elif event in WORDS:
            said = _pairs(payload)
            book.take(event, said.get("processname", "?"), said.get("pid", ""))
        os.write(sink, b"RESULT 2\nOK")


def _pairs(text: str) -> dict[str, str]:
    return dict(word.split(":", 1) for word in text.split() if ":" in word)


class _Reader:
    """Lines and lengths from a descriptor; None when it is closed or `stop` is set.

    `select` wakes up now and then, because a signal does not end a read.
    """

    def __init__(self, source: int, stop: threading.Event) -> None:
        self._source = source
        self._stop = stop
        self._kept = b""

    def line(self) -> str | None:
        while b"\n" not in self._kept:
            if not self._more():
                return None
        found, self._kept = self._kept.split(b"\n", 1)
        return found.decode("utf-8", "replace")

    def take(self, size: int) -> str | None:
        while len(self._kept) < size:
            if not self._more():
                return None
        found, self._kept = self._kept[:size], self._kept[size:]
        return found.decode("utf-8", "replace")

    def _more(self) -> bool:
        while not self._stop.is_set():
            if select.select([self._source], [], [], 0.5)[0]:
                piece = os.read(self._source, 65_536)
                self._kept += piece
                return bool(piece)
        return False
