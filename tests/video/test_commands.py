"""The storage's commands, as an operator meets them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sites import DEMO, demo_profile, profile_file
from test_cli import gatehouse
from waiting import until

from appliance.clock import SystemClock
from appliance.profile.storage import ROOT
from appliance.runtime.video.trust import ClockTrust
from appliance.runtime.video.volumes import Volumes

from .archive import DAY, Archive, open_archive


def written(tmp_path: Path) -> tuple[Archive, str]:
    """An archive on today's clock, and the profile that speaks of it."""
    archive = open_archive(tmp_path / "root", SystemClock().now())
    return archive, str(profile_file(tmp_path, archive.profile))


@pytest.mark.slow
def test_the_plan_is_json_for_machines_and_1_when_it_does_not_fit(tmp_path):
    said = gatehouse("storage", "plan", str(DEMO), "--json")
    assert said.returncode == 0
    plan = json.loads(said.stdout)
    assert plan["fits"] is True
    assert plan["days"]["video"] > 365
    site = demo_profile(tmp_path / "root", cameras__0__bitrate_mbps=20.0)
    profile = profile_file(tmp_path, site)
    answer = gatehouse("storage", "plan", str(profile))
    assert answer.returncode == 1
    assert "录像只够存" in answer.stdout
    # Nobody stated the disks' size: the check says so, and it is no fault.
    checked = gatehouse("check", str(profile))
    assert checked.returncode == 0
    assert "提示" in checked.stdout
    assert json.loads(gatehouse("check", "--json", str(profile)).stdout)["notes"]


@pytest.mark.slow
def test_a_sweep_tells_first_and_deletes_after(tmp_path):
    archive, profile = written(tmp_path)
    archive.film(366 * DAY, minutes=2)
    archive.film(DAY / 24, minutes=3)
    before = archive.files()
    told = gatehouse("storage", "sweep", "--dry-run", "--profile", profile)
    assert (told.returncode, archive.files()) == (0, before)
    assert "录像 2 份" in told.stdout
    done = gatehouse("storage", "sweep", "--profile", profile)
    assert done.returncode == 0
    assert len(before - archive.files()) == 2
    archive.film(400 * DAY, minutes=20)
    archive.film(DAY / 48)
    refused = gatehouse("storage", "sweep", "--profile", profile)
    assert refused.returncode == 1
    assert "一半" in refused.stderr
    assert gatehouse("storage", "sweep", "--more-than-half", "--profile", profile).returncode == 0
    archive.journal.close()


@pytest.mark.slow
def test_the_check_exits_1_until_all_is_mended(tmp_path):
    archive, profile = written(tmp_path)
    archive.film(DAY)
    assert gatehouse("storage", "check", "--profile", profile).returncode == 0
    (archive.root / next(iter(archive.files()))).unlink()
    found = gatehouse("storage", "check", "--json", "--profile", profile)
    assert found.returncode == 1
    assert json.loads(found.stdout)["wrong"] == "missing"
    assert gatehouse("storage", "check", "--mend", "--profile", profile).returncode == 0
    assert gatehouse("storage", "check", "--profile", profile).returncode == 0
    archive.journal.close()


@pytest.mark.slow
def test_evidence_is_packed_for_several_passages(tmp_path):
    archive, profile = written(tmp_path)
    numbers = [str(archive.passage(number, DAY)) for number in range(2)]
    out = tmp_path / "out"
    answer = gatehouse("evidence", *numbers, "--profile", profile, "--out", str(out))
    assert answer.returncode == 1  # the clip's hash in this archive is none
    assert "不符" in answer.stderr
    words = ["sha256sum", "-c", "manifest.sha256"]
    assert subprocess.run(words, cwd=out, capture_output=True, check=False).returncode == 0
    again = gatehouse("evidence", *numbers, "--profile", profile, "--out", str(out))
    assert again.returncode == 2
    archive.journal.close()


def test_the_program_sweeps_beats_and_ends_when_it_is_told(tmp_path):
    archive, profile = written(tmp_path)
    archive.film(366 * DAY, minutes=2)
    archive.film(DAY / 24, minutes=3)
    words = [sys.executable, "-m", "appliance", "run", "sweeper", "--profile", profile]
    program = subprocess.Popen(words, cwd=DEMO.parents[1], stderr=subprocess.DEVNULL)
    try:
        until(archive.journal.heartbeats)
    finally:
        program.terminate()
        assert program.wait(30) == 0
    (beat,) = archive.journal.heartbeats()
    assert (beat.program, beat.ok, beat.detail) == ("sweeper", True, "存储正常")
    assert archive.files() == archive.named()
    assert len(archive.named()) == 3
    archive.journal.close()


def test_the_systems_own_volumes_and_clock_can_be_asked(tmp_path):
    archive, _ = written(tmp_path)
    assert Volumes.of(archive.profile).space(ROOT).size > 0
    assert ClockTrust(archive.journal, SystemClock()).doubt() is None
    archive.journal.close()
