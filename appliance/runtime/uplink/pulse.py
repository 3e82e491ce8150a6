"""The uplink's heartbeat: what it last said of the link, and how much waits."""

from appliance.clock import Clock
from appliance.runtime.journal import Journal

PROGRAM = "uplink"
BEAT_SECONDS = 5.0


class Pulse:
    """Beats every few seconds; a change is told at once."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._said = (False, "正在连接平台")
        self._next = clock.monotonic()

    def say(self, ok: bool, sentence: str) -> None:
        """Change what the next beat says."""
        if self._said != (ok, sentence):
            self._said = (ok, sentence)
            self._next = self._clock.monotonic()

    def beat_if_due(self) -> None:
        """Beat when it is time."""
        if self._clock.monotonic() >= self._next:
            self._next = self._clock.monotonic() + BEAT_SECONDS
            ok, sentence = self._said
            waiting = self._journal.outbox_counts().waiting
            self._journal.beat(PROGRAM, ok, f"{sentence}，待发{waiting}条")

    def end(self) -> None:
        """The last word of a process that ends in order."""
        self._journal.beat(PROGRAM, False, "上报程序已停止")
