"""Whose turn it is: live messages first (5.1.1), and backfill never standing still (5.1.3).

With a window, one place of it is backfill's as long as there is any: old records advance however
many trucks pass, and a fresh one waits for one answer at most. Stop and wait has no second place,
so there backfill gets every fourth turn.
"""

from dataclasses import dataclass

_LIVE_IN_A_ROW = 3


@dataclass(slots=True)
class Turns:
    """Remembers how many live messages went since the last backfill."""

    _live_in_a_row: int = 0

    def live_next(
        self, *, live: bool, backfill: bool, window: int, in_flight: int, backfill_in_flight: int
    ) -> bool | None:
        """True for a live message, False for backfill, None when neither is due."""
        if not live and not backfill:
            return None
        if window > 1:
            owed = not backfill_in_flight and in_flight >= window - 1
        else:
            owed = self._live_in_a_row >= _LIVE_IN_A_ROW
        goes_live = live and not (backfill and owed)
        self._live_in_a_row = self._live_in_a_row + 1 if goes_live else 0
        return goes_live
