"""Whether the kit sees what 4.5.1-2 wants printed on a photo, and that it misses what is not."""

from dataclasses import replace
from datetime import datetime
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from acceptance_kit.checks.stamp import missing_from_stamp
from appliance.clock import BEIJING
from appliance.guideline.dictionaries import Direction
from appliance.runtime.journal.values import PhotoKind
from appliance.runtime.vision.stamp import Caption, stamped

CAPTION = Caption(
    "宁A58D21", datetime(2026, 11, 25, 9, 30, 5, tzinfo=BEIJING), "A", "A01", Direction.IN
)
PASSAGE: dict[str, Any] = {
    "plate": "宁A58D21",
    "corrected": False,
    "passed_at": CAPTION.at.isoformat(),
    "entrance": "A",
    "barrier": "A01",
}
SCENE = np.full((360, 640, 3), 130, np.uint8)


def photo(**changes: Any) -> bytes:
    return stamped(SCENE, PhotoKind.FRONT, replace(CAPTION, **changes)).jpeg


def test_a_stamped_photo_lacks_nothing() -> None:
    assert missing_from_stamp(photo(), PASSAGE) == []


@pytest.mark.parametrize(
    ("changes", "lacking"),
    [
        ({"plate": "未识别"}, "没有车牌号码"),
        ({"barrier": "A02"}, "没有道闸编号"),
        ({"entrance": "B"}, "没有出入口编号"),
        ({"at": datetime(2026, 11, 25, 9, 30, 6, tzinfo=BEIJING)}, "没有进出时间"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_another_caption_is_told(changes: dict[str, Any], lacking: str) -> None:
    assert missing_from_stamp(photo(**changes), PASSAGE) == [lacking]


def test_a_plate_that_was_entered_by_hand_cannot_be_on_the_photo() -> None:
    assert missing_from_stamp(photo(plate="未识别"), PASSAGE | {"corrected": True}) == []


def test_words_in_the_exif_without_writing_on_the_picture_are_no_stamp() -> None:
    with Image.open(BytesIO(photo())) as picture:
        bare, exif = Image.new("RGB", picture.size, (130, 130, 130)), picture.info["exif"]
        packed = BytesIO()
        bare.save(packed, "JPEG", exif=exif)
    assert missing_from_stamp(packed.getvalue(), PASSAGE) == ["照片下方没有印字"]


def test_what_is_no_picture_is_told() -> None:
    assert missing_from_stamp(b"no picture", PASSAGE) == ["照片打不开"]
