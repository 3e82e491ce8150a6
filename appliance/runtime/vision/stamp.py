"""The stamped photo (4.5.1-2): plate, time, entrance and barrier in a strip below the picture.

The strip is added to the picture, so nothing of the picture is covered, least of all the plate. The
front photo's strip also shows the plate once more, straightened and enlarged: it stays legible on
a telephone, and when the uplink has to shrink the photo.
"""

from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

import cv2
import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw

from appliance.fonts import chinese_font
from appliance.guideline.dictionaries import Direction
from appliance.runtime.journal.values import Photo, PhotoKind
from appliance.runtime.vision.reading import Corners, Image, PlateBox
from appliance.runtime.vision.rectify import straighten

QUALITY = 88
INK, PAPER = (255, 255, 255), (20, 20, 20)
KIND_NAMES = {PhotoKind.FRONT: "车头", PhotoKind.BODY: "车身"}
STRIP_SHARE = 0.125
"""The strip's height, in picture widths: two lines that are read on a screen 360 pixels wide."""

INSET_SHARE = 0.4
"""The widest that the enlarged plate gets, in picture widths."""

AROUND = 1.15
"""The enlarged plate with a little of its surroundings, times its own size."""

# Exif 2.3: tags of the first directory and of the Exif directory below it.
EXIF_DIRECTORY, IMAGE_DESCRIPTION = 0x8769, 0x010E
DATE_TIME_ORIGINAL, OFFSET_TIME_ORIGINAL, USER_COMMENT = 0x9003, 0x9011, 0x9286


@dataclass(frozen=True, slots=True)
class Caption:
    """What the guideline wants printed on a photo; `plate` is '未识别' when it was not read."""

    plate: str
    at: datetime
    entrance: str
    barrier: str
    direction: Direction

    def lines(self, kind: PhotoKind) -> tuple[str, str]:
        """The two lines of the strip."""
        return (
            f"{self.plate}  {self.direction}厂  {KIND_NAMES[kind]}",
            f"{self.at:%Y-%m-%d %H:%M:%S}  出入口 {self.entrance}  道闸 {self.barrier}",
        )


def stamped(
    image: Image, kind: PhotoKind, caption: Caption, corners: Corners | None = None
) -> Photo:
    """A JPEG of the picture with the caption below it, and in its EXIF; raises FontMissing.

    `corners` is where the plate is, to be shown once more in the strip.
    """
    height, width = image.shape[:2]
    strip = max(round(width * STRIP_SHARE), 36)
    canvas = PillowImage.new("RGB", (width, height + strip), PAPER)
    canvas.paste(_pillow(image), (0, 0))
    margin = max(strip // 16, 2)
    left = margin * 2
    inset = None if corners is None else _enlarged(image, corners, strip - 2 * margin, width)
    if inset:
        canvas.paste(inset, (margin, height + (strip - inset.height) // 2))
        left += inset.width + margin
    lines = caption.lines(kind)
    draw = ImageDraw.Draw(canvas)
    for number, line in enumerate(lines):
        size = int(strip * 0.42)
        while size > 8 and draw.textlength(line, font=chinese_font(size)) > width - left - margin:
            size -= 1
        middle = height + strip * (0.27 + 0.46 * number)
        draw.text((left, middle), line, font=chinese_font(size), fill=INK, anchor="lm")
    return Photo(kind, _jpeg(canvas, caption, "  ".join(lines)))


def _enlarged(image: Image, corners: Corners, most: int, width: int) -> PillowImage.Image | None:
    """The plate straightened, as large as the strip allows; None when there is nothing of it."""
    centre = corners.mean(axis=0)
    around = (centre + (corners - centre) * AROUND).astype(np.float32)
    plate = straighten(image, PlateBox(around, 1.0, 1))
    if min(plate.shape[:2]) < 4:
        return None
    scale = min(most / plate.shape[0], width * INSET_SHARE / plate.shape[1])
    how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    return _pillow(np.asarray(cv2.resize(plate, None, fx=scale, fy=scale, interpolation=how)))


def _jpeg(canvas: PillowImage.Image, caption: Caption, words: str) -> bytes:
    exif = PillowImage.Exif()
    # UTF-8, as programs that show the field expect it, though Exif 2.3 calls it ASCII.
    exif[IMAGE_DESCRIPTION] = words.encode()
    exif.get_ifd(EXIF_DIRECTORY).update(
        {
            DATE_TIME_ORIGINAL: f"{caption.at:%Y:%m:%d %H:%M:%S}",
            OFFSET_TIME_ORIGINAL: f"{caption.at:%z}"[:3] + ":" + f"{caption.at:%z}"[3:],
            USER_COMMENT: b"UNICODE\0" + words.encode("utf-16-be"),
        }
    )
    packed = BytesIO()
    canvas.save(packed, "JPEG", quality=QUALITY, exif=exif)
    return packed.getvalue()


def _pillow(image: Image) -> PillowImage.Image:
    return PillowImage.fromarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
