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
from PIL import UnidentifiedImageError

from appliance.runtime.vision.reading import Image, PlateReader, PlateReading

MOST_PIXELS = 150_000_000
"""More than any camera at a gate makes; decoded, half a gigabyte."""


@dataclass(frozen=True, slots=True)
class PhotoAnswer:
    """What one file holds, or the Chinese sentence why it could not be looked at."""

    file: Path
    plates: tuple[PlateReading, ...]
    milliseconds: float
    trouble: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """`{"file", "plates": [{"text", "colour", "confidence", "corners", "rows"}], "ms"}`."""
        answer: dict[str, Any] = {
            "file": str(self.file),
            "plates": [
                {
                    "text": plate.text,
                    "colour": plate.colour.value,
                    "confidence": round(plate.confidence, 4),
                    "corners": plate.corners.round(1).tolist(),
                    "rows": plate.rows,
                    "sure": plate.sure,
                }
                | ({"second": plate.second} if plate.second is not None else {})
                for plate in self.plates
            ],
            "ms": round(self.milliseconds, 1),
        }
        return answer | ({"error": self.trouble} if self.trouble else {})

    def as_text(self) -> str:
        """One line for people."""
        if self.trouble:
            return f"{self.file}：{self.trouble}"
        found = "，".join(f"{p.text} {p.colour} {p.confidence:.2f}" for p in self.plates)
        return f"{self.file}：{found or '没有读出车牌'}"


def read_photo_files(reader: PlateReader, files: Iterable[Path]) -> Iterator[PhotoAnswer]:
    """Each file's plates, best first; a file that is no picture is told, not raised."""
    for file in files:
        image, trouble = _opened(file)
        if image is None:
            yield PhotoAnswer(file, (), 0.0, trouble)
            continue
        began = time.perf_counter()
        plates = tuple(reader.read(image))
        yield PhotoAnswer(file, plates, (time.perf_counter() - began) * 1000)


def _opened(file: Path) -> tuple[Image | None, str]:
    """The picture of a file, or why not. Its size is asked before its pixels are made: a few
    kilobytes can claim gigapixels."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PillowImage.DecompressionBombWarning)
            with PillowImage.open(file) as header:
                width, height = header.size
        if width * height > MOST_PIXELS:
            return None, f"图片过大（{width}×{height}），最多 {MOST_PIXELS // 1_000_000} 百万像素"
        image = cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_COLOR)
    except FileNotFoundError:
        return None, "没有这个文件"
    except PillowImage.DecompressionBombError:
        return None, f"图片过大，最多 {MOST_PIXELS // 1_000_000} 百万像素"
    except (OSError, UnidentifiedImageError, cv2.error):
        image = None
    return (None, "不是能打开的图片") if image is None else (np.asarray(image, np.uint8), "")
