"""What a count of faults says of a share, exactly: one-sided Clopper-Pearson bounds at 95 %.

Shares are fractions of whole numbers, and the binomial sums are taken in whole numbers too, so
nothing is rounded: 598 passages without a fault show 99.5 %, and 597 do not.
"""

from collections.abc import Callable
from fractions import Fraction

DOUBT = Fraction(5, 100)
"""What a bound of 95 % leaves open."""

SMALL_DOUBT = Fraction(1, 1000)
"""What a disproof leaves open: it is asked after every passage, so chance has many goes."""

STEPS = 1_000_000
"""A bound is given in millionths, rounded away from the claim."""


def at_most(faults: int, cases: int, rate: Fraction) -> Fraction:
    """The probability of at most `faults` faults in `cases` when each is one with `rate`."""
    bad, whole = rate.numerator, rate.denominator
    good = whole - bad
    if not good:
        return Fraction(int(faults >= cases))
    term, total = good**cases, 0
    for count in range(min(faults, cases) + 1):
        total += term
        term = term * (cases - count) * bad // ((count + 1) * good)
    return Fraction(total, whole**cases)


def shows(right: int, cases: int, share: Fraction) -> bool:
    """Whether `right` of `cases` show, at 95 %, that the true share is at least `share`."""
    return cases > 0 and at_most(cases - right, cases, 1 - share) <= DOUBT


def disproves(right: int, cases: int, share: Fraction) -> bool:
    """Whether `right` of `cases` show, at 99.9 %, that the true share is below `share`."""
    return cases > 0 and at_most(right, cases, share) <= SMALL_DOUBT


def lower_bound(right: int, cases: int) -> Fraction:
    """The share that is shown at 95 %, rounded down; 0 when nothing was looked at."""
    return Fraction(_last(lambda step: shows(right, cases, Fraction(step, STEPS))), STEPS)


def cases_needed(faults: int, share: Fraction) -> int:
    """The fewest cases in which `faults` faults still show `share`: 598, 947, 1258 for 99.5 %."""
    few, many = 0, faults + 1
    while not shows(many - faults, many, share):
        few, many = many, many * 2
    while many - few > 1:
        middle = (few + many) // 2
        if shows(middle - faults, middle, share):
            many = middle
        else:
            few = middle
    return many


def _last(holds: Callable[[int], bool]) -> int:
    """The greatest step for which it holds, of a predicate that holds up to somewhere."""
    low, high = 0, STEPS
    while low < high:
        middle = (low + high + 1) // 2
        if holds(middle):
            low = middle
        else:
            high = middle - 1
    return low
