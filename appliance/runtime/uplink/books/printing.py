"""The books as a table, as one sentence and as JSON, for `gatehouse uplink books`."""

from dataclasses import asdict, dataclass
from datetime import date, timedelta

from rich.table import Table

from appliance.clock import Clock
from appliance.profile.model import Profile
from appliance.runtime.journal import Journal
from appliance.runtime.uplink.books.days import (
    REQUIRED_RATE,
    STABLE_DAYS,
    Account,
    DayBook,
    books_of_days,
    total,
)
from appliance.trouble import Trouble

LONGEST = timedelta(days=1000)
"""More than the two years that passages are kept for (4.3-1)."""


class BadSpan(Trouble):
    """Days that make no span; the message is a Chinese sentence."""


@dataclass(frozen=True, slots=True)
class Books:
    """The days asked for, and their sum."""

    days: tuple[DayBook, ...]
    sum: Account

    def as_dict(self) -> dict[str, object]:
        """For machines; rates are shares of 1, null where nothing was due."""
        return {
            "required_rate": REQUIRED_RATE,
            "days": [{"day": book.day.isoformat(), **_fields(book.account)} for book in self.days],
            "total": _fields(self.sum),
        }

    def as_table(self) -> Table:
        """A line a day and one for all."""
        names = "日期 应传 已确认 实时 未确认 搁置 传输率 完整率 结论"
        table = Table(*names.split())
        for book in self.days:
            table.add_row(book.day.isoformat(), *_cells(book.account))
        table.add_section()
        table.add_row("合计", *_cells(self.sum))
        return table

    def as_sentence(self) -> str:
        """Whether 5.1.2 is met over all days."""
        if self.sum.meets is None:
            return "这些天没有应传的通行记录。"
        rates = (
            f"传输率 {percent(self.sum.transmission_rate)}，"
            f"完整率 {percent(self.sum.completeness_rate)}"
        )
        return f"{rates}；{'均不低于' if self.sum.meets else '未达到'} 95%（5.1.2）。"


class BookKeeper:
    """Keeps the books of a site."""

    def __init__(self, profile: Profile, journal: Journal, clock: Clock) -> None:
        self._prompt_within = timedelta(seconds=profile.uplink.realtime_seconds)
        self._journal = journal
        self._clock = clock

    def books(self, first: date | None, last: date | None) -> Books:
        """From `first` (15 days in all unless given) to `last` (today); raises BadSpan."""
        last = last or self._clock.now().date()
        first = first or last - timedelta(days=STABLE_DAYS - 1)
        if first > last:
            raise BadSpan(f"起始日期 {first} 晚于截止日期 {last}。")
        if last - first > LONGEST:
            raise BadSpan(f"{first} 至 {last} 太长，一次最多 {LONGEST.days} 天。")
        days = books_of_days(self._journal, first, last, self._prompt_within)
        return Books(days, total(days))


def percent(rate: float | None) -> str:
    """A share as a percentage, cut and not rounded: 94.99 % must not look like 95."""
    return "—" if rate is None else f"{int(rate * 1000 + 1e-9) / 10:.1f}%"


def conclusion(account: Account) -> str:
    """One word on a day. A day without passages is no day at 0 %."""
    if not account.passages:
        return "无通行"
    if account.meets is None:
        return "无应传"
    return "达标" if account.meets else "未达标"


def _cells(account: Account) -> list[str]:
    numbers = (
        account.due,
        account.acknowledged,
        account.prompt,
        account.outstanding,
        account.aside,
    )
    return [
        *map(str, numbers),
        percent(account.transmission_rate),
        percent(account.completeness_rate),
        conclusion(account),
    ]


def _fields(account: Account) -> dict[str, object]:
    return {
        "passages": account.passages,
        "due": account.due,
        **asdict(account),
        "transmission_rate": account.transmission_rate,
        "completeness_rate": account.completeness_rate,
        "prompt_rate": account.prompt_rate,
        "meets": account.meets,
    }
