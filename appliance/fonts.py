"""The Chinese typeface that stamps and drawings are lettered in."""

from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

from appliance.trouble import Trouble

PLACES = (
    Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc"),
    Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"),
)
SIMPLIFIED_CHINESE = 2
"""Noto's collection holds one face a region; this one has the mainland's glyphs."""


class FontMissing(Trouble):
    """This machine has no Chinese typeface; the message names the package."""


@lru_cache(maxsize=32)
def chinese_font(size: int) -> ImageFont.FreeTypeFont:
    """A bold simplified Chinese face of `size` pixels; raises FontMissing."""
    return ImageFont.truetype(str(typeface()), size, index=SIMPLIFIED_CHINESE)


def typeface() -> Path:
    """The file of the typeface; raises FontMissing."""
    for place in PLACES:
        if place.is_file():
            return place
    raise FontMissing("缺少中文字体，请安装系统软件包 fonts-noto-cjk。")
