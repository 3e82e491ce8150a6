"""The box's own screen. A Linux console has no Chinese glyphs, so what it says is a picture.

The picture is drawn with the appliance's typeface and written to the framebuffer, on a virtual
terminal of its own: Alt+F1 still leads to the login prompt. A box without a screen loses nothing.
"""

import contextlib
import fcntl
import os
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from appliance.firstboot.notice import Notice
from appliance.fonts import FontMissing, chinese_font

FRAMEBUFFER = Path("/dev/fb0")
TERMINAL = 8

_VARIABLE, _FIXED = 0x4600, 0x4602  # FBIOGET_VSCREENINFO, FBIOGET_FSCREENINFO
_SET_MODE, _GRAPHICS, _ACTIVATE = 0x4B3A, 1, 0x5606  # KDSETMODE, KD_GRAPHICS, VT_ACTIVATE
_RAW = {32: "BGRX", 24: "BGR"}
_DEPTHS = (32, 24, 16)

GROUND, INK, BAD, GOOD = "#101820", "#e8edf2", "#ff6b5e", "#7fd38b"


@dataclass(frozen=True, slots=True)
class Geometry:
    """A framebuffer: pixels, bits of each, bytes of a line."""

    width: int
    height: int
    depth: int
    stride: int


def show(notice: Notice) -> None:
    """Draw it, where there is a screen and a typeface."""
    with contextlib.suppress(OSError, FontMissing):
        handle = os.open(FRAMEBUFFER, os.O_WRONLY)
        try:
            geometry = _geometry(handle)
            if geometry.depth in _DEPTHS and geometry.width and geometry.height:
                _take_terminal()
                drawn = picture(notice, geometry.width, geometry.height)
                os.pwrite(handle, pixels(drawn, geometry), 0)
        finally:
            os.close(handle)


def picture(notice: Notice, width: int, height: int) -> Image.Image:
    """The notice as a picture; what does not fit is counted in the last line."""
    image = Image.new("RGB", (width, height), GROUND)
    pen = ImageDraw.Draw(image)
    margin = width // 24
    large, small = chinese_font(max(18, height // 20)), chinese_font(max(12, height // 38))
    pen.text((margin, margin), notice.title, font=large, fill=GOOD if notice.well else BAD)
    top, step = margin + height // 10, height // 26
    room = max(1, (height - margin - top) // step)
    lines = [part for line in notice.lines for part in _folded(line, small, width - 2 * margin)]
    if len(lines) > room:
        lines = [*lines[: room - 1], f"……还有 {len(lines) - room + 1} 行，见状态页"]
    for number, line in enumerate(lines):
        pen.text((margin, top + number * step), line, font=small, fill=INK)
    return image


def pixels(image: Image.Image, geometry: Geometry) -> bytes:
    """The picture as the framebuffer's memory has it."""
    if geometry.depth == 16:
        red, green, blue = np.moveaxis(np.asarray(image, dtype="<u2"), 2, 0)
        words = (red >> 3) << 11 | (green >> 2) << 5 | blue >> 3
        raw = bytes(words.astype("<u2").tobytes())
    else:
        raw = image.tobytes("raw", _RAW[geometry.depth])
    line = geometry.width * geometry.depth // 8
    if line == geometry.stride:
        return raw
    rest = bytes(geometry.stride - line)
    return b"".join(raw[at : at + line] + rest for at in range(0, len(raw), line))


def _folded(line: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """A line in parts no wider than `width`: Chinese breaks anywhere."""
    parts, part = [], ""
    for letter in line:
        if part and font.getlength(part + letter) > width:
            parts.append(part)
            part = ""
        part += letter
    return [*parts, part]


def _geometry(handle: int) -> Geometry:
    variable = fcntl.ioctl(handle, _VARIABLE, bytes(160))
    width, height, *_, depth = struct.unpack_from("7I", variable)
    # struct fb_fix_screeninfo: id[16], smem_start (long), four words, three half words, line_length
    fixed = fcntl.ioctl(handle, _FIXED, bytes(80))
    return Geometry(width, height, depth, struct.unpack_from("I", fixed, 48)[0])


def _take_terminal() -> None:
    """A terminal of our own, on which the kernel writes no text over the picture."""
    with contextlib.suppress(OSError), open(f"/dev/tty{TERMINAL}", "wb") as terminal:  # noqa: PTH123
        fcntl.ioctl(terminal, _SET_MODE, _GRAPHICS)
        fcntl.ioctl(terminal, _ACTIVATE, TERMINAL)
