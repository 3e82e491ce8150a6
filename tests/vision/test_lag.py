"""When a stream is so far behind that it is better called anew."""

from appliance.runtime.vision.lag import BEHIND_SECONDS, FOR_SECONDS, Lag

PAUSE = 0.04


def taken(lag: Lag, seconds: float, *, pace: float = 1.0, start: tuple[float, float]) -> bool:
    """Take pictures as they come for so long, their stamps going on at `pace`."""
    stamp, instant = start
    return any(
        lag.hopeless(stamp + number * PAUSE * pace, instant + number * PAUSE)
        for number in range(round(seconds / PAUSE))
    )


def test_a_stream_that_is_taken_as_it_comes_is_never_behind_whatever_its_stamps_begin_with() -> (
    None
):
    for first in (0.0, 86_400.0):
        assert not taken(Lag(), 600, start=(first, 5000))


def test_a_camera_whose_clock_is_a_little_slow_is_not_behind_after_a_day() -> None:
    lag = Lag()
    assert not any(lag.hopeless(second * (1 - 2e-4), second) for second in range(86_400))


def test_a_stall_that_is_caught_up_is_forgiven() -> None:
    lag = Lag()
    assert not taken(lag, 10, start=(0, 1000))
    # Ten seconds nobody took a picture, then they come as fast as they can be decoded.
    assert not taken(lag, 1, pace=10, start=(10, 1020))
    assert not taken(lag, 60, start=(21, 1021))


def test_pictures_that_pile_up_are_given_up() -> None:
    lag = Lag()
    assert not taken(lag, 2 * BEHIND_SECONDS - 1, pace=0.5, start=(0, 1000))
    assert taken(Lag(), 2 * BEHIND_SECONDS + FOR_SECONDS + 1, pace=0.5, start=(0, 1000))


def test_a_stream_without_stamps_is_left_alone() -> None:
    assert not taken(Lag(), 600, pace=0, start=(0, 1000))
