"""`gatehouse lane tune`: what a lane's camera sees, what of it counts, and why the rest does not.

Drawn for the installer, who sets `view` of the barrier in the profile: the region, the bounds of a
plate's width as two bars, and every plate found with its text and width.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw

from appliance.clock import Clock
from appliance.fonts import chinese_font
from appliance.profile.model import Lane
from appliance.runtime.vision.photo_files import NoPhoto, open_photo
from appliance.runtime.vision.reading import Image, PlateReader, PlateReading, rounded_down
from appliance.runtime.vision.region import LaneArea
from appliance.runtime.vision.stream import CameraStream
from appliance.trouble import Trouble

Ink = tuple[int, int, int]

WAIT_SECONDS = 15.0
COUNTS, UNSURE, IGNORED = (0, 200, 0), (255, 190, 0), (230, 40, 40)
REGION, INK = (0, 170, 255), (255, 255, 255)
PAPER = (20, 20, 20)


class NoPicture(Trouble):
    """There is no picture to look at; one Chinese sentence."""


@dataclass(frozen=True, slots=True)
class Found:
    """A plate in the picture: its width as a share of the picture's, and why it is ignored (a
    Chinese sentence) or None."""

    reading: PlateReading
    width: float
    objection: str | None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for `--json`."""
        found = {"width": round(self.width, 4), "ignored": self.objection}
        return self.reading.as_dict() | found

    def as_text(self) -> str:
        """One line for people."""
        reading = self.reading
        verdict = f"忽略（{self.objection}）" if self.objection else reading.doubt or "采用"
        confidence = rounded_down(reading.confidence, 2)
        said = f"{reading.text} {reading.colour} 置信度 {confidence:.2f}"
        return f"{said}，宽 {self.width:.3f}，{verdict}"


def camera_picture(lane: Lane, password: str, clock: Clock) -> Image:
    """One frame of the lane's camera; raises NoPicture."""
    stream = CameraStream(lane.camera, password, clock)
    stream.start()
    try:
        frame = stream.next_frame(WAIT_SECONDS)
    finally:
        stream.stop()
    if frame is None:
        raise NoPicture(
            f"相机 {lane.camera.id} 在 {WAIT_SECONDS:.0f} 秒内没有画面，请核对地址、用户名和密码。"
        )
    return frame.image


def file_picture(path: Path) -> Image:
    """The picture in a file; raises NoPicture."""
    try:
        return open_photo(path)
    except NoPhoto as trouble:
        raise NoPicture(f"{path}：{trouble}。") from None


def plates_found(
    image: Image, area: LaneArea, reader: PlateReader, least_confidence: float
) -> tuple[Found, ...]:
    """Every plate of the whole picture, those outside the lane too, as the lane judges them."""
    height, width = image.shape[:2]
    found = []
    for reading in reader.read(image):
        objection = area.objection(reading.corners, width, height)
        if objection is None and reading.confidence < least_confidence:
            objection = f"置信度低于 {least_confidence:g}"
        found.append(Found(reading, reading.width / width, objection))
    return tuple(found)


def drawn(image: Image, area: LaneArea, found: tuple[Found, ...]) -> Image:
    """The picture with region, width bounds and plates, and a legend below it; raises
    FontMissing."""
    height, width = image.shape[:2]
    unit = max(width // 60, 12)
    outside = np.where(area.mask(width, height)[..., None], image, image // 3).astype(np.uint8)
    canvas = PillowImage.new("RGB", (width, height + 4 * unit), PAPER)
    canvas.paste(PillowImage.fromarray(cv2.cvtColor(outside, cv2.COLOR_BGR2RGB)), (0, 0))
    draw = ImageDraw.Draw(canvas)
    line = max(unit // 6, 2)
    corners = [(int(x), int(y)) for x, y in area.corners(width, height)]
    draw.line([*corners, corners[0]], fill=REGION, width=line)
    for one in found:
        colour = IGNORED if one.objection else UNSURE if one.reading.doubt else COUNTS
        places = [(float(x), float(y)) for x, y in one.reading.corners]
        draw.line([*places, places[0]], fill=colour, width=line)
        words = f"{one.reading.text} 宽{one.width:.3f}"
        why = one.objection or one.reading.doubt
        words += f" {why}" if why else ""
        _label(draw, words, places, unit, colour)
    _legend(draw, area, (width, height), unit)
    return np.asarray(cv2.cvtColor(np.asarray(canvas), cv2.COLOR_RGB2BGR), np.uint8)


def write(path: Path, image: Image) -> None:
    """Keep a drawn picture; raises NoPicture where it cannot be."""
    try:
        done = cv2.imwrite(str(path), image)
    except cv2.error:
        done = False
    if not done:
        raise NoPicture(f"{path} 无法写入；文件名应以 .png 或 .jpg 结尾，目录应存在。")


def _label(
    draw: ImageDraw.ImageDraw, words: str, places: list[tuple[float, float]], unit: int, colour: Ink
) -> None:
    """Words above a box, or below it where there is no room; never beyond the picture's edge."""
    font = chinese_font(unit)
    width, height = draw.im.size
    long = draw.textlength(words, font=font)
    x = min(max(min(x for x, _ in places), 0), max(width - long - 4, 0))
    top, bottom = min(y for _, y in places), max(y for _, y in places)
    y = top - unit * 1.6 if top > unit * 1.6 else min(bottom + unit * 0.3, height - unit * 1.5)
    draw.rectangle((x, y, x + long + 4, y + unit * 1.4), fill=PAPER)
    draw.text((x + 2, y + unit * 0.7), words, font=font, fill=colour, anchor="lm")


def _legend(draw: ImageDraw.ImageDraw, area: LaneArea, size: tuple[int, int], unit: int) -> None:
    """What the colours mean, and the least and greatest plate width at their true length."""
    width, height = size
    font = chinese_font(unit)
    x = float(unit)
    inks = (("车道区域", REGION), ("采用", COUNTS), ("待复核", UNSURE), ("忽略", IGNORED))
    for words, colour in inks:
        draw.text((x, height + unit), words, font=font, fill=colour, anchor="lm")
        x += draw.textlength(words, font=font) + unit
    draw.text((x, height + unit), f"画面 {width}×{height}", font=font, fill=INK, anchor="lm")
    x = float(unit)
    for words, share in (("最小车牌宽度", area.least_width), ("最大车牌宽度", area.greatest_width)):
        said = f"{words} {share:g}"
        draw.text((x, height + 3 * unit), said, font=font, fill=INK, anchor="lm")
        x += draw.textlength(said, font=font) + unit / 2
        if 0 < share < 1:
            end = min(x + share * width, width - unit)
            draw.line((x, height + 3 * unit, end, height + 3 * unit), fill=REGION, width=unit // 3)
            x = end
        x += unit
