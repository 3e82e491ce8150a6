"""The stamped photo (4.5.1-2)."""

from datetime import datetime

import cv2
import numpy as np
import pytest

from appliance.clock import BEIJING
from appliance.guideline.dictionaries import Direction
from appliance.runtime.journal.values import PhotoKind
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
