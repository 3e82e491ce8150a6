"""The live stream against a real RTSP camera."""

import errno
import logging
import socket
import socketserver
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from av.codec.hwaccel import HWAccel
from av.container import InputContainer
from sites import DEMO
from waiting import free_port, until

from acceptance_kit.peers.camera import rtsp_file
from acceptance_kit.peers.camera.camera import Failing, SimulatedCamera
from acceptance_kit.peers.camera.scene import Scene
from appliance.clock import SystemClock
from appliance.profile.loading import load_profile
from appliance.profile.model import Camera
from appliance.runtime.vision import stream as stream_module
from appliance.runtime.vision.reading import Frame
from appliance.runtime.vision.rtsp import OPEN_SECONDS, SETTINGS
from appliance.runtime.vision.stream import IDLE_PAUSE, SLACK, CameraStream
from appliance.runtime.vision.two_streams import TwoStreams

pytestmark = pytest.mark.slow

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
def stream(port: int, password: str = PASSWORD, *, dozes: bool = False) -> Iterator[CameraStream]:
    settings: Camera = load_profile(DEMO).cameras[0].model_copy(update={"rtsp_port": port})
    opened = CameraStream(settings, password, CLOCK, dozes=dozes)
    opened.start()
    try:
        yield opened
    finally:
        opened.stop()


def later_than(frame: Frame | None, instant: float) -> Frame | None:
    return frame if frame is not None and frame.instant > instant else None


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
        first = live.next_frame(SECONDS)
        assert first is not None
        newest = until(lambda: later_than(live.newest(), first.instant + 1))
        frame = live.next_frame(SECONDS)
        assert frame is not None
        assert frame.instant >= newest.instant  # a queue would hand out the second


class BusyClock(SystemClock):
    """The clock of a machine that has no time for the stream while `busy`."""

    busy = False

    def monotonic(self) -> float:
        if self.busy and threading.current_thread().name.startswith("camera-"):
            self.sleep(0.3)
        return super().monotonic()


def test_a_machine_that_cannot_keep_up_calls_the_camera_anew_and_shows_what_is_before_it_now(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = BusyClock()
    with camera() as simulated:
        settings = load_profile(DEMO).cameras[0]
        settings = settings.model_copy(update={"rtsp_port": simulated.address[1]})
        live = CameraStream(settings, PASSWORD, clock)
        live.start()
        try:
            until(lambda: live.next_frame(SECONDS))
            assert "fell behind" not in caplog.text
            clock.busy = True  # three pictures a second of ten
            until(lambda: "fell behind" in caplog.text)
            clock.busy = False
            until(lambda: live.next_frame(SECONDS))
        finally:
            clock.busy = False
            live.stop()


def test_a_camera_that_was_away_is_called_again_until_it_answers() -> None:
    port = free_port()
    with stream(port) as live:
        assert live.next_frame(0.5) is None
        assert not live.connected
        with camera(port):
            until(lambda: live.connected)
            assert live.next_frame(SECONDS)
        until(lambda: not live.connected)
        with camera(port):
            until(lambda: live.connected)


@contextmanager
def dumb_while_called(port: int) -> Iterator[int]:
    """A line to a camera on which the first call's pictures come when nobody waits for them."""
    first, over = threading.Event(), threading.Event()

    def pass_on(source: socket.socket, target: socket.socket, *, dumb: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if dumb and b"CSeq" not in data[:64]:  # no answer: the pictures begin
                    dumb = False
                    over.wait(OPEN_SECONDS + 1)
                target.sendall(data)

    def call(camera_side: socket.socket, our_side: socket.socket) -> None:
        dumb = not first.is_set()
        first.set()
        for pair in ((our_side, camera_side, False), (camera_side, our_side, dumb)):
            threading.Thread(target=pass_on, args=pair[:2], kwargs={"dumb": pair[2]}).start()

    with socket.create_server(("127.0.0.1", 0)) as line, ExitStack() as calls:

        def answer() -> None:
            with suppress(OSError):
                while True:
                    ours = calls.enter_context(line.accept()[0])
                    call(calls.enter_context(socket.create_connection(("127.0.0.1", port))), ours)

        threading.Thread(target=answer, daemon=True).start()
        yield line.getsockname()[1]
        over.set()


@pytest.mark.parametrize("refused", range(1, 4))
def test_a_camera_that_comes_back_is_met_by_the_decoder_in_hardware(
    refused: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How FFmpeg is called is looked at here: no machine of the tests has such a decoder."""
    asked: list[bool] = []
    real = av.open

    def call(url: str, *, hwaccel: HWAccel | None, **settings: Any) -> InputContainer:
        asked.append(hwaccel is not None)
        if len(asked) <= 2 * refused:
            raise av.error.ConnectionRefusedError(errno.ECONNREFUSED, "refused")
        return real(url, hwaccel=None, **settings)

    monkeypatch.setattr(stream_module, "decoder_in_hardware", lambda: "cuda")
    monkeypatch.setattr(av, "open", call)
    with camera() as simulated, stream(simulated.address[1]) as live:
        until(lambda: live.connected)
    assert asked == [True, False] * refused + [True]


def test_a_decoder_in_hardware_that_fails_makes_room_for_ffmpegs_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No machine of the tests has such a decoder, so that this one fails indeed."""
    monkeypatch.setattr(stream_module, "decoder_in_hardware", lambda: "cuda")
    with camera() as simulated, stream(simulated.address[1]) as live:
        assert live.next_frame(SECONDS) is not None


def test_a_camera_that_was_dumb_while_it_was_called_is_called_anew() -> None:
    with (
        camera() as simulated,
        dumb_while_called(simulated.address[1]) as port,
        stream(port) as live,
    ):
        assert live.next_frame(SECONDS) is not None


UNKNOWN = "v=0\r\ns=gate\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 NOBODYS/90000\r\n"


class Describing(socketserver.StreamRequestHandler):
    """A camera that describes a video as nobody codes one, and then sends nothing."""

    def handle(self) -> None:
        request: list[bytes] = []
        for line in self.rfile:
            request.append(line)
            if line.strip():
                continue
            numbered = next(line for line in request if line.startswith(b"CSeq"))
            describe, setup = (request[0].startswith(word) for word in (b"DESCRIBE", b"SETUP"))
            self.wfile.write(b"RTSP/1.0 200 OK\r\n" + numbered + b"Session: 1\r\n")
            if setup:
                self.wfile.write(b"Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n")
            body = UNKNOWN.encode() if describe else b""
            told = f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n"
            self.wfile.write(told.encode() + body)
            request = []


def test_a_camera_whose_video_nobody_can_decode_is_called_again_like_one_that_is_silent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Describing) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with stream(server.server_address[1]) as live:
            until(lambda: "does not answer" in caplog.text)
            assert live.alive
        server.shutdown()


def test_a_wrong_password_gives_no_frames_and_stands_in_no_log(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with camera() as simulated, stream(simulated.address[1], "wrong-secret") as live:
        until(lambda: "does not answer" in caplog.text)
        assert live.newest() is None
        assert not live.connected
    told = caplog.text + "".join(capfd.readouterr())
    assert "wrong-secret" not in told
    assert PASSWORD not in told


@contextmanager
def serving_file(path: Path) -> Iterator[int]:
    """A camera that sends what is in the file; its port."""
    command = ["/usr/bin/python3", "-I", rtsp_file.__file__, "/main", str(path)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        yield int(server.stdout.readline())
    finally:
        server.kill()
        server.communicate()


def film(path: Path, size: str, seconds: int, after: int = 0, key_every: int = 10) -> bytes:
    """A moving test picture as H.264 in MPEG-TS, ten a second, its time beginning `after` seconds,
    with a key frame in so many."""
    source = f"testsrc2=size={size}:rate=10"
    command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", source, "-t", str(seconds)]
    command += ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-g", str(key_every)]
    command += ["-output_ts_offset", str(after), "-f", "mpegts", str(path)]
    subprocess.run(command, check=True)
    return path.read_bytes()


def watched(live: CameraStream, enough: Callable[[list[Frame]], bool]) -> list[Frame]:
    """The frames as they come, until they are enough."""
    frames: list[Frame] = []
    while not enough(frames):
        frame = live.next_frame(SECONDS)
        assert frame is not None, f"after {len(frames)} frames no more came"
        frames.append(frame)
    return frames


def pauses(frames: list[Frame]) -> list[float]:
    return [after.instant - before.instant for before, after in pairwise(frames)]


def test_a_stream_that_changes_its_size_on_the_way_goes_on(tmp_path: Path) -> None:
    both = film(tmp_path / "a.ts", "1280x720", 2) + film(tmp_path / "b.ts", "640x360", 8, 2)
    (tmp_path / "both.ts").write_bytes(both)
    with serving_file(tmp_path / "both.ts") as port, stream(port) as live:
        live.attend(True)
        until(lambda: live.connected)
        frames = watched(live, lambda frames: len(frames) > 40)  # the first size has 20
    # The test picture's colours are where they were: nothing is torn or smeared.
    first, last = (
        cv2.resize(frame.image, (16, 9)).astype(int) for frame in (frames[0], frames[-1])
    )
    assert np.abs(first - last).mean() < 40


@pytest.mark.parametrize(("most", "shown"), [(1280 * 720, True), (1280 * 720 - 1, False)])
def test_a_picture_larger_than_any_cameras_is_not_decoded(
    most: int, shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SETTINGS, "max_pixels", str(most))
    with camera() as simulated, stream(simulated.address[1]) as live:
        assert (live.next_frame(SECONDS if shown else 4) is not None) == shown
        assert live.alive


def test_a_camera_whose_key_frames_are_far_apart_is_seen_from_its_first_one_on(
    tmp_path: Path,
) -> None:
    film(tmp_path / "a.ts", "640x360", 30, key_every=300)
    with serving_file(tmp_path / "a.ts") as port, stream(port) as live:
        assert live.next_frame(SECONDS) is not None


def test_a_camera_whose_colours_nobody_can_turn_into_a_picture_is_called_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    film(tmp_path / "a.ts", "320x240", 20)
    command = ["ffmpeg", "-v", "error", "-i", str(tmp_path / "a.ts"), "-c", "copy"]
    command += ["-bsf:v", "h264_metadata=matrix_coefficients=8", str(tmp_path / "b.ts")]
    subprocess.run(command, check=True)
    with serving_file(tmp_path / "b.ts") as port, stream(port) as live:
        until(lambda: "no picture can be made" in caplog.text)
        assert not live.connected
        assert live.alive


def test_a_damaged_stream_loses_pictures_and_not_the_camera(tmp_path: Path) -> None:
    whole = bytearray(film(tmp_path / "a.ts", "1280x720", 12))
    chance = np.random.default_rng(5)
    for _ in range(40):
        start = int(chance.integers(20_000, len(whole) - 1000))
        length = int(chance.integers(20, 900))
        whole[start : start + length] = bytes(length)
    (tmp_path / "cut.ts").write_bytes(whole)
    with serving_file(tmp_path / "cut.ts") as port, stream(port) as live:
        live.attend(True)
        until(lambda: live.connected)
        watched(live, lambda frames: len(frames) > 20 and sum(pauses(frames)) > 4)
        assert live.alive


def test_a_stream_that_is_cut_off_in_the_midst_of_a_picture_is_called_anew(tmp_path: Path) -> None:
    whole = film(tmp_path / "a.ts", "1280x720", 3)
    (tmp_path / "cut.ts").write_bytes(whole[: len(whole) * 2 // 3 - 77])
    with serving_file(tmp_path / "cut.ts") as port, stream(port) as live:
        live.attend(True)
        until(lambda: live.connected)
        watched(live, lambda frames: len(frames) > 35)  # once through, there are twenty
        assert live.alive


def test_the_decoder_keeps_no_pictures_back() -> None:
    """One is on its way when FFmpeg knows by the next picture's beginning that it is whole."""
    simulated = SimulatedCamera(Scene([]), user="gatehouse", password=PASSWORD, fps=1)
    simulated.start()
    waits = []
    try:
        with stream(simulated.address[1]) as live:
            live.attend(True)
            until(lambda: live.next_frame(SECONDS))
            for failing in (Failing.BLACK, None, Failing.BLACK, None):
                CLOCK.sleep(0.5)  # between two pictures
                asked = CLOCK.monotonic()
                simulated.fail(failing)
                dark = failing is Failing.BLACK
                frames = watched(
                    live,
                    lambda f: bool(f) and (f[-1].image.mean() < 20) == dark,  # noqa: B023
                )
                waits.append(frames[-1].instant - asked)
    finally:
        simulated.stop()
    assert min(waits) < 2


def test_an_empty_lane_is_looked_at_a_few_times_a_second_and_an_occupied_one_at_every_frame() -> (
    None
):
    with camera() as simulated, stream(simulated.address[1]) as live:
        idle = watched(live, lambda frames: len(frames) == 12)
        live.attend(True)
        watched(live, lambda frames: any(pause < IDLE_PAUSE - SLACK for pause in pauses(frames)))
    assert min(pauses(idle)) >= IDLE_PAUSE - SLACK


def test_an_empty_lane_dozes_and_what_is_seen_when_somebody_comes_is_whole(tmp_path: Path) -> None:
    film(tmp_path / "a.ts", "640x360", 40)  # a key frame a second
    with av.open(str(tmp_path / "a.ts")) as whole:
        shown = np.stack([_small(f.to_ndarray(format="bgr24")) for f in whole.decode(video=0)])
    with serving_file(tmp_path / "a.ts") as port, stream(port, dozes=True) as live:
        idle = watched(live, lambda frames: len(frames) > 3 and min(pauses(frames[-3:])) > 0.8)
        CLOCK.sleep(0.4)  # in the midst of a nap
        live.attend(True)
        busy = watched(live, lambda frames: len(frames) == 12)
    assert min(pauses(busy)) < 0.5
    for frame in (*idle[-3:], *busy):
        apart = np.abs(shown - _small(frame.image)).mean(axis=(1, 2, 3))
        assert apart.min() < 1


def _small(image: np.ndarray) -> np.ndarray:
    return cv2.resize(image, (160, 90), interpolation=cv2.INTER_AREA).astype(np.int16)


def test_a_camera_with_a_sub_stream_shows_its_main_stream_only_while_somebody_is_there() -> None:
    scene = Scene([])
    simulated = SimulatedCamera(
        scene, user="gatehouse", password=PASSWORD, path="/main", sub_path="/sub"
    )
    simulated.start()
    settings = (
        load_profile(DEMO)
        .cameras[0]
        .model_copy(update={"rtsp_port": simulated.address[1], "rtsp_path": "/main"})
    )
    main, sub = (CameraStream(settings, PASSWORD, CLOCK, path=path) for path in ("/main", "/sub"))
    both = TwoStreams(main, sub, CLOCK, linger_seconds=1)
    both.start()

    def width(busy: bool) -> int:
        frame = both.next_frame(0.5)
        both.attend(busy)
        return frame.image.shape[1] if frame else 0

    try:
        until(lambda: width(True) == 1280)
        until(lambda: width(False) == 640)
        until(lambda: not main.connected)
        until(lambda: width(True) == 1280)
    finally:
        both.stop()
        simulated.stop()


def test_a_camera_whose_sub_stream_does_not_come_is_watched_by_its_main_stream() -> None:
    with camera() as simulated:
        settings = (
            load_profile(DEMO).cameras[0].model_copy(update={"rtsp_port": simulated.address[1]})
        )
        main = CameraStream(settings, PASSWORD, CLOCK)
        sub = CameraStream(settings, PASSWORD, CLOCK, path="/not-there")
        both = TwoStreams(main, sub, CLOCK, linger_seconds=1)
        both.start()
        try:
            until(lambda: both.next_frame(0.5))
            for _ in range(5):
                both.attend(False)
                CLOCK.sleep(0.5)
            assert both.connected
            assert both.next_frame(SECONDS)
        finally:
            both.stop()
