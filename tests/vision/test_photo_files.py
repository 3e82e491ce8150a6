"""Pictures that nobody sensible would send: each is told or read, none hurts."""

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from appliance.models import ModelStore
from appliance.profile.model import Reader
from appliance.runtime.vision.photo_files import PhotoAnswer, read_photo_files
from appliance.runtime.vision.readers import build_reader
from appliance.runtime.vision.reading import PlateReader


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
    assert read(reader, path).trouble == "不是能打开的图片"


def test_a_file_that_is_not_there_is_told_as_such(reader: PlateReader, tmp_path: Path) -> None:
    assert read(reader, tmp_path / "absent.jpg").trouble == "没有这个文件"
