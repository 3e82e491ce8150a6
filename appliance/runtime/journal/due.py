"""What the sender sends next: fresh messages, and apart from them what was left behind."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlite_utils import Database

from appliance.runtime.journal.database import rows
from appliance.runtime.journal.moments import to_text
from appliance.runtime.journal.outbox import item_of
from appliance.runtime.journal.values import Due, OutboxItem

# The profile allows pauses of an hour at most. A time to try that lies further ahead was set
# before the clock stepped back; to wait for it might be to wait for years.
LONGEST_PAUSE = timedelta(hours=2)

# In so many words, `state = 'waiting'` lets SQLite use the partial index `outbox_due`; the order
# is then the index's own, so that a backlog of any length is never sorted.
_DUE = (
    "SELECT * FROM outbox WHERE state = 'waiting' AND history = {history} {age} "
    "AND (next_try_at <= :now OR next_try_at > :stepped) ORDER BY queued_at, id LIMIT :limit"
)
_LIVE = _DUE.format(history=0, age="AND queued_at >= :since")
_LEFT_BEHIND = _DUE.format(history=0, age="AND queued_at < :since")
_HISTORY = _DUE.format(history=1, age="")


def due(database: Database, now: datetime, since: datetime, limit: int) -> Due:
    """See `Journal.due`."""
    values = {
        "now": to_text(now),
        "stepped": to_text(now + LONGEST_PAUSE),
        "since": to_text(since),
        "limit": limit,
    }
    live = _items(database, _LIVE, values)
    backfill = _items(database, _LEFT_BEHIND, values)
    if len(backfill) < limit:
        # History was delivered once before, so it is the last that anybody waits for.
        left = {**values, "limit": limit - len(backfill)}
        backfill += _items(database, _HISTORY, left)
    return Due(live, backfill)


def _items(database: Database, sql: str, values: Mapping[str, object]) -> tuple[OutboxItem, ...]:
    return tuple(item_of(found) for found in rows(database, sql, values))
