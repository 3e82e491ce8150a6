"""Moments in the database: Beijing time as text of fixed width, so text order is time order."""

from datetime import datetime

from appliance.clock import BEIJING


def to_text(moment: datetime) -> str:
    """ISO 8601 with microseconds and +08:00; raises ValueError for a moment without a zone."""
    if moment.tzinfo is None:
        raise ValueError(f"a moment needs a time zone: {moment!r}")
    return moment.astimezone(BEIJING).isoformat(timespec="microseconds")


def from_text(text: str) -> datetime:
    """The moment `to_text` wrote, in Beijing time."""
    return datetime.fromisoformat(text).astimezone(BEIJING)
