"""Pictures that come and show nothing, nothing new, or another place."""

import cv2
import numpy as np
import pytest
from drawn import Placed, at_distance, picture
from sites import DEMO

from acceptance_kit.peers.camera import Failing, Scene, SimulatedCamera, Vehicle, gate
from appliance.clock import SystemClock
from appliance.guideline.dictionaries import PlateColour
from appliance.profile.loading import load_profile
from appliance.runtime.vision.picture import PictureFault, PictureWatch
from appliance.runtime.vision.reading import Frame, Image
from appliance.runtime.vision.stream import CameraStream

CLOCK = SystemClock()
DAY, DUSK = gate.gate("day"), gate.gate("dusk")
ELSEWHERE: Image = np.ascontiguousarray(DAY[::-1, ::-1])
GRAIN = [np.random.default_rng(seed).normal(0, 1, (720, 1280, 1)) for seed in range(3)]


class Shown:
    """Shows pictures to a watch, one a second, and keeps what it said last."""

    def __init__(self, watch: PictureWatch | None = None) -> None:
        self.watch = watch or PictureWatch()
        self.instant = 900.0
        self._shown: tuple[Image, float, list[Image]] | None = None
        self.faults: frozenset[PictureFault] = frozenset()

    def show(
        self, image: Image, seconds: float, *, noise: float = 2.0, plate_seen: bool = False
    ) -> frozenset[PictureFault]:
        if (shown := self._shown) is None or shown[0] is not image or shown[1] != noise:
            grainy = [np.clip(image + noise * grain, 0, 255).astype(np.uint8) for grain in GRAIN]
            self._shown = image, noise, grainy
        else:
            grainy = shown[2]
        for second in range(round(seconds)):
            noisy = grainy[second % len(grainy)]
            frame = Frame(noisy, CLOCK.now(), self.instant)
            self.faults = self.watch.look(frame, plate_seen=plate_seen)
            self.instant += 1
        return self.faults


def test_a_quiet_gate_is_no_fault() -> None:
    assert Shown().show(DAY, 150, noise=4) == set()


def test_the_very_same_picture_for_a_minute_is_told_as_frozen_and_its_end_too() -> None:
    shown = Shown()
    assert shown.show(DAY, 55, noise=0) == set()
    assert shown.show(DAY, 10, noise=0) == {PictureFault.FROZEN}
    assert shown.show(DAY, 2, noise=4) == set()


@pytest.mark.parametrize("level", [0, 120, 255])
def test_a_picture_that_shows_nothing_is_told_after_ten_seconds(level: int) -> None:
    shown = Shown()
    shown.show(DAY, 5)
    nothing: Image = np.full_like(DAY, level)
    assert PictureFault.BLIND not in shown.show(nothing, 9)
    assert PictureFault.BLIND in shown.show(nothing, 4)
    assert PictureFault.BLIND not in shown.show(DAY, 1)


def test_another_place_is_told_and_stays_told_until_somebody_accepts_it() -> None:
    shown = Shown()
    shown.show(DAY, 20)
    assert shown.show(ELSEWHERE, 110) == set()
    assert shown.show(ELSEWHERE, 20) == {PictureFault.VIEW}
    assert shown.show(ELSEWHERE, 400) == {PictureFault.VIEW}
    shown.watch.accept()
    assert shown.show(ELSEWHERE, 2) == set()


def test_there_is_a_place_to_accept_only_while_a_picture_of_one_comes() -> None:
    shown = Shown()
    assert not shown.watch.sees(shown.instant)
    shown.show(ELSEWHERE, 3)
    assert shown.watch.sees(shown.instant)
    assert not shown.watch.sees(shown.instant + 60)  # the camera has gone
    shown.show(np.zeros_like(DAY), 6)  # or shows nothing
    assert not shown.watch.sees(shown.instant)


def another_camera(which: str) -> Image:
    """What a camera with a longer lens, or one farther along the same fence would show."""
    if which == "longer lens":
        return np.asarray(cv2.resize(DAY[180:540, 320:960], (1280, 720)), np.uint8)
    return np.ascontiguousarray(np.roll(DAY, 260, axis=1))


@pytest.mark.parametrize("which", ["longer lens", "along the fence"])
def test_another_cameras_picture_is_told_though_its_trucks_are_read_all_the_time(
    which: str,
) -> None:
    shown, elsewhere = Shown(), another_camera(which)
    shown.show(DAY, 10)
    for _ in range(13):  # a truck's plate is seen a third of the time
        shown.show(elsewhere, 10)
        shown.show(elsewhere, 5, plate_seen=True)
    assert shown.faults == {PictureFault.VIEW}


def test_a_queue_of_trucks_that_leave_the_place_in_sight_is_no_other_place() -> None:
    shown = Shown()
    shown.show(DAY, 10)
    truck = picture(Placed(Vehicle("宁A58D21", PlateColour.YELLOW), at_distance(1)))
    for _ in range(12):
        shown.show(truck, 5, plate_seen=True)
        shown.show(truck, 10)
    assert shown.faults == set()


def test_another_place_after_a_restart_is_told_too() -> None:
    before = Shown()
    before.show(DAY, 10)
    after = Shown(PictureWatch(before.watch.known))
    assert after.show(ELSEWHERE, 125) == {PictureFault.VIEW}


def test_dusk_and_a_truck_before_the_lens_are_no_other_place() -> None:
    shown = Shown()
    shown.show(DAY, 10)
    assert shown.show(DUSK, 130) == set()
    truck = picture(Placed(Vehicle("宁A58D21", PlateColour.YELLOW), at_distance(1)))
    assert shown.show(truck, 130) == set()


def test_a_stream_that_was_lost_for_minutes_does_not_count_as_frozen() -> None:
    shown = Shown()
    shown.show(DAY, 5, noise=0)
    shown.instant += 300
    assert shown.show(DAY, 5, noise=0) == set()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("failing", "fault"),
    [
        (None, None),
        (Failing.FROZEN, PictureFault.FROZEN),
        (Failing.BLACK, PictureFault.BLIND),
        (Failing.TURNED_AWAY, PictureFault.VIEW),
    ],
)
def test_a_failing_camera_is_known_through_its_coded_stream(
    failing: Failing | None, fault: PictureFault | None
) -> None:
    """Real frames, told as if they had come thirty times as slowly."""
    simulated = SimulatedCamera(Scene([]), user="gatehouse", password="secret")
    simulated.start()
    settings = load_profile(DEMO).cameras[0].model_copy(update={"rtsp_port": simulated.address[1]})
    stream = CameraStream(settings, "secret", CLOCK)
    stream.attend(True)
    stream.start()
    try:
        watch, faults = PictureWatch(), frozenset[PictureFault]()
        began = None
        while began is None or CLOCK.monotonic() - began < 8:
            frame = stream.next_frame(20)
            assert frame is not None
            if began is None:
                began = CLOCK.monotonic()
                simulated.fail(failing)
            slow = Frame(frame.image, frame.taken_at, frame.instant * 30)
            faults = watch.look(slow)
    finally:
        stream.stop()
        simulated.stop()
    assert (fault in faults) if fault else not faults
