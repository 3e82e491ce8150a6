"""What a platform's answer says, in each form it may come in (7.4 gives numbers, but no frame).

A form reads either a frame or a line that is none, and says None to what it does not know. The
setting `replies` of the profile picks the forms; `tolerant` is all of them.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from appliance.guideline.messages import Result
from appliance.runtime.uplink.frame import Frame, crc16

READY = "9011"
EXECUTION_RESULT = "9012"
DATA_ACKNOWLEDGEMENT = "9014"


@dataclass(frozen=True, slots=True)
class Reply:
    """What the platform answered: a number of 7.4, or one it does not name.

    `qn` is the message's, None when the platform did not say: then it can be that of the only
    message on its way, and of no other. `raw` is the answer as it came.
    """

    qn: str | None
    code: int
    raw: str = field(default="", compare=False)


FrameForm = Callable[[Frame], Reply | None]
LineForm = Callable[[str], Reply | None]


@dataclass(frozen=True, slots=True)
class Forms:
    """The forms a reply may have."""

    frames: tuple[FrameForm, ...] = ()
    lines: tuple[LineForm, ...] = ()

    def of_frame(self, frame: Frame) -> Reply | None:
        """The reply in a frame, or None."""
        return next((reply for form in self.frames if (reply := form(frame))), None)

    def of_line(self, text: str) -> Reply | None:
        """The reply in a line that is no frame, or None."""
        return next((reply for form in self.lines if (reply := form(text.strip()))), None)


def data_acknowledgement(frame: Frame) -> Reply | None:
    """A 9014: bare it means 'received', with QnRtn or ExeRtn it is what they say."""
    if frame.get("CN") != DATA_ACKNOWLEDGEMENT:
        return None
    return _reply(frame, _numbers(frame, "QnRtn", "ExeRtn") or ["1"])


def execution_result(frame: Frame) -> Reply | None:
    """A 9012: ExeRtn is the number, or QnRtn where that stands instead."""
    if frame.get("CN") != EXECUTION_RESULT:
        return None
    return _reply(frame, _numbers(frame, "ExeRtn", "QnRtn"))


def not_ready(frame: Frame) -> Reply | None:
    """A 9011 that refuses: 'ready' (1) is no promise to have received anything."""
    if frame.get("CN") != READY:
        return None
    reply = _reply(frame, _numbers(frame, "QnRtn"))
    return None if reply is None or reply.code == Result.RECEIVED else reply


def _numbers(frame: Frame, *names: str) -> list[str]:
    # At the top level too: a platform that reads 7.3 literally may well write so.
    said = [frame.parameter(name) or frame.get(name) for name in names]
    return [number for number in said if number is not None]


def _reply(frame: Frame, numbers: list[str]) -> Reply | None:
    """Of several numbers the one that is not 'received' counts."""
    codes = [_number(text) for text in numbers]
    if not codes or None in codes:
        return None
    known = [code for code in codes if code is not None]
    refusals = [code for code in known if code != Result.RECEIVED]
    raw = frame.raw.decode(errors="replace")
    return Reply(frame.get("QN") or None, (refusals or known)[0], raw)


def _number(text: str) -> int | None:
    """A number as HJ 212 writes it, at most nine digits."""
    return int(text[:9]) if text.isascii() and text.isdigit() else None


_NUMBER_LINE = re.compile(r"[0-9]{1,3}")
_NUMBER_FRAME = re.compile(r"##000([1-3])([0-9]{1,3})([0-9A-Fa-f]{4})")
_NUMBER_AND_TEXT = re.compile(r"([0-9]{1,3})[\s:：,，.、-]*(\D+)")
_TEXTS = {result.text: int(result) for result in Result}
_ENDS = " \t\"'“”。.!！;；"


def bare_number(text: str) -> Reply | None:
    """A number on a line, or as the whole data segment of a frame."""
    framed = _NUMBER_FRAME.fullmatch(text)
    if framed:
        sound = int(framed[1]) == len(framed[2]) and int(framed[3], 16) == crc16(framed[2].encode())
        return Reply(None, int(framed[2]), text) if sound else None
    return Reply(None, int(text), text) if _NUMBER_LINE.fullmatch(text) else None


def plain_text(text: str) -> Reply | None:
    """返回信息 of 7.4, alone or behind its own number."""
    words = text.strip(_ENDS)
    numbered = _NUMBER_AND_TEXT.fullmatch(words)
    code = _TEXTS.get(numbered[2].strip(_ENDS) if numbered else words)
    if code is None or (numbered and int(numbered[1]) != code):
        return None
    return Reply(None, code, text)


_CODE_NAMES = (
    "exertn",
    "qnrtn",
    "code",
    "result",
    "resultcode",
    "status",
    "ret",
    "returncode",
    "返回编号",
)
_TEXT_NAMES = ("msg", "message", "result", "info", "返回信息")


def json_object(text: str) -> Reply | None:
    """A JSON object with a number or a text of 7.4 under a usual name; a refusal counts first.

    A number that 7.4 does not name counts only where nothing else does: 200 is often HTTP's.
    """
    if not text.startswith("{"):
        return None
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    values = {str(name).lower(): value for name, value in said.items()}
    codes = [code for name in _CODE_NAMES if (code := _json_number(values.get(name))) is not None]
    texts = [_TEXTS[words] for name in _TEXT_NAMES if (words := _words(values.get(name))) in _TEXTS]
    named = [code for code in codes if code in _TEXTS.values()] + texts
    refusals = [code for code in named if code != Result.RECEIVED]
    choice = refusals or named or codes
    qn = values.get("qn")
    if not choice:
        return None
    return Reply(qn if isinstance(qn, str) and qn else None, choice[0], text)


def _json_number(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 0 <= value < 10**9 else None
    return _number(value) if isinstance(value, str) else None


def _words(value: object) -> str:
    return value.strip(_ENDS) if isinstance(value, str) else ""


FORMS: dict[str, Forms] = {
    "tolerant": Forms(
        frames=(data_acknowledgement, execution_result, not_ready),
        lines=(bare_number, json_object, plain_text),
    ),
    "9014": Forms(frames=(data_acknowledgement,)),
    "9012": Forms(frames=(execution_result, not_ready)),
    "number": Forms(lines=(bare_number,)),
    "json": Forms(lines=(json_object,)),
    "text": Forms(lines=(plain_text,)),
}
"""The forms of each value of the setting."""
