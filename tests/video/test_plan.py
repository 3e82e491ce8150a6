"""The plan: what the profile says until the journal knows better."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sites import demo_profile

from appliance.guideline.retention import Kind
from appliance.profile.storage import ROOT
from appliance.runtime.journal.video import Fragment, fragment_path
from appliance.runtime.video.plan import measure, plan

from .archive import DAY, NOW


def test_the_json_says_whether_it_fits_days_by_kind_and_terabytes(tmp_path):
    said = plan(demo_profile(tmp_path)).as_dict()
    assert said["fits"] is True
    assert set(said["days"]) == {"passages", "photos", "clips", "video"}
    assert said["days"]["video"] > 365
    assert said["available_tb"] == 32
    assert 10 < said["needed_tb"] < 32
    assert said["sentences"] == []


def test_a_plan_that_does_not_fit_says_what_would(tmp_path):
    made = plan(demo_profile(tmp_path, cameras__0__bitrate_mbps=12.0))
    assert not made.fits
    (sentence,) = made.sentences()
    assert "录像只够存" in sentence
    assert "Mbit/s 以下" in sentence
    assert made.days()[Kind.VIDEO] < 365
    # What it says would fit does.
    mbps = float(sentence.split("降到 ")[1].split(" ")[0])
    lower = demo_profile(
        tmp_path, cameras__0__bitrate_mbps=mbps / 2, cameras__1__bitrate_mbps=mbps / 2
    )
    assert plan(lower).fits


def test_bitrates_and_passages_are_measured_once_the_box_runs(archive):
    assert measure(archive.journal, NOW).bitrates == {}
    fragments = []
    for minute in range(90):
        at = NOW - timedelta(days=1) + timedelta(minutes=minute)
        path = fragment_path("a01-plate", at)
        fragments.append(Fragment("a01-plate", at, 60.0, ROOT, path, 45_000_000))
    archive.journal.video().add_fragments(fragments)
    for number in range(6):
        archive.passage(number, timedelta(days=2) - timedelta(hours=number))
    measured = measure(archive.journal, NOW)
    assert measured.bitrates == {"a01-plate": pytest.approx(6.0)}
    assert measured.passages_per_day == pytest.approx(3, abs=0.2)
    made = plan(archive.profile, measured)
    assert made.as_dict()["measured_cameras"] == ["a01-plate"]
    assert made.as_dict()["mbps"] == pytest.approx(8.0)
    assert made.as_dict()["needed_tb"] == pytest.approx(31.54, abs=0.01)


def test_the_forecast_is_within_2_percent_of_a_simulated_month(archive):
    """Four weeks are measured, the next thirty days are simulated with the same wavering load."""
    sizes = [int(15_000_000 * (1 + 0.2 * ((n * 37) % 100 - 50) / 50)) for n in range(1000)]

    def hour(at, number):
        return Fragment("a01-plate", at, 3600.0, ROOT, f"video/x/{at:%Y%m%d%H}", 60 * sizes[number])

    begin = NOW - 28 * DAY
    hours = [hour(begin + timedelta(hours=n), n % 1000) for n in range(28 * 24)]
    archive.journal.video().add_fragments(hours)
    (room,) = plan(archive.profile, measure(archive.journal, NOW)).rooms
    one = replace(room, a_day={Kind.VIDEO: room.a_day[Kind.VIDEO]})
    other_camera = archive.profile.cameras[1].bitrate_mbps * 1e6 / 8 * 86_400
    month = sum(60 * sizes[(28 * 24 + n) % 1000] for n in range(30 * 24))
    assert 30 * (one.a_day[Kind.VIDEO] - other_camera) == pytest.approx(month, rel=0.02)
