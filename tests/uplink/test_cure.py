"""A photo without forbidden words in its Base64 is still the same photo."""

import base64
import re

import cv2
import numpy as np
import pytest
from cv2.typing import MatLike
from hypothesis import example, given, settings
from hypothesis import strategies as st

from appliance.guideline.messages import FORBIDDEN_WORDS
from appliance.runtime.uplink import cure
from appliance.runtime.uplink.cure import Finder, as_written, clean_jpeg, in_any_case
from appliance.runtime.uplink.photo import bounded_jpeg

LEAST_PSNR = 45.0  # decibels; what the quality itself costs is 35 to 40


def scene(width: int, height: int, seed: int, noise: float = 6.0) -> MatLike:
    """Blotches with noise over them: about as many bytes as a photo of that size."""
    chance = np.random.default_rng(seed)
    coarse = chance.integers(0, 255, (height // 12 + 1, width // 12 + 1, 3), dtype=np.uint8)
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    grain = chance.normal(0, noise, (height, width, 1))
    return np.clip(smooth + grain, 0, 255).astype(np.uint8)


def pixels(photo: bytes) -> MatLike:
    picture = cv2.imdecode(np.frombuffer(photo, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture


def plain(picture: MatLike, quality: int) -> bytes:
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def words_in(photo: bytes, *, any_case: bool) -> list[str]:
    flags = re.IGNORECASE if any_case else re.NOFLAG
    return re.findall("|".join(FORBIDDEN_WORDS), base64.b64encode(photo).decode(), flags)


@pytest.mark.parametrize(("finder", "any_case"), [(in_any_case, True), (as_written, False)])
@pytest.mark.parametrize(
    ("size", "quality", "kilobytes"),
    [((640, 400), 80, 60), ((1280, 720), 78, 200), ((1920, 1080), 84, 600)],
)
def test_a_photo_of_60_200_and_600_kb_is_cured_and_still_the_same(
    finder: Finder, any_case: bool, size: tuple[int, int], quality: int, kilobytes: int
) -> None:
    picture = scene(*size, seed=kilobytes)
    photo = clean_jpeg(picture, quality, finder)
    assert photo is not None
    assert 0.7 < len(photo) / 1000 / kilobytes < 1.4
    assert words_in(photo, any_case=any_case) == []
    before = plain(picture, quality)
    assert cv2.PSNR(pixels(photo), pixels(before)) > LEAST_PSNR
    assert len(photo) < 1.01 * len(before)


@settings(max_examples=40)
@example(width=397, height=397, quality=70, seed=397)
@given(
    width=st.integers(17, 700),
    height=st.integers(17, 500),
    quality=st.sampled_from([40, 70, 90]),
    seed=st.integers(0, 2**32 - 1),
)
def test_whatever_the_picture_the_cured_photo_holds_no_word_and_looks_the_same(
    width: int, height: int, quality: int, seed: int
) -> None:
    picture = scene(width, height, seed, noise=20.0)
    photo = clean_jpeg(picture, quality, in_any_case)
    if photo is None:  # a header may hold a word by chance; the next quality has another
        quality -= 1
        photo = clean_jpeg(picture, quality, in_any_case)
    assert photo is not None
    assert words_in(photo, any_case=True) == []
    got, meant = pixels(photo), pixels(plain(picture, quality))
    assert got.shape == meant.shape
    assert cv2.PSNR(got, meant) > LEAST_PSNR


def test_a_word_that_begins_in_one_row_and_ends_in_the_next_would_be_seen() -> None:
    seen: list[bytes] = []
    photo = clean_jpeg(scene(64, 96, seed=1), 80, lambda text: bool(seen.append(text)))
    assert photo is not None
    text = base64.b64encode(photo)
    longest = max(map(len, FORBIDDEN_WORDS))
    windows = {text[at : at + longest] for at in range(len(text) - longest + 1)}
    assert all(any(window in looked_at for looked_at in seen) for window in windows)


def test_rows_that_hold_no_word_are_those_of_the_plain_encoding() -> None:
    picture = scene(640, 400, seed=1)
    photo = clean_jpeg(picture, 80, lambda _: False)
    assert photo is not None
    assert np.array_equal(pixels(photo), pixels(plain(picture, 80)))


def test_a_row_that_cannot_be_clean_makes_the_one_above_change_again() -> None:
    picture = scene(200, 64, seed=3)
    tried = iter([False, False, *[True] * (cure._ROW_TRIES + 1)])  # header, row 1, all of row 2
    photo = clean_jpeg(picture, 80, lambda _: next(tried, False))
    assert photo is not None
    _, plain_rows = cure._encode(picture, 80)
    rows = cure._RESTART.split(photo)
    changed = [not row.endswith(was) for row, was in zip(rows, plain_rows, strict=True)]
    assert changed[:3] == [True, False, False]


def test_a_picture_that_cannot_be_cured_is_none_and_the_search_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cure, "_PICTURE_TRIES", 200)
    assert clean_jpeg(scene(64, 64, 1), 80, lambda text: len(text) < 500) is None


def test_a_quality_whose_own_tables_hold_a_word_is_passed_over() -> None:
    assert clean_jpeg(scene(64, 64, 1), 83, in_any_case) is None
    assert clean_jpeg(scene(64, 64, 1), 83, as_written) is not None


def test_a_bounded_photo_is_cured_within_its_limit() -> None:
    photo = bounded_jpeg(scene(1280, 720, seed=9), 120_000, in_any_case)
    assert len(photo) <= 120_000
    assert words_in(photo, any_case=True) == []


def test_a_photo_that_holds_no_word_is_left_as_it_is() -> None:
    picture = scene(64, 64, seed=2)
    assert bounded_jpeg(picture, 60_000, in_any_case) == plain(picture, 90)
