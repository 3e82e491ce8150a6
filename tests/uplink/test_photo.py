"""One JPEG out of two photos, within the limit, and never an empty one."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from appliance.runtime.journal.values import Photo, PhotoKind, RecordedPassage
from appliance.runtime.uplink.message import Unsendable
from appliance.runtime.uplink.photo import bounded_jpeg, passage_photo

from .samples import jpeg, passage, recorded

BOTH = (PhotoKind.FRONT, PhotoKind.BODY)
FRONT = (PhotoKind.FRONT,)


def photo_of(
    root: Path,
    made: RecordedPassage,
    *,
    kinds: tuple[PhotoKind, ...] = BOTH,
    limit: int = 200_000,
) -> bytes:
    return passage_photo(made, lambda stored: root / stored.path, kinds=kinds, limit=limit)


def size_of(photo: bytes) -> tuple[int, int]:
    picture = cv2.imdecode(np.frombuffer(photo, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    height, width = picture.shape[:2]
    return width, height


def two_photos(front: tuple[int, int], body: tuple[int, int]) -> dict[str, Any]:
    return {
        "photos": (
            Photo(PhotoKind.FRONT, jpeg(*front, seed=1)),
            Photo(PhotoKind.BODY, jpeg(*body, seed=2)),
        )
    }


def test_front_and_body_stand_side_by_side_at_the_height_of_the_lower(storage: Path) -> None:
    made = recorded(storage, passage(**two_photos((320, 180), (480, 360))))
    assert size_of(photo_of(storage, made)) == (320 + 240, 180)


def test_front_only_sends_the_file_as_it_lies_when_it_fits(storage: Path) -> None:
    made = recorded(storage, passage())
    photo = photo_of(storage, made, kinds=FRONT)
    assert photo == (storage / "front.jpg").read_bytes()


@pytest.mark.parametrize("kinds", [BOTH, FRONT])
@pytest.mark.parametrize("limit", [5_000, 20_000, 60_000])
def test_the_photo_stays_within_the_limit(
    storage: Path, kinds: tuple[PhotoKind, ...], limit: int
) -> None:
    made = recorded(storage, passage(**two_photos((640, 360), (640, 360))))
    photo = photo_of(storage, made, kinds=kinds, limit=limit)
    assert len(photo) <= limit
    assert photo.startswith(b"\xff\xd8")


def test_quality_falls_before_the_picture_shrinks(storage: Path) -> None:
    made = recorded(storage, passage(**two_photos((640, 360), (640, 360))))
    best = photo_of(storage, made, limit=5_000_000)
    bounded = photo_of(storage, made, limit=len(best) // 2)
    assert size_of(bounded) == size_of(best)


@pytest.mark.parametrize("quality", [50, 60, 70, 80, 90])
def test_the_best_quality_that_fits_is_taken(quality: int) -> None:
    def plain(quality: int) -> bytes:
        encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        return encoded.tobytes()

    picture = cv2.imdecode(np.frombuffer(jpeg(640, 360), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    fits = plain(quality)
    assert bounded_jpeg(picture, len(fits)) == fits
    assert bounded_jpeg(picture, len(fits) - 1) == plain(quality - 10)


@pytest.mark.parametrize("limit", [5_000, 20_000, 60_000, 120_000])
def test_a_photo_that_must_shrink_uses_the_room_it_has(storage: Path, limit: int) -> None:
    made = recorded(storage, passage(**two_photos((1280, 720), (1280, 720))))
    assert limit * 0.6 < len(photo_of(storage, made, limit=limit)) <= limit


def test_a_missing_file_is_unsendable(storage: Path) -> None:
    made = recorded(storage, passage())
    (storage / "body.jpg").unlink()
    with pytest.raises(Unsendable, match=r"车身照片文件无法读取：body\.jpg"):
        photo_of(storage, made)


def test_a_file_other_than_recorded_is_unsendable(storage: Path) -> None:
    made = recorded(storage, passage())
    (storage / "front.jpg").write_bytes(jpeg(seed=9))
    with pytest.raises(Unsendable, match="车头照片文件已损坏"):
        photo_of(storage, made)


def test_a_file_that_is_no_picture_is_unsendable(storage: Path) -> None:
    made = recorded(
        storage,
        passage(photos=(Photo(PhotoKind.FRONT, jpeg()), Photo(PhotoKind.BODY, b"no picture"))),
    )
    with pytest.raises(Unsendable, match="车身照片不是可读的图片"):
        photo_of(storage, made)


def test_a_photo_that_was_never_taken_is_unsendable(storage: Path) -> None:
    made = recorded(storage, passage(photos=(Photo(PhotoKind.FRONT, jpeg()),)))
    with pytest.raises(Unsendable, match="缺少车身照片"):
        photo_of(storage, made)
