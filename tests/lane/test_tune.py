"""`gatehouse lane tune`: what of a camera's picture counts, and why the rest does not."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from sites import demo_profile, profile_file, secrets_folder
from typer.testing import CliRunner

from acceptance_kit.peers.camera import Scene, SimulatedCamera, Vehicle
from acceptance_kit.peers.camera.scene import idle
from appliance.cli import app
from appliance.guideline.dictionaries import PlateColour
from appliance.runtime.lane.memory import LaneMemory
from appliance.runtime.lane.tune import Found, NoPicture, file_picture
from appliance.runtime.vision.reading import PlateReading

TRUCK = Vehicle("宁A58D21", PlateColour.YELLOW)
LEFT_HALF = [{"x": x, "y": y} for x, y in ((0.0, 0.0), (0.45, 0.0), (0.45, 1.0), (0.0, 1.0))]


def tuned(folder: Path, *options: str, **changes: object) -> dict[str, object]:
    profile = profile_file(folder, demo_profile(folder / "root", **changes))
    photo = folder / "photo.png"
    cv2.imwrite(str(photo), Scene([TRUCK], lead_seconds=0).frame_at(4))
    command = ["lane", "tune", str(profile), "A01", "--image", str(photo), "--json", *options]
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    assert result.exit_code == 0
    return json.loads(result.stdout)


@pytest.mark.parametrize(
    ("view", "why"),
    [
        ({}, None),
        ({"region": LEFT_HALF}, "在车道区域之外"),
        ({"least_plate_width": 0.3}, "太窄"),
        ({"greatest_plate_width": 0.1}, "太宽"),
    ],
)
def test_each_plate_is_told_with_its_width_and_why_it_is_ignored(
    tmp_path: Path, view: dict[str, object], why: str | None
) -> None:
    changes = {"entrances__0__barriers__0__view": view} if view else {}
    (plate,) = tuned(tmp_path, **changes)["plates"]
    assert plate["text"] == TRUCK.plate
    assert plate["width"] == pytest.approx(200 / 1280, abs=0.01)
    assert (plate["ignored"] is None) if why is None else (why in plate["ignored"])


def test_what_is_outside_the_region_is_drawn_dark_and_the_rest_as_it_is(tmp_path: Path) -> None:
    out = tmp_path / "tuned.png"
    tuned(tmp_path, "--out", str(out), entrances__0__barriers__0__view={"region": LEFT_HALF})
    drawn = cv2.imread(str(out))
    empty = idle("day")
    assert np.abs(drawn[60:200, 60:200].astype(int) - empty[60:200, 60:200]).mean() < 1
    assert drawn[60:200, 1000:1200].mean() < empty[60:200, 1000:1200].mean() / 2


@pytest.mark.slow
def test_the_camera_itself_is_asked_when_no_photo_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera = SimulatedCamera(Scene([]), user="gatehouse", password="secret")
    camera.start()
    try:
        profile = demo_profile(tmp_path / "root", cameras__0__rtsp_port=camera.address[1])
        secrets = secrets_folder(tmp_path / "secrets", ["camera-a01"], "secret")
        monkeypatch.setenv("GATEHOUSE_SECRETS", str(secrets))
        out = tmp_path / "tuned.png"
        command = ["lane", "tune", str(profile_file(tmp_path, profile)), "A01", "--out", str(out)]
        result = CliRunner().invoke(app, command, catch_exceptions=False)
    finally:
        camera.stop()
    assert "没有读出车牌" in result.stdout
    assert cv2.imread(str(out)).shape[1] == 1280


def test_a_file_that_is_no_picture_is_told(tmp_path: Path) -> None:
    profile = profile_file(tmp_path, demo_profile(tmp_path / "root"))
    command = ["lane", "tune", str(profile), "A01", "--image", str(profile)]
    result = CliRunner().invoke(app, command)
    assert isinstance(result.exception, NoPicture)


def test_a_picture_that_claims_too_many_pixels_is_refused(tmp_path: Path) -> None:
    photo = tmp_path / "large.png"
    cv2.imwrite(str(photo), np.zeros((12_001, 12_500), np.uint8))
    with pytest.raises(NoPicture, match="图片过大"):
        file_picture(photo)


@pytest.mark.parametrize(
    ("second", "sure", "objection", "told"),
    [
        (None, True, None, "采用"),
        ("", False, None, "待复核"),
        ("宁A58D27", False, None, "待复核（另读作 宁A58D27）"),
        ("宁A58D27", False, "太窄", "忽略（太窄）"),
    ],
)
def test_a_plate_that_the_lane_would_not_trust_is_not_told_as_one_that_counts(
    second: str | None, sure: bool, objection: str | None, told: str
) -> None:
    corners = np.zeros((4, 2), np.float32)
    reading = PlateReading("宁A58D21", PlateColour.YELLOW, (0.999,), corners, 1, second, sure)
    found = Found(reading, 0.15, objection)
    assert found.as_text() == f"宁A58D21 黄牌 置信度 0.99，宽 0.150，{told}"
    assert (found.as_dict()["sure"], found.as_dict().get("second")) == (sure, second)


def test_where_there_is_no_picture_no_view_is_accepted(tmp_path: Path) -> None:
    profile = profile_file(tmp_path, demo_profile(tmp_path / "root"))
    absent = str(tmp_path / "absent.jpg")
    command = ["lane", "tune", str(profile), "A01", "--accept-view", "--image", absent]
    result = CliRunner().invoke(app, command)
    assert isinstance(result.exception, NoPicture)
    assert not LaneMemory(tmp_path / "root", "A01").view_accepted()


def test_a_new_view_is_accepted_once(tmp_path: Path) -> None:
    memory = LaneMemory(tmp_path / "root", "A01")
    assert not memory.view_accepted()
    tuned(tmp_path, "--accept-view")
    assert memory.view_accepted()
    assert not memory.view_accepted()
