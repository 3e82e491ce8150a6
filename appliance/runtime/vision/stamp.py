"""The stamped photo (4.5.1-2): plate, time, entrance and barrier in a strip below the picture.

The strip is added to the picture, so nothing of the picture is covered, least of all the plate.
"""

from dataclasses import dataclass
from datetime import datetime

import cv2
import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw

from appliance.fonts import chinese_font
from appliance.guideline.dictionaries import Direction
from appliance.runtime.journal.values import Photo, PhotoKind
from appliance.runtime.vision.reading import Image

QUALITY = 88
INK, PAPER = (255, 255, 255), (20, 20, 20)
KIND_NAMES = {PhotoKind.FRONT: "车头", PhotoKind.BODY: "车身"}


@dataclass(frozen=True, slots=True)
class Caption:
    """What the guideline wants printed on a photo; `plate` is '未识别' when it was not read."""

    plate: str
    at: datetime
    entrance: str
    barrier: str
    direction: Direction


def stamped(image: Image, kind: PhotoKind, caption: Caption) -> Photo:
    """A JPEG of the picture with the caption below it; raises FontMissing."""
    height, width = image.shape[:2]
    canvas = PillowImage.new("RGB", (width, height + _strip_height(width)), PAPER)
    canvas.paste(PillowImage.fromarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)), (0, 0))
    text = (
        f"{caption.plate}  {caption.at:%Y-%m-%d %H:%M:%S}  {caption.direction}厂"
        f"  出入口 {caption.entrance}  道闸 {caption.barrier}  {KIND_NAMES[kind]}"
    )
    draw = ImageDraw.Draw(canvas)
    size = _strip_height(width) * 3 // 4
    while size > 8 and draw.textlength(text, font=chinese_font(size)) > width * 0.98:
        size -= 1
    middle = height + _strip_height(width) / 2
    draw.text((width * 0.01, middle), text, font=chinese_font(size), fill=INK, anchor="lm")
    pixels = cv2.cvtColor(np.asarray(canvas), cv2.COLOR_RGB2BGR)
    ok, jpeg = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not ok:
        raise ValueError("the picture cannot be encoded as JPEG")
    return Photo(kind, jpeg.tobytes())


def _strip_height(width: int) -> int:
    return max(width // 22, 16)
