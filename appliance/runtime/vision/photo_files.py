"""Reading the plates in photo files, for `gatehouse read`."""

import time
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image as PillowImage

from appliance.runtime.vision.reading import Image, PlateReader, PlateReading, rounded_down
from appliance.trouble import Trouble

MOST_PIXELS = 150_000_000
"""More than any camera at a gate makes; decoded, half a gigabyte."""

TOO_LARGE = f"图片过大，最多 {MOST_PIXELS // 1_000_000} 百万像素，请缩小后再试"
NO_PICTURE = "不是能打开的图片，或者文件已损坏、不完整，请重新复制或导出为 JPEG 或 PNG 后再试"


class NoPhoto(Trouble):
    """A file that is no picture to look at; what is wrong and what to do, in Chinese."""


@dataclass(frozen=True, slots=True)
class PhotoAnswer:
    """What one file holds, or the Chinese sentence why it could not be looked at."""

    file: Path
    plates: tuple[PlateReading, ...]
    milliseconds: float
    trouble: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """`{"file", "plates": […], "ms"}` and, where it could not be looked at, `error`."""
        answer: dict[str, Any] = {
            "file": str(self.file),
            "plates": [plate.as_dict() for plate in self.plates],
            "ms": round(self.milliseconds, 1),
        }
        return answer | ({"error": self.trouble} if self.trouble else {})

    def as_text(self) -> str:
        """One line for people."""
        if self.trouble:
            return f"{self.file}：{self.trouble}"
        found = "，".join(map(_worded, self.plates))
        return f"{self.file}：{found or '没有读出车牌'}"


def read_photo_files(reader: PlateReader, files: Iterable[Path]) -> Iterator[PhotoAnswer]:
    """Each file's plates, best first; a file that is no picture is told, not raised."""
    for file in files:
        try:
            image = open_photo(file)
        except NoPhoto as trouble:
            yield PhotoAnswer(file, (), 0.0, str(trouble))
            continue
        began = time.perf_counter()
        plates = tuple(reader.read(image))
        yield PhotoAnswer(file, plates, (time.perf_counter() - began) * 1000)


def open_photo(file: Path) -> Image:
    """The picture of a file; raises NoPhoto. Its size is asked before its pixels are made: a few
    kilobytes can claim gigapixels."""
    if file.is_dir():
        raise NoPhoto("这是文件夹，请写出其中的照片文件")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PillowImage.DecompressionBombWarning)
            with PillowImage.open(file) as header:
                width, height = header.size
        if width * height > MOST_PIXELS:
            raise PillowImage.DecompressionBombError
        image = cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_COLOR)
    except FileNotFoundError:
        raise NoPhoto("没有这个文件，请核对文件名") from None
    except PermissionError:
        raise NoPhoto("没有读取这个文件的权限，请修改文件权限") from None
    except PillowImage.DecompressionBombError:
        raise NoPhoto(TOO_LARGE) from None
    except Exception as error:  # a damaged file may provoke anything in a decoder
        raise NoPhoto(NO_PICTURE) from error
    if image is None:
        raise NoPhoto(NO_PICTURE)
    return np.asarray(image, np.uint8)


def _worded(plate: PlateReading) -> str:
    told = f"{plate.text} {plate.colour} {rounded_down(plate.confidence, 2):.2f}"
    return f"{told} {plate.doubt}" if plate.doubt else told
