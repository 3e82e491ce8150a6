"""What is set aside, for the person who mends it: which message, about what, and why."""

from dataclasses import asdict, dataclass
from datetime import datetime

from appliance.runtime.journal import Journal
from appliance.runtime.journal.values import OutboxItem
from appliance.trouble import Trouble


class NotAside(Trouble):
    """A number that names no message set aside; one Chinese sentence."""


@dataclass(frozen=True, slots=True)
class AsideMessage:
    """One message: `number` for `retry`, `time` of the passage or, without one, of queueing."""

    number: int
    cn: str
    plate: str | None
    time: datetime
    reason: str

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {**asdict(self), "time": self.time.isoformat(timespec="seconds")}


def aside_messages(journal: Journal) -> tuple[AsideMessage, ...]:
    """Every message that is set aside, oldest first."""
    return tuple(_told(journal, item) for item in journal.aside())


def retry(journal: Journal, numbers: list[int]) -> int:
    """Send messages again, all of them when no number is given; returns how many.

    Raises NotAside, and then sends none.
    """
    if not numbers:
        return journal.retry_aside()
    known = {item.id for item in journal.aside()}
    unknown = [str(number) for number in numbers if number not in known]
    if unknown:
        raise NotAside(
            f"没有编号为 {'、'.join(unknown)} 的搁置报文；用 gatehouse uplink aside 查看。"
        )
    return sum(journal.retry_aside(number) for number in set(numbers))


def _told(journal: Journal, item: OutboxItem) -> AsideMessage:
    passage = None if item.passage_id is None else journal.passage(item.passage_id)
    return AsideMessage(
        number=item.id,
        cn=item.cn,
        plate=passage.plate if passage else None,
        time=passage.passed_at if passage else item.queued_at,
        reason=item.reason or "",
    )
