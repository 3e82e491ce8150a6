"""How a platform reads what the guideline leaves open: one strict or lax answer for each point.

The default is the literal guideline with HJ 212-2017 checked in full. Written without the
appliance's dialects, so that the two can disagree.
"""

from dataclasses import dataclass
from typing import Literal

from acceptance_kit.peers.platform.replies import ReplyStyle
from appliance.runtime.uplink.frame import MAX_SEGMENT_BYTES


@dataclass(frozen=True, slots=True)
class Variant:
    """The settings of a reference platform; `any` takes every form of its point.

    `crc` and `length` are compared with what is computed, with the constant of the field (A9C1 and
    0325), or with nothing; a frame whose length nobody checks goes to its end of line.
    `longest_segment` is in bytes: 9999 for a platform that knows four digits, 1024 for one that
    follows HJ 212. `packets` is whether it joins sub-packets (PNUM, PNO); one that does not
    refuses them. `photos` is how many messages make a passage complete, 2 with one photo each.
    `mn_length` is the longest MN it takes. `dictionary` and `dates` are the words and forms it
    takes, `photo_words` whether it looks for 6.2.5's words in a photo's Base64.
    """

    body: Literal["literal", "cp", "any"] = "literal"
    crc: Literal["computed", "constant", "unchecked"] = "computed"
    length: Literal["computed", "constant", "unchecked"] = "computed"
    longest_segment: int = MAX_SEGMENT_BYTES
    packets: bool = False
    photos: Literal[1, 2] = 1
    dictionary: Literal["codes", "names", "any"] = "codes"
    dates: Literal["compact", "dashed", "any"] = "compact"
    photo_words: Literal["off", "as-written", "any-case"] = "off"
    reply: ReplyStyle = ReplyStyle.ACKNOWLEDGE
    mn_length: int = 20
    version: Literal["2017", "2025", "any"] = "2017"


STRICT = Variant()
LAX = Variant(
    body="any",
    crc="unchecked",
    length="unchecked",
    packets=True,
    dictionary="any",
    dates="any",
    mn_length=24,
    version="any",
)
"""Takes whatever can be understood."""
