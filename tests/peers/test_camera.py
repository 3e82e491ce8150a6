"""The simulated camera, watched by real RTSP clients."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from waiting import until

from acceptance_kit.peers.camera import CameraFault, Scene, SimulatedCamera, Vehicle, rtsp_child
from acceptance_kit.peers.camera.brush import Picture
from acceptance_kit.peers.camera.scene import idle
from appliance.clock import BEIJING
from appliance.guideline.dictionaries import PlateColour

TRUCK = Vehicle("宁A12345", PlateColour.BLUE)
PASSWORD = "p@ss:/字"
PATIENCE = 20.0  # seconds until something that must come is given up


@pytest.fixture(autouse=True)
def tcp(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp|analyzeduration;200000")


@contextmanager
def serving(scene: Scene) -> Iterator[SimulatedCamera]:
    camera = SimulatedCamera(scene, user="admin", password=PASSWORD)
    camera.start()
    try:
        yield camera
    finally:
        camera.stop()


@contextmanager
def watching(url: str) -> Iterator[cv2.VideoCapture]:
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG)
    try:
        yield capture
    finally:
        capture.release()


@contextmanager
def ffmpeg(url: str) -> Iterator[subprocess.Popen[bytes]]:
    """A client that can be killed; it is playing when this returns."""
    command = ["ffmpeg", "-v", "quiet", "-rtsp_transport", "tcp"]
    command += ["-analyzeduration", "200000", "-i", url]
    process = subprocess.Popen([*command, "-c", "copy", "-f", "h264", "-"], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.read(1)
        yield process
    finally:
        process.kill()
        process.communicate()


def alike(one: Picture, other: Picture) -> bool:
    """Whether two pictures are the same but for the coding's losses."""
    return float(cv2.absdiff(one, other).mean()) < 5


def frames(capture: cv2.VideoCapture, count: int) -> Iterator[Picture]:
    for _ in range(count):
        came, frame = capture.read()
        assert came
        yield frame


def ended(pid: int) -> bool:
    """Whether a process is no more, or waits only for its stranger of a parent to say so."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def black_photo(folder: Path) -> Path:
    photo = folder / "photo.png"
    photo.write_bytes(cv2.imencode(".png", np.zeros((720, 1280, 3), np.uint8))[1].tobytes())
    return photo


class TestSimulatedCamera:
    """Clients see the scene, live."""

    @pytest.mark.slow
    def test_the_idle_gate_is_shown_and_after_begin_the_truck(self) -> None:
        scene = Scene([TRUCK], lead_seconds=0.2)
        standing = scene.frame_at(4)
        with serving(scene) as camera, watching(camera.url) as capture:
            assert camera.first_client.wait(PATIENCE)
            assert all(alike(frame, idle("day")) for frame in frames(capture, 15))
            assert camera.appearances() == ()
            camera.begin()
            assert any(alike(frame, standing) for frame in frames(capture, 80))
            (shown,) = camera.appearances()
        assert shown.vehicle == TRUCK
        assert shown.entered_at.tzinfo is BEIJING
        assert shown.left_at is None
        assert not camera.finished.is_set()

    def test_colours_survive_the_coding(self) -> None:
        with serving(Scene([])) as camera, watching(camera.url) as capture:
            *_, frame = frames(capture, 3)
        shift = frame.reshape(-1, 3).mean(axis=0) - idle("day").reshape(-1, 3).mean(axis=0)
        assert np.abs(shift).max() < 2

    @pytest.mark.slow
    def test_the_script_runs_to_its_end_without_any_client(self, tmp_path: Path) -> None:
        photo = black_photo(tmp_path)
        vehicles = [Vehicle(f"宁A1234{digit}", PlateColour.BLUE, image=photo) for digit in "12"]
        scene = Scene(vehicles, lead_seconds=0.3, photo_seconds=0.5, photo_gap_seconds=0.5)
        with serving(scene) as camera:
            camera.begin()
            assert camera.finished.wait(PATIENCE)
            shown = camera.appearances()
            assert not camera.first_client.is_set()
        assert [one.vehicle for one in shown] == vehicles
        instants = [at for one in shown for at in (one.entered_at, one.left_at) if at is not None]
        assert len(instants) == 4
        assert instants == sorted(instants)
        assert instants[3] - instants[0] > timedelta(seconds=1)

    @pytest.mark.slow
    def test_a_script_that_has_run_to_its_end_runs_once_more(self, tmp_path: Path) -> None:
        vehicle = Vehicle("宁A12341", PlateColour.BLUE, image=black_photo(tmp_path))
        with serving(Scene([vehicle], lead_seconds=0.1, photo_seconds=0.3)) as camera:
            for round_ in (1, 2):
                camera.begin()
                camera.begin()  # while it runs, nothing more
                assert camera.finished.wait(PATIENCE)
                assert [one.vehicle for one in camera.appearances()] == [vehicle] * round_

    @pytest.mark.slow
    def test_two_clients_watch_at_once(self) -> None:
        with (
            serving(Scene([])) as camera,
            watching(camera.url) as one,
            watching(camera.url) as other,
        ):
            for frame in (*frames(one, 10), *frames(other, 10)):
                assert alike(frame, idle("day"))
            assert camera.clients == 2

    @pytest.mark.slow
    def test_a_killed_client_can_come_again(self) -> None:
        with serving(Scene([])) as camera:
            for _ in range(3):
                with ffmpeg(camera.url) as client:
                    assert camera.clients == 1
                    client.kill()
                until(lambda: camera.clients == 0)
            with watching(camera.url) as capture:
                assert all(alike(frame, idle("day")) for frame in frames(capture, 5))

    @pytest.mark.slow
    def test_a_client_that_stops_reading_does_not_stop_the_others(self) -> None:
        with serving(Scene([TRUCK], lead_seconds=0)) as camera, ffmpeg(camera.url) as client:
            client.send_signal(signal.SIGSTOP)
            camera.begin()
            with watching(camera.url) as capture:
                assert len(list(frames(capture, 30))) == 30


class TestLogin:
    """Nobody sees anything without the password."""

    @pytest.mark.parametrize("login", ["admin:wrong@", "other:p%40ss%3A%2F%E5%AD%97@", ""])
    def test_a_wrong_login_is_refused(self, login: str) -> None:
        with serving(Scene([])) as camera:
            host, port = camera.address
            with watching(f"rtsp://{login}{host}:{port}/main") as capture:
                assert not capture.isOpened()
            assert not camera.first_client.is_set()
            with watching(camera.url) as capture:
                assert capture.read()[0]

    def test_the_password_is_asked_for_by_digest_only(self) -> None:
        with (
            serving(Scene([])) as camera,
            socket.create_connection(camera.address, timeout=PATIENCE) as line,
        ):
            line.sendall(b"DESCRIBE rtsp://127.0.0.1/main RTSP/1.0\r\nCSeq: 1\r\n\r\n")
            answer = line.recv(4096).decode()
        assert answer.startswith("RTSP/1.0 401")
        assert "WWW-Authenticate: Digest " in answer
        assert "Basic" not in answer

    def test_the_password_stands_neither_in_the_command_line_nor_in_the_environment(self) -> None:
        with serving(Scene([])) as camera:
            for place in ("cmdline", "environ"):
                told = Path(f"/proc/{camera.pid}/{place}").read_bytes()
                assert told
                assert PASSWORD.encode() not in told


class TestProcess:
    """The server's process comes and goes with the camera."""

    def test_stop_leaves_no_process_and_no_port(self) -> None:
        with serving(Scene([])) as camera, watching(camera.url) as capture:
            assert capture.read()[0]
            pid, address = camera.pid, camera.address
            camera.stop()
            assert not Path(f"/proc/{pid}").exists()
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(address, timeout=PATIENCE)
            with pytest.raises(CameraFault, match="not started"):
                _ = camera.address

    def test_a_stopped_camera_starts_again(self) -> None:
        with serving(Scene([])) as camera:
            camera.stop()
            camera.start()
            with watching(camera.url) as capture:
                assert capture.read()[0]

    def test_the_server_does_not_outlive_a_killed_parent(self) -> None:
        program = (
            "import time\n"
            "from acceptance_kit.peers.camera import Scene, SimulatedCamera\n"
            "camera = SimulatedCamera(Scene([]), user='a', password='b')\n"
            "camera.start()\n"
            "print(camera.pid, flush=True)\n"
            "time.sleep(600)\n"
        )
        parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
        try:
            assert parent.stdout is not None
            pid = int(parent.stdout.readline())
            assert not ended(pid)
        finally:
            parent.kill()
            parent.communicate()
        until(lambda: ended(pid))

    def test_a_taken_port_is_said(self) -> None:
        with serving(Scene([])) as camera:
            rival = SimulatedCamera(Scene([]), user="a", password="b", port=camera.address[1])
            with pytest.raises(CameraFault, match=f"cannot listen .*{camera.address[1]}"):
                rival.start()

    def test_a_python_without_the_bindings_names_the_packages(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(rtsp_child, "SYSTEM_PYTHON", Path(sys.executable))
        with pytest.raises(CameraFault, match=r"lacks gi .*apt install python3-gi gir1\.2-gst"):
            SimulatedCamera(Scene([]), user="a", password="b").start()

    def test_missing_elements_name_the_packages(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("GST_PLUGIN_SYSTEM_PATH_1_0", os.fspath(tmp_path))
        monkeypatch.setenv("GST_REGISTRY", os.fspath(tmp_path / "registry"))
        with pytest.raises(CameraFault, match=r"x264enc.*gstreamer1\.0-plugins-ugly"):
            SimulatedCamera(Scene([]), user="a", password="b").start()
