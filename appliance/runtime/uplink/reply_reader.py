"""What a platform sends, taken apart: replies of any form, other frames, and faults.

A platform may answer with an HJ 212 frame or with a bare line, and a line may lack its end. So
whoever reads the socket calls `feed` with what came and `quiet` when nothing came for a moment.
"""

from appliance.runtime.uplink.frame import Frame, FrameDecoder, FrameFault, HeaderFault
from appliance.runtime.uplink.replies import Forms, Reply

Event = Reply | Frame | FrameFault

LONGEST_ANSWER_BYTES = 64_000
_MARK = b"##"
# A frame around a bare number: the decoder would take it for garbage, as it holds no pairs.
_NUMBER_MARKS = (b"##0001", b"##0002", b"##0003")
_SHOWN_BYTES = 80


class ReplyReader:
    """Never raises, whatever the peer sends, and holds at most two of the longest answer."""

    def __init__(self, forms: Forms, *, longest: int = LONGEST_ANSWER_BYTES) -> None:
        self._forms = forms
        self._longest = longest
        self._decoder = FrameDecoder(max_segment=longest)
        self._line = bytearray()  # what came since the last end of line and is in no frame
        self._in_frame = False
        self._too_long = False
        self._rest_to_come = False  # of a line that nobody understood before it was over

    @property
    def pending(self) -> int:
        """Bytes held back because a frame or a line is not complete yet."""
        return len(self._line) + self._decoder.pending

    def feed(self, data: bytes) -> list[Event]:
        """Take `data` in; return what is complete with it, in order.

        A frame that is a reply comes as a Reply, any other as it is.
        """
        events: list[Event] = []
        for piece in data.splitlines(keepends=True):
            ended = piece.endswith((b"\r", b"\n"))
            events += self._take(piece, ended=ended)
        return events

    def quiet(self) -> list[Event]:
        """Nothing came for a while: a line without an end is over, a frame is waited for.

        A while is a second or so: `1` is 'received', and `100` begins like it.
        """
        events = self._end_of_line(over=True)
        self._rest_to_come = any(isinstance(event, FrameFault) for event in events)
        return events

    def _take(self, piece: bytes, *, ended: bool) -> list[Event]:
        if self._in_frame:
            return self._from_decoder(piece, ended=ended)
        self._line += piece
        events: list[Event] = []
        while (at := self._frame_at()) >= 0:
            rest = bytes(self._line[at:])
            del self._line[at:]
            events += self._end_of_line(over=True)
            if not _may_be_number(rest):
                return events + self._from_decoder(rest, ended=ended)
            self._line += rest
        if len(self._line) > self._longest:
            self._too_long = True
            del self._line[:-1]  # which may be the first half of a ##
        return events + self._end_of_line(over=False) if ended else events

    def _frame_at(self) -> int:
        """Where in the line a frame begins that is not the whole line, -1 when none does."""
        begun = len(_MARK) if _may_be_number(self._line) else 0
        return self._line.find(_MARK, begun)

    def _from_decoder(self, data: bytes, *, ended: bool) -> list[Event]:
        found = self._decoder.feed(data)
        # What follows a damaged frame on its line may be the end of it, and `1` no answer.
        whole = bool(found) and isinstance(found[-1], Frame) and not self._decoder.pending
        self._in_frame = not ended and not whole
        return [
            (self._forms.of_frame(event) or event) if isinstance(event, Frame) else event
            for event in found
        ]

    def _end_of_line(self, *, over: bool) -> list[Event]:
        if not over and self._line.startswith(b"{") and not self._line.rstrip().endswith(b"}"):
            return []  # a JSON object written over several lines
        line, too_long = bytes(self._line), self._too_long
        self._line.clear()
        self._too_long = False
        if self._rest_to_come:
            self._rest_to_come = False
            return []
        if too_long:
            return [HeaderFault(f"a line is longer than {self._longest} bytes")]
        if not line.strip(b"\r\n\0 \t"):
            return []
        reply = self._forms.of_line(_text(line))
        return [reply or HeaderFault(f"no frame and no reply: {line[:_SHOWN_BYTES]!r}")]


def _may_be_number(line: bytes | bytearray) -> bool:
    return line[:2] == _MARK and any(mark[: len(line)] == line[:6] for mark in _NUMBER_MARKS)


def _text(line: bytes) -> str:
    """The text of a line; Chinese comes in GBK too, whatever 7.2 says."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("gb18030", errors="replace")
