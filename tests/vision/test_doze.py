"""Which packets of an empty lane's stream are decoded."""

import math
from collections.abc import Iterator

import av
from hypothesis import given
from hypothesis import strategies as st

from appliance.runtime.vision.doze import MOST_KEPT, MOVING, NAP_SECONDS, QUIET, RESTLESS, Doze
from appliance.runtime.vision.rtsp import Packet

FPS = 8
SEEN = 7
"""Of the sixteen packets between two key frames so many come before the nap."""

KEY, USUAL = 50_000, 1_000
CONTENT: "av.Packet[av.VideoStream]" = av.Packet()


def run(start: float, seconds: float = 2.0, **sizes: int) -> Iterator[Packet]:
    """A key frame and what follows until the next; `sizes` by the number of the packet, `p3=…`."""
    for number in range(round(seconds * FPS)):
        size = KEY if number == 0 else sizes.get(f"p{number}", USUAL)
        yield Packet(start + number / FPS, size, number == 0, CONTENT)


def decoded(doze: Doze, packets: Iterator[Packet], *, busy: bool = False) -> list[int]:
    """How many packets were to be decoded as each of these came."""
    return [len(doze.due(packet, busy=busy)) for packet in packets]


def dozing(seconds: float = 2.0) -> tuple[Doze, float]:
    """One that naps, and when its next key frame comes."""
    doze = Doze()
    for number in range(QUIET + 1):
        assert decoded(doze, run(number * seconds, seconds)) == [1] * round(seconds * FPS)
    return doze, (QUIET + 1) * seconds


def test_before_a_key_frame_that_is_due_an_empty_lane_is_not_decoded() -> None:
    doze, at = dozing()
    for number in range(3):
        came = decoded(doze, run(at + number * 2))
        assert came == [1] * SEEN + [0] * (16 - SEEN)


def test_what_comes_often_is_decoded_at_its_key_frames_alone() -> None:
    doze, at = dozing(1.0)
    assert decoded(doze, run(at, 1.0)) == [1] + [0] * (FPS - 1)


def test_a_packet_larger_than_an_empty_lanes_ends_the_nap_with_all_that_was_kept() -> None:
    doze, at = dozing()
    large = round(USUAL * RESTLESS) + 1
    assert decoded(doze, run(at, p11=large))[SEEN:] == [0] * 4 + [5] + [1] * 4
    assert 0 in decoded(doze, run(at + 2))


def test_a_camera_whose_packets_are_larger_now_and_then_may_nap_all_the_same() -> None:
    """The clock that is burnt into the picture goes on once a second."""
    doze, at = Doze(), 0.0
    for _ in range(QUIET + 1):
        decoded(doze, run(at, p11=9 * USUAL))
        at += 2
    assert decoded(doze, run(at, p13=9 * USUAL))[SEEN:] == [0] * 9


def test_a_nap_in_which_the_cameras_stamps_stand_still_ends() -> None:
    doze, at = dozing()
    assert decoded(doze, run(at))[-1] == 0
    stuck = (Packet(at + 1.5, USUAL, key=False, content=CONTENT) for _ in range(MOST_KEPT))
    came = decoded(doze, stuck)
    assert max(came) == MOST_KEPT + 1
    assert came[-1] == 1


def test_what_moved_before_a_key_frame_is_not_held_against_what_comes_after_it() -> None:
    doze, at = dozing(1.0)
    assert decoded(doze, run(at, 1.0, p5=3 * USUAL, p6=3 * USUAL, p7=3 * USUAL))[5] == 5
    assert decoded(doze, run(at + 1, 1.0)) == [1] + [0] * 7


def test_an_empty_lane_whose_packets_grow_before_they_shrink_may_nap_all_the_same() -> None:
    doze, at = Doze(), 0.0
    hill = {f"p{number}": 1400 for number in range(7, 13)}
    for _ in range(QUIET + 1):
        decoded(doze, run(at, **hill))
        at += 2
    assert decoded(doze, run(at, **hill))[SEEN:] == [0] * 9


def test_packets_that_are_all_somewhat_larger_end_the_nap_sooner_than_a_large_one_would() -> None:
    """A truck far off, beside the clock that is burnt into the picture."""
    doze, at = Doze(), 0.0
    for _ in range(QUIET + 1):
        decoded(doze, run(at, p11=5 * USUAL))
        at += 2
    somewhat = round(USUAL * MOVING) + 1
    truck = {f"p{number}": somewhat for number in range(9, 16)}
    # Of the first five packets of the nap three are larger.
    assert decoded(doze, run(at, **truck))[SEEN:] == [0] * 4 + [5] + [1] * 4


def test_rain_is_taken_for_usual_after_a_while() -> None:
    doze, at = dozing()
    rain = {f"p{number}": 3 * USUAL for number in range(SEEN, 16)}
    for sizes in (*[{}] * 20, *[rain] * QUIET):
        decoded(doze, run(at, **sizes))
        at += 2
    assert decoded(doze, run(at, **rain))[SEEN:] == [0] * 9


def test_a_single_large_packet_is_not_taken_for_usual() -> None:
    doze, at = dozing()
    for sizes in ({"p11": 9 * USUAL}, *[{}] * QUIET):
        decoded(doze, run(at, **sizes))
        at += 2
    assert decoded(doze, run(at, p11=3 * USUAL))[SEEN:] == [0] * 4 + [5] + [1] * 4


def test_somebody_in_the_lane_ends_the_nap_at_once_and_for_as_long_as_trucks_may_follow() -> None:
    doze, at = dozing()
    first = list(run(at))
    assert decoded(doze, iter(first[:10]))[SEEN:] == [0] * 3
    assert decoded(doze, iter(first[10:]), busy=True) == [4] + [1] * 5
    for number in range(1, QUIET):
        assert decoded(doze, run(at + number * 2)) == [1] * 16
    assert 0 in decoded(doze, run(at + QUIET * 2))


def test_a_key_frame_that_does_not_come_is_not_waited_for() -> None:
    doze, at = dozing()
    came = decoded(doze, run(at, 4.0))
    assert came[SEEN:] == [0] * 10 + [11] + [1] * 14


def test_a_camera_whose_key_frames_come_unevenly_is_decoded_whole() -> None:
    doze, at = Doze(), 0.0
    for number in range(20):
        seconds = (2.0, 3.0)[number % 2]
        assert 0 not in decoded(doze, run(at, seconds))
        at += seconds


def test_one_uneven_key_frame_puts_the_nap_off() -> None:
    doze, at = dozing()
    assert 0 not in decoded(doze, run(at, 0.5))
    at += 0.5
    for number in range(QUIET + 1):
        assert decoded(doze, run(at + number * 2)) == [1] * 16
    assert 0 in decoded(doze, run(at + (QUIET + 1) * 2))


def test_a_stream_that_tells_no_time_is_decoded_whole() -> None:
    doze = Doze()
    for _ in range(20):
        assert 0 not in decoded(doze, (Packet(0.0, p.size, p.key, CONTENT) for p in run(0)))


PACKETS = st.lists(
    st.tuples(
        st.sampled_from((0.1, 0.1, 0.1, 0.5, -7.0, 0.0)),
        st.sampled_from((USUAL, USUAL, USUAL, 3 * USUAL)),
        st.integers(0, 9),
        st.booleans(),
    ),
    max_size=60,
)


@given(PACKETS)
def test_what_is_decoded_has_all_since_its_key_frame_decoded_before_it(
    packets: list[tuple[float, int, int, bool]],
) -> None:
    doze, at = dozing(1.0)
    since_key: list[Packet] = []
    done: list[Packet] = []
    for pause, size, kind, busy in packets:
        at += pause
        packet = Packet(at, size, kind == 0, CONTENT)
        if packet.key:
            since_key, done = [], []
        since_key.append(packet)
        due = doze.due(packet, busy=busy and kind > 7)
        done += due
        assert not due or done == since_key


@given(st.lists(st.sampled_from((0.01, 0.1, 0.4)), min_size=1, max_size=200))
def test_nothing_is_kept_for_longer_than_a_nap(pauses: list[float]) -> None:
    doze, at = dozing()
    last_seen = at - 0.1
    for number, pause in enumerate(pauses):
        if doze.due(Packet(at, USUAL, number == 0, CONTENT), busy=False):
            last_seen = at
        assert at - last_seen < NAP_SECONDS + 0.4 + 0.1 + math.ulp(100)
        at += pause
