"""The stamped photo (4.5.1-2)."""

from datetime import datetime
from io import BytesIO

import cv2
import numpy as np
import pytest
from drawn import Placed, at_distance, picture
from PIL import Image as Pillow

from acceptance_kit.peers.camera import Vehicle
from appliance.clock import BEIJING
from appliance.guideline.dictionaries import Direction, PlateColour
from appliance.models import ModelStore
from appliance.profile.model import Reader
from appliance.runtime.journal.values import PhotoKind
from appliance.runtime.uplink.photo import bounded_jpeg
from appliance.runtime.vision.readers import build_reader
from appliance.runtime.vision.stamp import Caption, stamped

CAPTION = Caption(
    "宁A58D21 黄牌", datetime(2026, 11, 24, 8, 30, 5, tzinfo=BEIJING), "A", "A01", Direction.IN
)


def opened(jpeg: bytes) -> np.ndarray:
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image)


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (2048, 1536), (320, 240)])
def test_the_caption_is_added_below_and_covers_nothing_of_the_picture(
    width: int, height: int
) -> None:
    picture = np.full((height, width, 3), (10, 200, 30), np.uint8)
    image = opened(stamped(picture, PhotoKind.FRONT, CAPTION).jpeg)
    assert image.shape[1] == width
    assert image.shape[0] > height
    assert np.abs(image[: height - 8].astype(int) - (10, 200, 30)).max() < 12


def test_the_caption_has_ink_from_the_left_and_ends_before_the_right_edge() -> None:
    picture = np.zeros((720, 1280, 3), np.uint8)
    strip = opened(stamped(picture, PhotoKind.BODY, CAPTION).jpeg)[720:]
    inked = np.flatnonzero(strip.max(axis=(0, 2)) > 128)
    assert inked[0] < 30
    assert 900 < inked[-1] < 1275


def test_another_plate_is_another_picture() -> None:
    picture = np.zeros((720, 1280, 3), np.uint8)
    other = Caption("未识别 其他", CAPTION.at, "A", "A01", Direction.IN)
    one = stamped(picture, PhotoKind.FRONT, CAPTION).jpeg
    assert one != stamped(picture, PhotoKind.FRONT, other).jpeg


TRUCK = Placed(Vehicle("宁A58D21", PlateColour.YELLOW), at_distance(1))


def plate_corners(truck: Placed) -> np.ndarray:
    left, top, width, height = truck.plate
    right, bottom = left + width, top + height
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)


def test_the_plate_stands_once_more_in_the_strip_and_is_read_there() -> None:
    far = Placed(TRUCK.vehicle, at_distance(2.2))
    photo = stamped(picture(far), PhotoKind.FRONT, CAPTION, plate_corners(far))
    strip = opened(photo.jpeg)[720:]
    found = build_reader(Reader.OWN, ModelStore.default()).read(strip)
    assert [reading.text for reading in found] == ["宁A58D21"]


def test_the_plate_is_still_read_when_the_uplink_has_shrunk_the_photo() -> None:
    photo = stamped(picture(TRUCK), PhotoKind.FRONT, CAPTION, plate_corners(TRUCK))
    small = opened(bounded_jpeg(opened(photo.jpeg), 12_000))
    found = build_reader(Reader.OWN, ModelStore.default()).read(np.asarray(small, np.uint8))
    assert max(found, key=lambda reading: reading.width).text == "宁A58D21"


def test_the_exif_tells_time_place_and_plate() -> None:
    photo = stamped(picture(TRUCK), PhotoKind.FRONT, CAPTION, plate_corners(TRUCK))
    exif = Pillow.open(BytesIO(photo.jpeg)).getexif()
    inner = exif.get_ifd(0x8769)
    assert inner[0x9003] == "2026:11:24 08:30:05"
    assert inner[0x9011] == "+08:00"
    said = exif[0x010E].encode("latin-1").decode()
    for word in ("宁A58D21 黄牌", "2026-11-24 08:30:05", "出入口 A", "道闸 A01", "进厂", "车头"):
        assert word in said
    assert inner[0x9286][8:].decode("utf-16-be") == said


def test_a_plate_at_the_very_edge_of_the_picture_spoils_no_photo() -> None:
    corners = np.array([(-40, 700), (30, 700), (30, 740), (-40, 740)], np.float32)
    assert opened(stamped(picture(TRUCK), PhotoKind.FRONT, CAPTION, corners).jpeg).size
