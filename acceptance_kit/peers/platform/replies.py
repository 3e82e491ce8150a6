"""The forms in which a platform may tell the number of 7.4, which fixes no frame for it."""

import json
from collections.abc import Callable
from enum import StrEnum

from appliance.guideline.messages import Result
from appliance.runtime.uplink.frame import encode


class ReplyStyle(StrEnum):
    """How a platform answers; the values are for the command line."""

    ACKNOWLEDGE = "9014"
    BARE = "9014-bare"
    BOTH = "9014-exertn"
    NO_QN = "9014-no-qn"
    EXECUTE = "9012"
    NUMBER = "number"
    NUMBER_FRAME = "number-frame"
    JSON = "json"
    TEXT = "text"


Answer = Callable[[str, str, int], bytes]
"""Makes the answer of a message's QN, its MN and a number of 7.4."""


def answer(style: ReplyStyle, qn: str, mn: str, code: int) -> bytes:
    """What goes back to the gate."""
    return _ANSWERS[style](qn, mn, code)


def _acknowledge(qn: str, mn: str, code: int) -> bytes:
    return encode(f"QN={qn};ST=91;CN=9014;MN={mn};Flag=4;CP=&&QnRtn={code}&&")


def _bare(qn: str, mn: str, code: int) -> bytes:
    if code != Result.RECEIVED:  # which nothing bare can say
        return _acknowledge(qn, mn, code)
    return encode(f"QN={qn};ST=91;CN=9014;MN={mn};Flag=4;CP=&&&&")


def _both(qn: str, mn: str, code: int) -> bytes:
    return encode(f"QN={qn};ST=31;CN=9014;MN={mn};Flag=4;CP=&&QnRtn=1;ExeRtn={code}&&")


def _no_qn(_qn: str, mn: str, code: int) -> bytes:
    return encode(f"ST=91;CN=9014;MN={mn};Flag=4;CP=&&QnRtn={code}&&")


def _execute(qn: str, mn: str, code: int) -> bytes:
    return encode(f"QN={qn};ST=91;CN=9012;MN={mn};Flag=4;CP=&&ExeRtn={code}&&")


def _number(_qn: str, _mn: str, code: int) -> bytes:
    return b"%d\r\n" % code


def _number_frame(_qn: str, _mn: str, code: int) -> bytes:
    return encode(str(code))


def _json(qn: str, _mn: str, code: int) -> bytes:
    said = {"QN": qn, "code": code, "msg": _text_of(code)}
    return json.dumps(said, ensure_ascii=False).encode() + b"\r\n"


def _text(_qn: str, _mn: str, code: int) -> bytes:
    return _text_of(code).encode() + b"\r\n"


def _text_of(code: int) -> str:
    return Result(code).text if code in set(Result) else f"{code}"


_ANSWERS: dict[ReplyStyle, Answer] = {
    ReplyStyle.ACKNOWLEDGE: _acknowledge,
    ReplyStyle.BARE: _bare,
    ReplyStyle.BOTH: _both,
    ReplyStyle.NO_QN: _no_qn,
    ReplyStyle.EXECUTE: _execute,
    ReplyStyle.NUMBER: _number,
    ReplyStyle.NUMBER_FRAME: _number_frame,
    ReplyStyle.JSON: _json,
    ReplyStyle.TEXT: _text,
}
