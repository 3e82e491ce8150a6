"""Whether a photo carries what 4.5.1-2 wants printed on it.

The strip with the caption is drawn below the picture, and the same words go into the photo's Exif.
Both are looked at: that there is a strip with writing on it, and what the words are.
"""

from datetime import datetime
from io import BytesIO
from typing import Any

from PIL import Image, UnidentifiedImageError

from appliance.runtime.vision.stamp import IMAGE_DESCRIPTION, PAPER, STRIP_SHARE

LEAST_INK, LEAST_PAPER = 0.002, 0.4
"""Shares of the strip's pixels that are as bright as writing, and as dark as its ground."""


def missing_from_stamp(jpeg: bytes, passage: dict[str, Any]) -> list[str]:
    """What the photo of a passage lacks, in Chinese; empty when nothing is lacking."""
    try:
        with Image.open(BytesIO(jpeg)) as picture:
            words = picture.getexif().get(IMAGE_DESCRIPTION, b"")
            strip = _strip(picture)
    except (UnidentifiedImageError, OSError):
        return ["照片打不开"]
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    text = _as_utf8(text)
    at = datetime.fromisoformat(passage["passed_at"])
    wanted = {
        "进出时间": f"{at:%Y-%m-%d %H:%M:%S}",
        "出入口编号": f"出入口 {passage['entrance']}",
        "道闸编号": f"道闸 {passage['barrier']}",
    }
    if passage["plate"] and not passage["corrected"]:
        wanted["车牌号码"] = passage["plate"]
    lacking = [f"没有{what}" for what, words in wanted.items() if words not in text]
    return lacking if strip else ["照片下方没有印字", *lacking]


def _strip(picture: Image.Image) -> bool:
    """Whether the picture ends in a strip of light writing on dark ground."""
    width, height = picture.size
    strip = max(round(width * STRIP_SHARE), 36)
    if strip >= height:
        return False
    grey = picture.convert("L").crop((0, height - strip, width, height)).histogram()
    total = sum(grey)
    return (
        sum(grey[: PAPER[0] + 30]) >= LEAST_PAPER * total and sum(grey[200:]) >= LEAST_INK * total
    )


def _as_utf8(text: str) -> str:
    """Pillow reads Exif texts as Latin-1; ours are UTF-8."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return text
