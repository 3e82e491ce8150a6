"""When a fragment's first picture was taken."""

from datetime import timedelta

import pytest

from appliance.runtime.video.timing import LATE_PIECES, Timing

from .archive import NOW, TwoClocks


@pytest.fixture
def clock() -> TwoClocks:
    return TwoClocks(NOW + timedelta(seconds=2))


def come(clock: TwoClocks, timing: Timing, played: float, late: float = 0.0) -> bool:
    """The piece that ends `played` seconds after the first picture comes when it should."""
    clock.time += NOW + timedelta(seconds=played + late) - (clock.time - clock.set_by)
    return timing.takes(clock.monotonic(), played)


def test_it_began_before_its_first_piece_was_whole(clock):
    assert Timing(clock, clock.monotonic(), 2.0).began_at() == NOW


def test_pieces_that_were_late_on_the_way_do_not_move_it(clock):
    clock.time += timedelta(seconds=0.8)
    timing = Timing(clock, clock.monotonic(), 2.0)
    assert timing.began_at() == NOW + timedelta(seconds=0.8)
    assert come(clock, timing, 4.0)
    assert come(clock, timing, 6.0, late=0.5)
    assert timing.began_at() == NOW


def test_fragments_of_one_stream_follow_each_other_exactly(clock):
    timing = Timing(clock, clock.monotonic(), 2.0)
    just_before = NOW - timedelta(milliseconds=300)
    assert timing.began_at(just_before) == just_before
    assert timing.began_at(NOW - timedelta(seconds=1)) == NOW


def test_each_minute_of_the_clock_has_its_own(clock):
    timing = Timing(clock, clock.monotonic(), 2.0)
    clock.time = NOW + timedelta(seconds=61)
    assert not timing.is_over(2.0)
    assert timing.is_over(1.0)


@pytest.mark.parametrize("hours", [-24, -1, 1, 24])
def test_so_has_the_time_after_the_clock_was_set(clock, hours):
    timing = Timing(clock, clock.monotonic(), 2.0)
    come(clock, timing, 4.0)
    began = timing.began_at()
    clock.step(timedelta(hours=hours))
    assert timing.is_over(2.0)
    assert timing.began_at() == began


def test_a_stream_whose_own_time_runs_away_is_left(clock):
    timing = Timing(clock, clock.monotonic(), 2.0)
    assert not timing.takes(clock.monotonic() + 2, 3600.0)
    assert timing.began_at() == NOW


def test_a_line_that_stopped_for_a_moment_catches_up(clock):
    timing = Timing(clock, clock.monotonic(), 2.0)
    assert all(come(clock, timing, 4.0 + n, late=10.0 - 2 * n) for n in range(5))
    assert not all(come(clock, timing, 10.0 + n, late=10.0) for n in range(LATE_PIECES))
