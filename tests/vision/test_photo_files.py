"""Pictures that nobody sensible would send: each is told or read, none hurts; and how readings are
told."""

import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from appliance.guideline.dictionaries import PlateColour
from appliance.models import ModelStore
from appliance.profile.model import Reader
from appliance.runtime.vision.photo_files import (
    NO_PICTURE,
    NoPhoto,
    PhotoAnswer,
    open_photo,
    read_photo_files,
)
from appliance.runtime.vision.readers import build_reader
from appliance.runtime.vision.reading import PlateReader, PlateReading


@pytest.fixture(scope="module")
def reader() -> PlateReader:
    return build_reader(Reader.OWN, ModelStore.default())


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes whose header says what it likes."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


def read(reader: PlateReader, path: Path) -> PhotoAnswer:
    (answer,) = read_photo_files(reader, [path])
    return answer


@pytest.mark.parametrize("side", [13_000, 60_000])
def test_a_picture_that_claims_too_many_pixels_is_refused_before_they_are_made(
    reader: PlateReader, tmp_path: Path, side: int
) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png_that_claims(side, side))
    assert str(read(reader, path).trouble).startswith("图片过大")


@pytest.mark.slow
def test_a_hundred_megapixels_are_read(reader: PlateReader, tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    cv2.imencode(".jpg", np.full((8_000, 12_500, 3), 90, np.uint8))[1].tofile(path)
    assert read(reader, path).trouble is None


def test_one_pixel_is_a_picture_without_a_plate(reader: PlateReader, tmp_path: Path) -> None:
    path = tmp_path / "dot.png"
    cv2.imencode(".png", np.zeros((1, 1, 3), np.uint8))[1].tofile(path)
    answer = read(reader, path)
    assert (answer.trouble, answer.plates) == (None, ())


@pytest.mark.parametrize("shape", [(2, 4000, 3), (4000, 2, 3)])
def test_a_sliver_is_a_picture_without_a_plate(
    reader: PlateReader, tmp_path: Path, shape: tuple[int, ...]
) -> None:
    path = tmp_path / "sliver.png"
    cv2.imencode(".png", np.zeros(shape, np.uint8))[1].tofile(path)
    assert read(reader, path).plates == ()


@pytest.mark.parametrize("kept", [0, 3, 20, 700, 1500])
def test_of_a_truncated_picture_nothing_is_made_up(
    reader: PlateReader, tmp_path: Path, kept: int
) -> None:
    whole = cv2.imencode(".jpg", np.full((200, 300, 3), 128, np.uint8))[1].tobytes()
    path = tmp_path / "cut.jpg"
    path.write_bytes(whole)
    assert read(reader, path).trouble is None
    path.write_bytes(whole[:kept])
    assert read(reader, path).trouble == NO_PICTURE


def png_of_endless_text() -> bytes:
    """A PNG whose comment unpacks to a hundred times of what Pillow bears."""
    comment = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"a" * 100_000_000))
    head, tail = png_that_claims(8, 8)[:33], png_that_claims(8, 8)[33:]
    return head + comment + tail


def png_with_half_a_header() -> bytes:
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", b"\0\0\0\x08")


@pytest.mark.parametrize("damaged", [png_of_endless_text, png_with_half_a_header])
def test_a_damaged_picture_is_told_and_the_next_one_is_read(
    reader: PlateReader, tmp_path: Path, damaged: Callable[[], bytes]
) -> None:
    bad, good = tmp_path / "bad.png", tmp_path / "good.png"
    bad.write_bytes(damaged())
    cv2.imencode(".png", np.zeros((9, 9, 3), np.uint8))[1].tofile(good)
    troubles = [answer.trouble for answer in read_photo_files(reader, [bad, good])]
    assert troubles == [NO_PICTURE, None]


def test_a_decoder_that_fails_in_a_way_of_its_own_is_a_damaged_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Path) -> None:
        raise RuntimeError("Failed to decode frame")  # as Pillow's AVIF decoder does

    monkeypatch.setattr(PillowImage, "open", fail)
    with pytest.raises(NoPhoto, match="请重新复制或导出"):
        open_photo(tmp_path / "a.avif")


def test_a_folder_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(NoPhoto, match="文件夹"):
        open_photo(tmp_path)


def a_reading(confidence: float, *, sure: bool = True, second: str | None = None) -> PlateReading:
    corners = np.full((4, 2), 277.1000061035156, np.float32)
    return PlateReading(
        "宁A58D21", PlateColour.YELLOW, (confidence, 1.0), corners, 1, second=second, sure=sure
    )


@pytest.mark.parametrize(
    ("plate", "told"),
    [
        (a_reading(0.9), "宁A58D21 黄牌 0.90"),
        (a_reading(0.9999), "宁A58D21 黄牌 0.99"),
        (a_reading(1.0), "宁A58D21 黄牌 1.00"),
        (a_reading(0.9, sure=False), "宁A58D21 黄牌 0.90 待复核"),
        (a_reading(0.9, sure=False, second=""), "宁A58D21 黄牌 0.90 待复核"),
        (
            a_reading(0.9, sure=False, second="宁A58D27"),
            "宁A58D21 黄牌 0.90 待复核（另读作 宁A58D27）",
        ),
    ],
)
def test_people_are_told_what_is_unsure_and_no_confidence_is_rounded_up(
    plate: PlateReading, told: str
) -> None:
    assert PhotoAnswer(Path("a.jpg"), (plate,), 1.0).as_text() == f"a.jpg：{told}"


def test_in_json_neither_confidence_nor_corners_say_more_than_is_known() -> None:
    (told,) = PhotoAnswer(Path("a.jpg"), (a_reading(0.99999),), 1.0).as_dict()["plates"]
    assert told["confidence"] == 0.9999
    assert json.dumps(told["corners"][0]) == "[277.1, 277.1]"


def test_a_file_that_is_not_there_is_told_as_such(reader: PlateReader, tmp_path: Path) -> None:
    assert read(reader, tmp_path / "absent.jpg").trouble == "没有这个文件，请核对文件名"
