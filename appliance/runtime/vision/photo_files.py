"""Reading the plates in photo files, for `gatehouse read`."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from appliance.runtime.vision.reading import PlateReader, PlateReading


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
                }
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
        try:
            image = cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_COLOR)
        except (OSError, cv2.error):
            image = None
        if image is None:
            yield PhotoAnswer(file, (), 0.0, "不是能打开的图片")
            continue
        began = time.perf_counter()
        plates = tuple(reader.read(np.asarray(image, np.uint8)))
        yield PhotoAnswer(file, plates, (time.perf_counter() - began) * 1000)
