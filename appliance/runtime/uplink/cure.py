"""A photo whose Base64 holds none of the forbidden words (6.2.5), though nobody would see it.

The Base64 of any 200 KB photo holds `and` in some case by chance, and another quality only moves
it. So the picture is encoded with a restart interval for each row of MCUs: the rows are then
independent, and a row whose Base64 holds a word is encoded again with one 8x8 block of it a grey
level brighter or darker, which gives that row other bits from there on. Where no block helps, the
row above is changed once more.
"""

import base64
import random
import re
from collections.abc import Callable, Iterator

import cv2
import numpy as np
from cv2.typing import MatLike

from appliance.guideline.messages import FORBIDDEN_WORDS

_WORDS = tuple(word.encode() for word in FORBIDDEN_WORDS)
_MCU = 16  # pixels: OpenCV halves the chroma both ways unless told otherwise
_BLOCK = 8
_ROW_TRIES = 48
_PICTURE_TRIES = 20_000
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")  # inside the data every other FF is followed by 00
_END = b"\xff\xd9"
# A group of three bytes is four characters; eight are more than the longest word.
_GROUP = 3
_BEFORE = 2 * _GROUP

Finder = Callable[[bytes], bool]
"""Tells whether Base64 holds a word that a platform refuses."""


def as_written(text: bytes) -> bool:
    """Whether a word of 6.2.5 stands in `text` as the guideline prints it."""
    return any(word in text for word in _WORDS)


def in_any_case(text: bytes) -> bool:
    """Whether a word of 6.2.5 stands in `text` in capitals, small letters or a mixture."""
    return as_written(text.lower())


def holds_word(photo: bytes, finder: Finder) -> bool:
    """Whether the Base64 of `photo` holds a word that `finder` finds."""
    return finder(base64.b64encode(photo))


def clean_jpeg(picture: MatLike, quality: int, finder: Finder) -> bytes | None:
    """`picture` (BGR) as a JPEG whose Base64 holds no word that `finder` finds.

    None when there is none to be found: the header, the same for all pictures of this size and
    quality, may hold a word itself.
    """
    header, rows = _encode(picture, quality)
    choices: list[Iterator[bytes]] = []  # of each row begun, what has not been tried
    ends = [len(header)]  # of the header, and of each row that is clean so far
    made = bytearray(header)
    if finder(_base64(made, 0, whole=False)):
        return None
    for _ in range(_PICTURE_TRIES):
        if len(choices) < len(ends):
            choices.append(_row_choices(picture, len(choices), rows, quality))
        last = len(choices) == len(rows)
        row = next(choices[-1], None)
        if row is None:  # this row cannot be clean behind the one above
            choices.pop()
            ends.pop()
            if not choices:
                return None
            del made[ends[-1] :]
            continue
        made += row
        if finder(_base64(made, ends[-1], whole=last)):
            del made[ends[-1] :]
        elif last:
            return bytes(made)
        else:
            ends.append(len(made))
    return None


def _base64(made: bytearray, since: int, *, whole: bool) -> bytes:
    """The characters that the bytes from `since` on bring, and those a word may begin in.

    What of the last group is not settled yet belongs to the next row, unless this is the `whole`.
    """
    start = max(0, since // _GROUP * _GROUP - _BEFORE)
    end = len(made) if whole else len(made) // _GROUP * _GROUP
    return base64.b64encode(made[start:end])


def _encode(picture: MatLike, quality: int) -> tuple[bytes, list[bytes]]:
    """The header of a JPEG and the data of each row of MCUs, without what stands between them."""
    per_row = -(-picture.shape[1] // _MCU)
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_RST_INTERVAL, per_row]
    jpeg = cv2.imencode(".jpg", picture, options)[1].tobytes()
    scan = jpeg.index(b"\xff\xda")
    start = scan + 2 + int.from_bytes(jpeg[scan + 2 : scan + 4])
    return jpeg[:start], _RESTART.split(jpeg[start:].removesuffix(_END))


def _row_choices(picture: MatLike, number: int, rows: list[bytes], quality: int) -> Iterator[bytes]:
    """The row as it is, then with one block after another changed; each with what follows it."""
    tail = _END if number == len(rows) - 1 else bytes([0xFF, 0xD0 + number % 8])
    yield rows[number] + tail
    strip = picture[number * _MCU : (number + 1) * _MCU]
    # Only what stands behind the block changes, so blocks on the left are the likelier help. The
    # same order each time makes the same photo of the same picture.
    chance = random.Random(number)  # noqa: S311
    for tried in range(_ROW_TRIES):
        column = int(strip.shape[1] * chance.random() ** 4) // _BLOCK * _BLOCK
        # At a low quality one grey level may be rounded away.
        level = 1 + tried // 8
        yield _encode(_nudged(strip, column, level), quality)[1][0] + tail


def _nudged(strip: MatLike, column: int, level: int) -> MatLike:
    """`strip` with the 8x8 block at `column` that many grey levels nearer to the middle."""
    changed = strip.copy()
    block = changed[:_BLOCK, column : column + _BLOCK]
    step = -level if np.mean(block) > 127 else level
    block[:] = np.clip(block.astype(np.int16) + step, 0, 255).astype(np.uint8)
    return changed
