"""传输率 and 完整率 by Beijing day (5.1.2), counted from the journal.

Pure but for the last function. What each number means, and why, stands in docs/books.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from appliance.runtime.journal import Journal
from appliance.runtime.journal.statistics import PassageAccount
from appliance.runtime.journal.values import OutboxState

REQUIRED_RATE = 0.95
"""5.1.2: neither rate may be lower."""

STABLE_DAYS = 15
"""9.1: so many days of stable transmission are looked at, and are shown unless asked otherwise."""


@dataclass(frozen=True, slots=True)
class Account:
    """What one day's passages, or several days', came to.

    `due` passages are all but the held ones, and each is one of `acknowledged`, `outstanding`
    and `aside`. Of the acknowledged, `prompt` came within the real-time limit and `complete`
    lacked nothing; a passage may lack several things.
    """

    held: int = 0
    acknowledged: int = 0
    outstanding: int = 0
    aside: int = 0
    prompt: int = 0
    complete: int = 0
    without_photos: int = 0
    without_plate: int = 0
    without_fleet: int = 0

    @property
    def due(self) -> int:
        """应传: passages that the platform must be told."""
        return self.acknowledged + self.outstanding + self.aside

    @property
    def passages(self) -> int:
        """All that was recorded."""
        return self.due + self.held

    @property
    def transmission_rate(self) -> float | None:
        """传输率, 0 to 1; None when nothing was due, which is not the same as 0."""
        return _share(self.acknowledged, self.due)

    @property
    def completeness_rate(self) -> float | None:
        """完整率, 0 to 1; None when nothing was acknowledged."""
        return _share(self.complete, self.acknowledged)

    @property
    def prompt_rate(self) -> float | None:
        """The share of what was due that came within the real-time limit (5.1.1)."""
        return _share(self.prompt, self.due)

    @property
    def meets(self) -> bool | None:
        """Whether both rates are high enough; None when nothing was due."""
        if self.transmission_rate is None:
            return None
        rates = (self.transmission_rate, self.completeness_rate)
        return all(rate is None or rate >= REQUIRED_RATE for rate in rates)


@dataclass(frozen=True, slots=True)
class DayBook:
    """One Beijing day, by the time the vehicles passed."""

    day: date
    account: Account


def tally(accounts: Iterable[PassageAccount], prompt_within: timedelta) -> Account:
    """Count passages."""
    held = acknowledged = outstanding = aside = prompt = complete = 0
    without_photos = without_plate = without_fleet = 0
    for each in accounts:
        if each.acknowledged_at is not None:
            acknowledged += 1
            prompt += each.acknowledged_at - each.owed_at <= prompt_within
            complete += each.has_photos and each.has_plate and each.has_fleet
            without_photos += not each.has_photos
            without_plate += not each.has_plate
            without_fleet += not each.has_fleet
        elif each.state is OutboxState.HELD:
            held += 1
        elif each.state is OutboxState.ASIDE:
            aside += 1
        else:
            outstanding += 1
    return Account(
        held=held,
        acknowledged=acknowledged,
        outstanding=outstanding,
        aside=aside,
        prompt=prompt,
        complete=complete,
        without_photos=without_photos,
        without_plate=without_plate,
        without_fleet=without_fleet,
    )


def total(books: Iterable[DayBook]) -> Account:
    """Several days as one: every passage counts the same, not every day."""
    sums = Account()
    for book in books:
        names = Account.__dataclass_fields__
        sums = replace(
            sums, **{name: getattr(sums, name) + getattr(book.account, name) for name in names}
        )
    return sums


def books_of_days(
    journal: Journal, first: date, last: date, prompt_within: timedelta
) -> tuple[DayBook, ...]:
    """Every day from `first` to `last`, days without passages too."""
    statistics = journal.statistics()
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return tuple(DayBook(day, tally(statistics.accounts(day, day), prompt_within)) for day in days)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
