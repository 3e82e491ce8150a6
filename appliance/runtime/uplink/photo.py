"""The photos of a passage as the one JPEG that F_JCZP takes (7.3.1), within the profile's limit."""

import hashlib
import math
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from cv2.typing import MatLike

from appliance.runtime.journal.errors import UnsafePath
from appliance.runtime.journal.values import PhotoKind, RecordedPassage, StoredPhoto
from appliance.runtime.uplink.cure import Finder, clean_jpeg, holds_word
from appliance.runtime.uplink.message import Unsendable

_QUALITIES = (40, 50, 60, 70, 80, 90)
_LEAST_SHRUNK, _MOST_SHRUNK = 0.8, 0.5  # in one step
_SMALLEST_SIDE = 32
# Times the bytes of half the size: measured 2.3 to 8 on the photos of ../shared. So a picture that
# must shrink by more than a half need not be looked at whole, which would take the longest.
_LEAST_OF_WHOLE = 2
_NAMES = {PhotoKind.FRONT: "车头照片", PhotoKind.BODY: "车身照片"}


def passage_photo(
    passage: RecordedPassage,
    locate: Callable[[StoredPhoto], Path],
    *,
    kinds: tuple[PhotoKind, ...],
    limit: int,
    finder: Finder | None = None,
) -> bytes:
    """The photos `kinds` of a passage, left to right, as one JPEG of at most `limit` bytes.

    `locate` gives the file of a stored photo; with a `finder` the Base64 of the result holds no
    word it finds. Raises Unsendable when a photo is missing, differs from what was recorded, or
    cannot be read: an empty field would pass for a photo sent.
    """
    jpegs = [_read(passage, kind, locate) for kind in kinds]
    if len(jpegs) == 1 and len(jpegs[0]) <= limit:
        photo = jpegs[0]
        if finder is None or not holds_word(photo, finder):
            return photo
    try:
        half = side_by_side(_decoded(jpegs, kinds, cv2.IMREAD_REDUCED_COLOR_2))
        least = len(_encoded(half, _QUALITIES[0])) * _LEAST_OF_WHOLE
        if least > limit and min(half.shape[:2]) >= _SMALLEST_SIDE:
            return bounded_jpeg(half, limit, finder)
        return bounded_jpeg(side_by_side(_decoded(jpegs, kinds)), limit, finder)
    except cv2.error as error:
        raise Unsendable("照片（F_JCZP）无法拼接或压缩") from error


def side_by_side(pictures: list[MatLike]) -> MatLike:
    """BGR pictures from left to right, shrunk to the height of the lowest."""
    height = min(picture.shape[0] for picture in pictures)
    return np.hstack([_scaled(picture, height / picture.shape[0]) for picture in pictures])


def bounded_jpeg(picture: MatLike, limit: int, finder: Finder | None = None) -> bytes:
    """`picture` as a JPEG of at most `limit` bytes: falling quality first, then falling size.

    With a `finder` its Base64 holds no word it finds. Raises Unsendable when nothing fits.
    """
    while min(picture.shape[:2]) >= _SMALLEST_SIDE:
        least = _encoded(picture, _QUALITIES[0])
        if len(least) <= limit:
            photo = _best(picture, least, limit, finder)
            if photo is not None:
                return photo
        factor = math.sqrt(limit / len(least))  # bytes go about with the pixels
        picture = _scaled(picture, min(max(factor, _MOST_SHRUNK), _LEAST_SHRUNK))
    raise Unsendable(f"照片（F_JCZP）缩小后仍超过上限{limit}字节")


def _best(picture: MatLike, photo: bytes, limit: int, finder: Finder | None) -> bytes | None:
    """The JPEG of the best quality that fits; `photo` is that of the least, which does.

    It is found by halving, since each try takes milliseconds. None when no quality can be cured
    of its words within the limit.
    """
    low, high = 0, len(_QUALITIES)
    while high - low > 1:
        middle = (low + high) // 2
        tried = _encoded(picture, _QUALITIES[middle])
        if len(tried) <= limit:
            low, photo = middle, tried
        else:
            high = middle
    if finder is None or not holds_word(photo, finder):
        return photo
    for quality in reversed(_QUALITIES[: low + 1]):
        cured = clean_jpeg(picture, quality, finder)
        if cured is not None and len(cured) <= limit:
            return cured
    return None


def _encoded(picture: MatLike, quality: int) -> bytes:
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def _read(
    passage: RecordedPassage, kind: PhotoKind, locate: Callable[[StoredPhoto], Path]
) -> bytes:
    stored = next((photo for photo in passage.photos if photo.kind is kind), None)
    if stored is None:
        raise Unsendable(f"照片（F_JCZP）缺少{_NAMES[kind]}")
    try:
        jpeg = locate(stored).read_bytes()
    except (OSError, UnsafePath) as error:
        raise Unsendable(f"照片（F_JCZP）的{_NAMES[kind]}文件无法读取：{stored.path}") from error
    if hashlib.sha256(jpeg).hexdigest() != stored.sha256:
        raise Unsendable(f"照片（F_JCZP）的{_NAMES[kind]}文件已损坏：{stored.path}")
    return jpeg


def _decoded(
    jpegs: list[bytes], kinds: tuple[PhotoKind, ...], way: int = cv2.IMREAD_COLOR
) -> list[MatLike]:
    return [_decode(jpeg, kind, way) for jpeg, kind in zip(jpegs, kinds, strict=True)]


def _decode(jpeg: bytes, kind: PhotoKind, way: int) -> MatLike:
    try:
        picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), way)
    except cv2.error:
        picture = None
    if picture is None:
        raise Unsendable(f"照片（F_JCZP）的{_NAMES[kind]}不是可读的图片")
    return picture


def _scaled(picture: MatLike, factor: float) -> MatLike:
    if factor == 1:
        return picture
    height, width = picture.shape[:2]
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    # Down to a half the quick way looks at every pixel; below that it would leave some out.
    way = cv2.INTER_LINEAR if factor >= _MOST_SHRUNK else cv2.INTER_AREA
    return cv2.resize(picture, size, interpolation=way)
