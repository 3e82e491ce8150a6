"""The recorder with ffmpeg and a camera that speaks RTSP: cuts, midnight, clocks, disks, kills."""

import os
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote

import pytest
from sites import demo_profile

from acceptance_kit.peers.camera import SimulatedCamera
from appliance.clock import BEIJING, SystemClock
from appliance.guideline.retention import Kind
from appliance.profile.model import Profile
from appliance.profile.writing import profile_as_yaml
from appliance.runtime.journal import Journal
from appliance.runtime.journal.storage_state import StorageState
from appliance.runtime.video import recorder
from appliance.runtime.video.check import Checker
from appliance.runtime.video.volumes import Volumes

from .filming import (
    PASSWORD,
    ShiftedClock,
    assert_in_order,
    camera_on,
    fragments,
    needs_ffmpeg,
    one_camera,
    recording,
    secrets_in,
    wait_until,
)

pytestmark = [needs_ffmpeg, pytest.mark.slow]


@pytest.fixture
def camera():
    with camera_on() as camera:
        yield camera


def journal_of(profile: Profile, clock: SystemClock | None = None) -> Journal:
    return Journal.open(Path(profile.storage.root), clock or SystemClock())


def written(root: Path) -> list[Path]:
    return [file for file in (root / "video").rglob("*.mp4") if file.stat().st_size > 10_000]


def heart(journal: Journal) -> tuple[bool, str]:
    return next(
        ((each.ok, each.detail) for each in journal.heartbeats() if each.program == "recorder"),
        (True, ""),
    )


def events(journal: Journal) -> list[str]:
    return [event.kind for event in journal.latest_events(10)]


def children() -> list[int]:
    mine = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return [int(pid) for each in mine for pid in each.read_text().split()]


def test_over_midnight_each_day_has_its_own_and_nothing_is_missing(tmp_path, camera):
    root = tmp_path / "root"
    clock = ShiftedClock(datetime(2026, 11, 24, 23, 59, 45, tzinfo=BEIJING))
    profile = one_camera(root, camera.address[1])
    with recording(profile, clock, tmp_path / "secrets"):
        wait_until(lambda: len(written(root)) == 2)
        said = b"".join(
            (Path("/proc") / str(pid) / name).read_bytes()
            for pid in children()
            for name in ("cmdline", "environ")
        )
        assert b"ffmpeg" in said
        assert PASSWORD.encode() not in said
        assert quote(PASSWORD, safe="").encode() not in said
        time.sleep(2)
    with journal_of(profile, clock) as journal:
        before, after = assert_in_order(journal, profile)
        assert before.path.startswith("video/2026-11-24/a01-plate/2359")
        assert after.path.startswith("video/2026-11-25/a01-plate/0000")
        assert before.ended_at == after.began_at
        assert heart(journal) == (True, "1 台相机正在录像")


def test_a_clock_that_is_set_overwrites_nothing(tmp_path, camera):
    root, clock = tmp_path / "root", ShiftedClock()
    profile = one_camera(root, camera.address[1])
    with recording(profile, clock, tmp_path / "secrets"):
        for count, hours in ((1, -1), (2, 1), (3, 48)):
            wait_until(lambda count=count: len(written(root)) >= count)
            clock.shift += timedelta(hours=hours)
        wait_until(lambda: len(written(root)) >= 4)
    with journal_of(profile) as journal:
        known = assert_in_order(journal, profile)
        assert len(known) >= 4
        ours = [one.began_at - datetime.now(BEIJING) for one in known]
        assert ours[0] - ours[1] > timedelta(minutes=50)
        assert ours[3] > timedelta(hours=40)


def test_a_camera_that_comes_back_is_recorded_again_and_the_gap_told(tmp_path, monkeypatch):
    monkeypatch.setattr(recorder, "GAP", timedelta(seconds=3))
    monkeypatch.setattr(recorder, "AWAY_SECONDS", 4.0)
    root = tmp_path / "root"
    with camera_on() as camera:
        port = camera.address[1]
        profile = one_camera(root, port)
        with (
            recording(profile, SystemClock(), tmp_path / "secrets"),
            journal_of(profile) as journal,
        ):
            wait_until(lambda: bool(written(root)))
            camera.stop()
            wait_until(lambda: "recording-stopped" in events(journal))
            wait_until(lambda: not heart(journal)[0])
            assert heart(journal)[1] == "录像不完整：a01-plate 相机没有图像"
            with camera_on(port):
                wait_until(lambda: "recording-gap" in events(journal))
                wait_until(lambda: heart(journal)[0])
    with journal_of(profile) as journal:
        known = assert_in_order(journal, profile)
        now = datetime.now(BEIJING)
        ((gone, back),) = journal.video().gaps(
            "a01-plate", known[0].began_at, known[-1].ended_at, timedelta(seconds=1)
        )
        # Where the minute of the clock changed meanwhile there are more fragments than two.
        assert (gone, back) in [
            (before.ended_at, after.began_at) for before, after in pairwise(known)
        ]
        assert now - timedelta(minutes=2) < gone < back < now


def test_a_policy_that_says_stop_is_heeded_until_there_is_room(tmp_path, camera):
    root = tmp_path / "root"
    profile = one_camera(root, camera.address[1])
    with journal_of(profile) as journal:
        now = datetime.now(BEIJING)
        journal.say_storage(StorageState(now, stopped=(Kind.VIDEO,)))
        with recording(profile, SystemClock(), tmp_path / "secrets"):
            wait_until(lambda: "磁盘已满" in heart(journal)[1])
            assert not written(root)
            journal.say_storage(StorageState(now))
            wait_until(lambda: bool(written(root)))
        assert_in_order(journal, profile)


def disk_of(disk) -> dict[str, str]:
    """A disk as the profile has it."""
    return {"mount": str(disk.mount), "uuid": disk.uuid}


def test_a_disk_that_is_not_mounted_is_never_written_below(tmp_path, camera, xfs, monkeypatch):
    monkeypatch.setattr(Volumes.__init__, "__defaults__", (xfs.by_uuid, xfs.by_uuid))
    root = tmp_path / "root"
    profile = one_camera(root, camera.address[1], disk_of(xfs))
    subprocess.run(["umount", str(xfs.mount)], check=True)
    with (
        recording(profile, SystemClock(), tmp_path / "secrets"),
        journal_of(profile) as journal,
    ):
        wait_until(lambda: "没有挂载" in heart(journal)[1])
        assert list(xfs.mount.iterdir()) == []
        subprocess.run(["mount", "-o", "loop", str(xfs.image), str(xfs.mount)], check=True)
        (xfs.by_uuid / xfs.uuid).unlink()
        wait_until(lambda: "不是 UUID" in heart(journal)[1])
        assert list(xfs.mount.iterdir()) == []
        assert not (root / "video").exists()
        source = subprocess.run(
            ["findmnt", "-n", "-o", "SOURCE", str(xfs.mount)],
            capture_output=True,
            text=True,
            check=True,
        )
        (xfs.by_uuid / xfs.uuid).symlink_to(source.stdout.strip())
        wait_until(lambda: bool(written(xfs.mount)))
    with journal_of(profile) as journal:
        assert_in_order(journal, profile)


def test_a_full_disk_cuts_a_fragment_and_is_written_again_once_there_is_room(
    tmp_path, camera, xfs, monkeypatch
):
    monkeypatch.setattr(Volumes.__init__, "__defaults__", (xfs.by_uuid, xfs.by_uuid))
    root = tmp_path / "root"
    profile = one_camera(root, camera.address[1], disk_of(xfs))
    ballast = xfs.mount / "ballast"
    free = os.statvfs(xfs.mount)
    subprocess.run(
        ["fallocate", "-l", str(free.f_bavail * free.f_frsize - 1_500_000), str(ballast)],
        check=True,
    )
    with journal_of(profile) as journal:
        with recording(profile, SystemClock(), tmp_path / "secrets"):
            wait_until(lambda: "磁盘已满" in heart(journal)[1])
            known = len(fragments(journal))
            assert known
            ballast.unlink()
            wait_until(lambda: heart(journal)[0])
            wait_until(lambda: len(written(xfs.mount)) > known)
            time.sleep(2)
        assert len(assert_in_order(journal, profile)) > known


def test_a_disk_that_answers_with_errors_is_told_and_what_was_synced_is_found_again(
    tmp_path, camera, xfs, monkeypatch
):
    monkeypatch.setattr(Volumes.__init__, "__defaults__", (xfs.by_uuid, xfs.by_uuid))
    root = tmp_path / "root"
    profile = one_camera(root, camera.address[1], disk_of(xfs))
    with journal_of(profile) as journal:
        with recording(profile, SystemClock(), tmp_path / "secrets"):
            wait_until(lambda: bool(written(xfs.mount)))
            time.sleep(2)
            broken = subprocess.run(["xfs_io", "-x", "-c", "shutdown", str(xfs.mount)], check=False)
            if broken.returncode:
                pytest.skip("xfs_io cannot break the disk")
            wait_until(lambda: not heart(journal)[0])
            assert heart(journal)[1].startswith("录像不完整：a01-plate")
        subprocess.run(["umount", str(xfs.mount)], check=True)
        subprocess.run(["mount", "-o", "loop", str(xfs.image), str(xfs.mount)], check=True)
        where = Volumes(root, {str(xfs.mount): xfs.uuid}, xfs.by_uuid)
        later = ShiftedClock(datetime.now(BEIJING) + timedelta(hours=1))
        list(Checker(journal, later, where, mend=True).findings())
        assert list(Checker(journal, later, where).findings()) == []
        for one in fragments(journal):
            assert journal.file_path(one.volume, one.path).stat().st_size == one.bytes


def test_the_program_killed_again_and_again_keeps_all_but_seconds(tmp_path, camera):
    root = tmp_path / "root"
    port = camera.address[1]
    profile = demo_profile(root, cameras__0__rtsp_port=port, cameras__1__rtsp_port=port)
    secrets_in(tmp_path / "secrets")
    path = tmp_path / "site.yaml"
    path.write_text(profile_as_yaml(profile), "utf-8")
    words = [sys.executable, "-m", "appliance", "run", "recorder", "--profile", str(path)]
    environment = {**os.environ, "GATEHOUSE_SECRETS": str(tmp_path / "secrets")}
    cameras = {"a01-plate", "a02-plate"}
    lived = (2.0, 3.1, 2.7)

    def started() -> subprocess.Popen[bytes]:
        before = set(written(root))
        program = subprocess.Popen(words, env=environment, stderr=subprocess.DEVNULL)
        wait_until(lambda: {x.parent.name for x in set(written(root)) - before} == cameras)
        return program

    for seconds in lived:
        program = started()
        time.sleep(seconds)
        program.kill()
        program.wait()
    program = started()
    program.send_signal(signal.SIGTERM)
    assert program.wait(15) == 0
    with journal_of(profile) as journal:
        known = assert_in_order(journal, profile)
        for camera_id in cameras:
            its = [x.seconds for x in known if x.camera == camera_id]
            assert len(its) >= 4  # more where the minute of the clock changed meanwhile
            assert sum(its) > sum(lived) - 1.5 * len(lived)
    wait_until(lambda: camera_is_left(camera))


def camera_is_left(camera: SimulatedCamera) -> bool:
    """No ffmpeg outlives the recorder that started it."""
    return camera.clients == 0
