"""The bounds of the accuracy trial, against known values."""

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acceptance_kit.bounds import at_most, cases_needed, disproves, lower_bound, shows

DEMAND = Fraction(995, 1000)


@pytest.mark.parametrize(("faults", "needed"), [(0, 598), (1, 947), (2, 1258)])
def test_so_many_passages_show_995_per_mille(faults: int, needed: int) -> None:
    assert cases_needed(faults, DEMAND) == needed
    assert shows(needed - faults, needed, DEMAND)
    assert not shows(needed - 1 - faults, needed - 1, DEMAND)


@pytest.mark.parametrize(
    ("right", "cases", "bound"),
    [
        # SciPy's beta.ppf(0.05, right, cases - right + 1).
        (10, 10, 0.7411344491),
        (100, 100, 0.9704869504),
        (99, 100, 0.9534401885),
        (8, 10, 0.4930986989),
        (0, 10, 0.0),
        (946, 947, 0.9950005305),
        (1995, 2000, 0.9947507247),
    ],
)
def test_the_lower_bound_is_clopper_and_pearsons(right: int, cases: int, bound: float) -> None:
    assert float(lower_bound(right, cases)) == pytest.approx(bound, abs=1.1e-6)
    assert float(lower_bound(right, cases)) <= bound + 1e-9


def test_nothing_looked_at_shows_nothing() -> None:
    assert lower_bound(0, 0) == 0
    assert not shows(0, 0, DEMAND)
    assert not disproves(0, 0, DEMAND)


def test_three_faults_in_ten_disprove_it_and_one_at_the_very_beginning_does_not() -> None:
    assert disproves(7, 10, DEMAND)
    assert not disproves(0, 1, DEMAND)
    assert not disproves(199, 200, DEMAND)
    assert not shows(199, 200, DEMAND)


@given(st.integers(0, 40), st.integers(0, 40), st.fractions(0, 1, max_denominator=50))
def test_the_sum_is_the_binomial_sum(faults: int, cases: int, rate: Fraction) -> None:
    expected = sum(
        comb(cases, count) * rate**count * (1 - rate) ** (cases - count)
        for count in range(min(faults, cases) + 1)
    )
    assert at_most(faults, cases, rate) == expected
