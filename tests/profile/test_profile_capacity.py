"""Retention in the profile: never below the law, and disks that hold it."""

import pytest
from sites import demo_profile

from appliance.guideline.retention import Kind
from appliance.profile.capacity import Measured, places, rooms
from appliance.profile.loading import load_profile

DISK = """
machines:
  - name: gate
    video_disks:
      - uuid: 5f0c1c1e-93a4-4c6c-9a55-1f2b8a7f0c11
        mount: /srv/video/1
        size_tb: {size}
"""


@pytest.mark.parametrize(
    ("kind", "days", "clause"),
    [
        ("passages", 729, "4.3-1"),
        ("photos", 729, "4.3-1"),
        ("clips", 729, "4.5.3-3"),
        ("video", 364, "4.4.5-2"),
        ("smoke", 364, "4.3-3"),
    ],
)
def test_a_term_below_the_law_is_a_fault_that_names_the_clause(good, check, kind, days, clause):
    table = f"\n  retention:\n    {kind}:\n      kept_days: "
    text = good.replace("root: /var/lib/gatehouse", "root: /var/lib/gatehouse" + table + str(days))
    _, (fault,) = check(text)
    assert fault.key == f"storage.retention.{kind}.kept_days"
    assert clause in fault.allowed
    assert str(days + 1) in fault.allowed
    assert check(text.replace(str(days), str(days + 1)))[1] == ()


def test_disks_whose_stated_size_is_too_small_are_a_fault_that_says_what_would_fit(good, check):
    _, faults = check(good + DISK.format(size=16))
    (fault,) = faults
    assert fault.key == "machines[0].video_disks"
    assert "4.4.5-2" in fault.wrong
    assert "Mbit/s 以下" in fault.allowed
    assert check(good + DISK.format(size=32))[1] == ()
    # A size that nobody stated is nobody's fault.
    assert check(good.replace("bitrate_mbps: 2 ", "bitrate_mbps: 9 "))[1] == ()


def test_a_box_that_runs_goes_on_with_disks_that_are_too_small(tmp_path, good):
    path = tmp_path / "site.yaml"
    path.write_text(good + DISK.format(size=16), "utf-8")
    assert load_profile(path).machines[0].video_disks[0].size_tb == 16


def test_32_terabytes_hold_a_year_of_8_1_mbit_and_no_more(tmp_path):
    def video(mbps: float):
        nothing_else = Measured(
            {"a01-plate": mbps / 2, "a02-plate": mbps / 2},
            photo_bytes=1e-9,
            clip_bytes=1e-9,
            passages_per_day=1e-9,
        )
        (room,) = rooms(demo_profile(tmp_path), nothing_else)
        return room

    assert video(8.11).fits
    assert video(8.11).days()[Kind.VIDEO] == pytest.approx(365.3, abs=0.1)
    assert not video(8.13).fits
    assert video(16.22).days()[Kind.VIDEO] == pytest.approx(182.7, abs=0.1)


def test_what_does_not_fit_takes_from_video_and_not_from_the_records(tmp_path):
    (room,) = rooms(demo_profile(tmp_path, cameras__0__bitrate_mbps=40.0))
    days = room.days()
    assert days[Kind.PHOTOS] == 730
    assert days[Kind.CLIPS] == 730
    assert days[Kind.VIDEO] < 40  # of 365


def test_a_volume_is_the_root_the_video_disks_or_one_of_them(tmp_path, good, check):
    text = good + DISK.format(size=32)
    named = "root: /var/lib/gatehouse\n  retention:\n    clips: {volume: /srv/video/9}"
    _, (fault,) = check(text.replace("root: /var/lib/gatehouse", named))
    assert fault.key == "storage.retention.clips.volume"
    profile, _ = check(text)
    assert places(profile, profile.machines[0])[Kind.VIDEO] == ("/srv/video/1",)
    assert places(profile, profile.machines[0])[Kind.PHOTOS] == ("root",)
    alone = demo_profile(tmp_path)
    assert places(alone, alone.machines[0])[Kind.VIDEO] == ("root",)


def test_a_camera_is_recorded_by_the_machine_of_a_barrier_it_sees(tmp_path):
    machines = [{"name": "gate-in", "barriers": ["A01"]}, {"name": "gate-out", "barriers": ["A02"]}]
    profile = demo_profile(tmp_path, machines=machines)
    assert [camera.id for camera in profile.cameras_of(profile.machine("gate-out"))] == [
        "a02-plate"
    ]
