r"""The HJ 212 frame: `##`, length, data segment, CRC, CR LF (HJ 212-2017 T2; guideline 7.2).

    ##0101QN=20160801085857223;ST=32;CN=1062;...;CP=&&RtdInterval=30&&1C80\r\n

The length counts the data segment's bytes in UTF-8. A Base64 photo needs more than the four
digits of the standard, so longer segments are written with as many digits as they take. On
receipt the length may count bytes or characters and the CRC may stand in either case: both are
met in the field. A frame's pairs are split here; what they mean is the dialect's business.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

Pairs = tuple[tuple[str, str], ...]
"""Names and values in the order they stand in a segment; names may repeat."""

CP_OPEN = "CP=&&"
CP_CLOSE = "&&"

MAX_SEGMENT_BYTES = 8_000_000
"""Longest data segment a decoder takes unless told: the largest photo in Base64 with its fields."""

# A length beyond 9999 begins with no zero, so `0` always means exactly four digits; a data
# segment begins with a letter, and so does the FFFF behind an empty one.
_HEADER = re.compile(rb"##(0[0-9]{3}|[1-9][0-9]{3,6})(?=[A-Za-z])")
_HEADER_BEGUN = re.compile(rb"##(0[0-9]{0,3}|[1-9][0-9]{0,6})?")
# Neither an end of line nor another frame's header can stand inside a data segment: what is
# pending then was cut short, and the good frame behind it must not be swallowed.
_BREAK = re.compile(rb"[\r\n]|##[0-9]{4,7}[A-Za-z]")
_BREAK_LENGTH = 10
_CRC = re.compile(rb"[0-9A-Fa-f]{4}")
_CRC_SHORT = re.compile(rb"[0-9A-Fa-f]{0,3}")
_CONTINUATION = bytes(range(0x80, 0xC0))


class FrameFault(Exception):
    """Bytes that are no sound frame; the message is an English sentence for the log."""


class HeaderFault(FrameFault):
    """No `##`, four or more digits and the first letter of a data segment where one is due."""


class LengthFault(FrameFault):
    """The length is not that of the data segment, or is beyond what is accepted."""


class CrcFault(FrameFault):
    """The four digits behind the data segment are missing or not its CRC."""


class StructureFault(FrameFault):
    """The data segment is not UTF-8, not made of pairs, or its CP is not closed."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A sound frame: `head` holds the pairs before CP, `body` those between CP's `&&`."""

    raw: bytes
    data: str
    head: Pairs
    body: Pairs

    def get(self, name: str) -> str | None:
        """The first value of that name at the top level, or None."""
        return next((value for key, value in self.head if key == name), None)

    def parameter(self, name: str) -> str | None:
        """The first value of that name inside CP, or None."""
        return next((value for key, value in self.body if key == name), None)


def _crc_row(index: int) -> int:
    for _ in range(8):
        index = (index >> 1) ^ 0xA001 if index & 1 else index >> 1
    return index


# Annex A drops the low byte before it mixes one in, so the next state depends on eight bits
# only, and 256 rows hold the whole algorithm.
_CRC_ROWS = tuple(_crc_row(index) for index in range(256))
_CRC_PERIOD = 8


def crc16(data: bytes) -> int:
    """The CRC of annex A over `data`, 0 to 0xFFFF. Not Modbus: only 256 values ever occur."""
    state = 0xFFFF
    for byte in _folded(data):
        state = _CRC_ROWS[(state >> 8) ^ byte]
    return state


def _folded(data: bytes) -> bytes:
    """At most 15 bytes that have the CRC of `data`, so that a large photo costs no milliseconds.

    The state's high byte goes through the rows like any bits through XOR, one by one, and eight
    rows on it is what it was. So a byte does what the same byte does eight places further on, and
    bytes eight places apart may be mixed beforehand.
    """
    groups = len(data) // _CRC_PERIOD
    if groups < 2:
        return data
    mixed: np.uint64 = np.bitwise_xor.reduce(np.frombuffer(data, np.uint64, groups))
    return mixed.tobytes() + data[groups * _CRC_PERIOD :]


def encode(data: str, *, crc: str | None = None, length: str | None = None) -> bytes:
    """`data` as a frame; `crc` and `length` override what is computed (four characters each)."""
    segment = data.encode()
    head = f"{len(segment):04d}" if length is None else length
    tail = f"{crc16(segment):04X}" if crc is None else crc
    return b"##%s%s%s\r\n" % (head.encode(), segment, tail.encode())


def split(data: str) -> tuple[Pairs, Pairs]:
    """The pairs of a data segment before and inside CP; an empty segment has none.

    Raises StructureFault.
    """
    if not data:
        return (), ()
    start = 0 if data.startswith(CP_OPEN) else data.find(";" + CP_OPEN) + 1
    if start == 0 and not data.startswith(CP_OPEN):
        raise StructureFault("the data segment has no CP=&&")
    inside = data[start + len(CP_OPEN) :]
    if not inside.endswith(CP_CLOSE):
        raise StructureFault("CP is not closed by && at the end of the data segment")
    return tuple(_pairs(data[:start])), tuple(_pairs(inside.removesuffix(CP_CLOSE)))


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for piece in text.split(";"):
        if not piece:
            continue  # stray semicolons are common in the field and harm nothing
        name, equals, value = piece.partition("=")
        if not equals:
            raise StructureFault("a piece of the data segment is no NAME=value pair")
        yield name, value


class FrameDecoder:
    """Frames out of a byte stream that may be sticky, cut anywhere, or led by garbage.

    Never raises, whatever the peer sends: faults come as values between the frames. Holds at
    most `max_segment` bytes and one header beyond what the last call brought. Without `check_crc`
    any four hexadecimal digits will do; without `check_length` a frame goes to its end of line
    when its length is wrong: some platforms compare them with nothing.
    """

    def __init__(
        self,
        *,
        max_segment: int = MAX_SEGMENT_BYTES,
        check_crc: bool = True,
        check_length: bool = True,
    ) -> None:
        self._max_segment = max_segment
        self._check_crc = check_crc
        self._check_length = check_length
        self._buffer = bytearray()
        self._scanned = 0
        self._refused: set[int] = set()
        self._lost = False

    def feed(self, data: bytes) -> list[Frame | FrameFault]:
        """Take `data` in; return the frames and faults that are complete with it, in order."""
        self._buffer += data
        return list(self._events())

    @property
    def pending(self) -> int:
        """Bytes held back because a frame is not complete yet."""
        return len(self._buffer)

    def _events(self) -> Iterator[Frame | FrameFault]:
        buffer = self._buffer
        while True:
            yield from self._skip_to_mark()
            header = _HEADER.match(buffer)
            if header is None:
                if len(buffer) < 2 or _HEADER_BEGUN.fullmatch(buffer):
                    return
                yield from self._lose("## is not followed by a length and a data segment")
                self._drop(1)
                continue
            start = header.end()
            event, end = self._segment(start, int(header[1]))
            if event is None:
                return
            self._lost = isinstance(event, FrameFault)
            self._drop(end)
            yield event

    def _skip_to_mark(self) -> Iterator[FrameFault]:
        buffer = self._buffer
        at = buffer.find(b"##")
        if at < 0:
            at = len(buffer) - buffer.endswith(b"#")
        if buffer[:at].strip(b"\r\n"):
            yield from self._lose("bytes stood before the ## of a frame")
        self._drop(at)

    def _lose(self, sentence: str) -> Iterator[FrameFault]:
        """One fault for a run of garbage, and none for the rest of a frame already at fault."""
        if not self._lost:
            self._lost = True
            yield HeaderFault(sentence)

    def _drop(self, count: int) -> None:
        if count:
            del self._buffer[:count]
            self._scanned = 0
            self._refused.clear()

    def _segment(self, start: int, length: int) -> tuple[Frame | FrameFault | None, int]:
        """The frame or fault behind the header that ends at `start`, and how much it used up.

        A fault uses up the header only: what follows may hold a good frame. None is 'wait'.
        """
        if self._check_length and length > self._max_segment:
            return LengthFault(f"length {length} is beyond {self._max_segment}"), start
        buffer = self._buffer
        broken = _BREAK.search(buffer, max(start, self._scanned - _BREAK_LENGTH))
        self._scanned = len(buffer)
        stop = broken.start() if broken else len(buffer)
        ends = self._ends(start, length, stop)
        # A length that nobody checks ends a frame only where a computed CRC agrees with it.
        compute = self._check_crc or not self._check_length
        for end in ends:
            if end + 4 <= stop and end not in self._refused:
                if _crc_fits(buffer, start, end, compute=compute):
                    return self._frame(start, end)
                self._refused.add(end)
        if broken and not self._check_length:
            end = stop - 4
            fits = start <= end <= start + self._max_segment
            if fits and _crc_fits(buffer, start, end, compute=self._check_crc):
                return self._frame(start, end)
        # Only what ends the pending bytes shows whether the length or the CRC is wrong.
        if broken is None and len(buffer) <= start + self._max_segment + 4:
            return None, 0
        return self._fault(start, ends, stop), start

    def _ends(self, start: int, length: int, stop: int) -> list[int]:
        """Where the segment ends when its length counts bytes, and when it counts characters."""
        by_bytes = start + length
        by_characters = _end_of_characters(self._buffer, start, length, stop)
        if by_bytes < by_characters <= start + self._max_segment:
            return [by_bytes, by_characters]
        return [by_bytes]

    def _frame(self, start: int, end: int) -> tuple[Frame | FrameFault, int]:
        raw = bytes(self._buffer[: end + 4])
        try:
            data = raw[start:end].decode()
            head, body = split(data)
        except UnicodeDecodeError:
            return StructureFault("the data segment is not UTF-8"), start
        except StructureFault as fault:
            return fault, start
        return Frame(raw=raw, data=data, head=head, body=body), end + 4

    def _fault(self, start: int, ends: list[int], stop: int) -> FrameFault:
        for end in (end for end in ends if end <= stop):
            data, tail = bytes(self._buffer[start:end]), bytes(self._buffer[end:stop])
            if _CRC.fullmatch(tail):
                return CrcFault(f"CRC is {tail.decode()} where {crc16(data):04X} is right")
            if _CRC_SHORT.fullmatch(tail) and data.endswith(b"&&"):
                return CrcFault(f"CRC has {len(tail)} digits instead of 4")
        declared = ends[0] - start
        return LengthFault(f"length {declared} is not that of the {stop - start} bytes that came")


def _end_of_characters(buffer: bytearray, start: int, count: int, stop: int) -> int:
    """Where a segment of `count` characters ends; beyond `stop` when they are not all there."""
    end = start + count
    missing = _continuations(buffer, start, min(end, stop))
    while missing:
        begun, end = end, end + missing
        missing = _continuations(buffer, begun, min(end, stop))
    return end


def _continuations(buffer: bytearray, start: int, end: int) -> int:
    piece = buffer[start:end]
    return len(piece) - len(piece.translate(None, _CONTINUATION))


def _crc_fits(buffer: bytearray, start: int, end: int, *, compute: bool) -> bool:
    tail = bytes(buffer[end : end + 4])
    if not _CRC.fullmatch(tail):
        return False
    return not compute or int(tail, 16) == crc16(bytes(buffer[start:end]))


def decode(raw: bytes, *, max_segment: int = MAX_SEGMENT_BYTES) -> Frame:
    """The one frame that `raw` is; its CR LF may be missing. Raises the FrameFault it holds."""
    event = next(iter(FrameDecoder(max_segment=max_segment).feed(raw + b"\r\n")), None)
    if event is None:
        raise HeaderFault("no frame has begun")
    if isinstance(event, FrameFault):
        raise event
    return event
