"""The points of HJ 212 where the guideline is silent, in one place (7.3, 7.4).

Everything else asks a dialect: how a message's fields become a frame, and what a reply says.
"""

from dataclasses import dataclass

from appliance.guideline.messages import Result
from appliance.profile.model import Dialect
from appliance.runtime.uplink.frame import CP_CLOSE, CP_OPEN, Frame, Pairs, encode

DATA_ACKNOWLEDGEMENT = "9014"
EXECUTION_RESULT = "9012"

# 7.3 gives `30&&A9C1` as the default of RtdInterval: the two ampersands close CP and the rest
# is a CRC, so the frame's own CRC stands where the example has A9C1.
_TAIL = f"{CP_OPEN};RtdInterval=30{CP_CLOSE}"
_EXAMPLE_CRC = "A9C1"


@dataclass(frozen=True, slots=True)
class Reply:
    """What the platform answered to the message `qn`: a number of 7.4, or one it does not name."""

    qn: str
    code: int


@dataclass(frozen=True, slots=True)
class HJ212Dialect:
    """One way to read the guideline; `crc` is None when it is computed (annex A)."""

    crc: str | None = None

    @classmethod
    def of(cls, choice: Dialect) -> "HJ212Dialect":
        """The dialect a profile chose."""
        return cls(crc=_EXAMPLE_CRC if choice.crc == "constant" else None)

    def lay_out(self, fields: Pairs) -> str:
        """The data segment of a message whose fields, QN to Flag, stand in 7.3's order.

        CP and RtdInterval belong to the frame and are added here.
        """
        return ";".join([*(f"{name}={value}" for name, value in fields), _TAIL])

    def frame(self, fields: Pairs) -> bytes:
        """The bytes that go to the platform."""
        return encode(self.lay_out(fields), crc=self.crc)

    def read_reply(self, frame: Frame) -> Reply | None:
        """The answer a frame carries; None when it is no answer to one of our messages.

        9014 and 9012 are answers when they name a QN. Both QnRtn and ExeRtn are met; where both
        stand, the one that is not 'received' counts, and a bare 9014 means 'received'. An answer
        without QN is none: nothing says which message it would let go.
        """
        qn, cn = frame.get("QN"), frame.get("CN")
        if not qn or cn not in {DATA_ACKNOWLEDGEMENT, EXECUTION_RESULT}:
            return None
        said = [frame.parameter(name) for name in ("ExeRtn", "QnRtn")]
        numbers = [number for number in said if number is not None]
        if not numbers and cn == EXECUTION_RESULT:
            return None
        if not all(number.isascii() and number.isdigit() for number in numbers):
            return None
        codes = [int(number[:9]) for number in numbers]
        refusals = [code for code in codes if code != Result.RECEIVED]
        return Reply(qn=qn, code=refusals[0] if refusals else Result.RECEIVED)
