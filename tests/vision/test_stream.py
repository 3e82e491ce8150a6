"""The live stream against a real RTSP camera."""

import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sites import DEMO

from acceptance_kit.peers.camera.camera import SimulatedCamera
from acceptance_kit.peers.camera.scene import Scene
from appliance.clock import SystemClock
from appliance.profile.loading import load_profile
from appliance.profile.model import Camera
from appliance.runtime.vision.stream import CameraStream

PASSWORD = "p@ss/word:1"
SECONDS = 30
CLOCK = SystemClock()


@contextmanager
def camera(port: int = 0) -> Iterator[SimulatedCamera]:
    simulated = SimulatedCamera(Scene([]), user="gatehouse", password=PASSWORD, port=port)
    simulated.start()
    try:
        yield simulated
    finally:
        simulated.stop()


@contextmanager
def stream(port: int, password: str = PASSWORD) -> Iterator[CameraStream]:
    settings: Camera = load_profile(DEMO).cameras[0].model_copy(update={"rtsp_port": port})
    opened = CameraStream(settings, password, CLOCK)
    opened.start()
    try:
        yield opened
    finally:
        opened.stop()


def eventually(condition: Callable[[], object]) -> None:
    deadline = CLOCK.monotonic() + SECONDS
    while not condition():
        assert CLOCK.monotonic() < deadline, "it did not happen"
        CLOCK.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_frames_come_and_each_is_handed_out_once() -> None:
    with camera() as simulated, stream(simulated.address[1]) as live:
        first = live.next_frame(SECONDS)
        second = live.next_frame(SECONDS)
        assert first is not None
        assert second is not None
        assert first.image.shape == (720, 1280, 3)
        assert second.instant > first.instant
        assert live.connected


def test_the_newest_frame_wins_and_no_backlog_grows() -> None:
    with camera() as simulated, stream(simulated.address[1]) as live:
        assert live.next_frame(SECONDS)
        CLOCK.sleep(2)
        frame = live.next_frame(SECONDS)
        assert frame is not None
        # A queue would hand out what was taken two seconds ago.
        assert CLOCK.monotonic() - frame.instant < 1


def test_a_camera_that_was_away_is_called_again_until_it_answers() -> None:
    port = free_port()
    with stream(port) as live:
        assert live.next_frame(0.5) is None
        assert not live.connected
        with camera(port):
            eventually(lambda: live.connected)
            assert live.next_frame(SECONDS)
        eventually(lambda: not live.connected)
        with camera(port):
            eventually(lambda: live.connected)


def test_a_wrong_password_gives_no_frames_and_stands_in_no_log(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with camera() as simulated, stream(simulated.address[1], "wrong-secret") as live:
        eventually(lambda: "does not answer" in caplog.text)
        assert live.newest() is None
        assert not live.connected
    told = caplog.text + "".join(capfd.readouterr())
    assert "wrong-secret" not in told
    assert PASSWORD not in told
