"""Fragmented MP4 as ffmpeg writes it: a head (ftyp, moov), then pieces (moof, mdat) that each play
alone after the head.

Only what recorder and clips must know is read: where a piece begins and ends, how long it plays,
whether it begins with a whole picture. One track, and the video is never looked at.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO

LARGEST_BOX = 128 << 20
"""No piece of a camera is as large; a greater one is damage, and is not waited for."""

_NOT_A_KEY = 0x0001_0000  # sample_is_non_sync_sample, ISO/IEC 14496-12, 8.8.3.1
_CODECS = {b"avc1": "h264", b"avc3": "h264", b"hvc1": "h265", b"hev1": "h265"}


class Damaged(Exception):
    """No fragmented MP4 of one track, or no longer."""


class Codec(StrEnum):
    """How the pictures are coded."""

    H264 = "h264"
    H265 = "h265"


@dataclass(frozen=True, slots=True)
class Head:
    """What must stand before any piece. `timescale` is ticks a second."""

    data: bytes
    timescale: int
    codec: Codec


@dataclass(frozen=True, slots=True)
class Piece:
    """A few pictures. `start` and `ticks` are in the head's timescale; `key` says that the first
    picture needs no other before it."""

    data: bytes
    start: int
    ticks: int
    key: bool
    clock_at: int

    @property
    def end(self) -> int:
        """When the next piece should begin."""
        return self.start + self.ticks

    def at(self, start: int) -> bytes:
        """The piece as bytes, made to begin at another time."""
        before, after = self.data[: self.clock_at], self.data[self.clock_at + 8 :]
        return before + struct.pack(">Q", start) + after


class Reader:
    """Bytes in, head and pieces out, as soon as each is whole. Raises Damaged."""

    def __init__(self) -> None:
        self.head: Head | None = None
        self._kept = bytearray()
        self._start = b""  # a ftyp or moof that waits for what belongs to it
        self._flags = 0

    def feed(self, data: bytes) -> Iterator[Piece]:
        """Take more of the stream in; gives the pieces that are whole by now."""
        self._kept += data
        while (box := self._next()) is not None:
            kind, whole = box
            match kind:
                case b"ftyp":
                    self._start = whole
                case b"moov":
                    self.head, self._flags = _head(self._start + whole)
                    self._start = b""
                case b"moof":
                    self._start = whole
                case b"mdat":
                    yield self._piece(whole)
                case _:
                    pass  # sidx, mfra, free: nobody needs them

    def _next(self) -> tuple[bytes, bytes] | None:
        if len(self._kept) < 8:
            return None
        size, kind = struct.unpack_from(">I4s", self._kept)
        if not 8 <= size <= LARGEST_BOX:
            raise Damaged(f"a box of {size} bytes")
        if len(self._kept) < size:
            return None
        whole = bytes(self._kept[:size])
        del self._kept[:size]
        return kind, whole

    def _piece(self, mdat: bytes) -> Piece:
        moof, self._start = self._start, b""
        if self.head is None or moof[4:8] != b"moof":
            raise Damaged("pictures without a description")
        start, ticks, key, clock_at = _described(moof, self._flags)
        return Piece(moof + mdat, start, ticks, key, clock_at)


@dataclass(frozen=True, slots=True)
class Film:
    """A file of ours: its head, where each whole piece lies, and how far it is whole.

    `places` are (offset, bytes, piece without its pictures).
    """

    head: Head
    places: tuple[tuple[int, int, Piece], ...]
    whole: int

    @property
    def seconds(self) -> float:
        """How long it plays."""
        if not self.places:
            return 0.0
        return (self.places[-1][2].end - self.places[0][2].start) / self.head.timescale


def look_into(path: Path) -> Film | None:
    """Read a file's boxes, not its pictures; None for one without a head. Raises OSError.

    What follows the last whole piece is not looked at: a broken-off end is no damage.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        boxes = _boxes(file, size)
        try:
            head, flags = _read_head(boxes, file)
        except Damaged:
            return None
        places: list[tuple[int, int, Piece]] = []
        moof: tuple[int, bytes] | None = None
        whole = len(head.data)
        for kind, at, length in boxes:
            if kind == b"moof":
                moof = (at, _bytes(file, at, length))
            elif kind == b"mdat" and moof is not None:
                try:
                    start, ticks, key, clock_at = _described(moof[1], flags)
                except Damaged:
                    break
                whole = at + length
                empty = Piece(b"", start, ticks, key, clock_at)
                places.append((moof[0], whole - moof[0], empty))
                moof = None
    return Film(head, tuple(places), whole)


def piece_at(file: IO[bytes], place: tuple[int, int, Piece]) -> Piece:
    """A piece with its pictures."""
    offset, length, empty = place
    data = _bytes(file, offset, length)
    return Piece(data, empty.start, empty.ticks, empty.key, empty.clock_at)


def _boxes(file: IO[bytes], size: int) -> Iterator[tuple[bytes, int, int]]:
    """Every whole box of a file: kind, offset, length."""
    at = 0
    while at + 8 <= size:
        length, kind = struct.unpack(">I4s", _bytes(file, at, 8))
        if not 8 <= length <= LARGEST_BOX or at + length > size:
            return
        yield kind, at, length
        at += length


def _read_head(boxes: Iterator[tuple[bytes, int, int]], file: IO[bytes]) -> tuple[Head, int]:
    data = b""
    for kind, at, length in boxes:
        if kind not in {b"ftyp", b"moov"}:
            break
        data += _bytes(file, at, length)
        if kind == b"moov":
            return _head(data)
    raise Damaged("no head")


def _bytes(file: IO[bytes], at: int, length: int) -> bytes:
    file.seek(at)
    return file.read(length)


def _inside(data: bytes, *way: bytes) -> Iterator[tuple[int, int]]:
    """Where boxes lie that are reached by their names, as (offset of the content, end)."""
    yield from _find(data, 0, len(data), way)


def _find(data: bytes, at: int, end: int, way: tuple[bytes, ...]) -> Iterator[tuple[int, int]]:
    while at + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, at)
        if size < 8 or at + size > end:
            raise Damaged(f"a box of {size} bytes")
        if kind == way[0]:
            if len(way) == 1:
                yield at + 8, at + size
            else:
                yield from _find(data, at + 8, at + size, way[1:])
        at += size


def _one(data: bytes, *way: bytes) -> int:
    found = next(_inside(data, *way), None)
    if found is None:
        raise Damaged(f"no {way[-1].decode('ascii', 'replace')}")
    return found[0]


def _head(data: bytes) -> tuple[Head, int]:
    """The head, and the flags of samples of which a piece says nothing."""
    try:
        media = _one(data, b"moov", b"trak", b"mdia", b"mdhd")
        (timescale,) = struct.unpack_from(">I", data, media + (20 if data[media] else 12))
        entry = _one(data, b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd") + 8
        codec = _CODECS[data[entry + 4 : entry + 8]]
        (flags,) = struct.unpack_from(">I", data, _one(data, b"moov", b"mvex", b"trex") + 20)
    except (struct.error, KeyError, IndexError) as error:
        raise Damaged(f"a head that is not understood ({error})") from None
    if not timescale:
        raise Damaged("no timescale")
    return Head(data, timescale, Codec(codec)), flags


def _described(moof: bytes, flags: int) -> tuple[int, int, bool, int]:
    """Of a moof: start, ticks, whether the first picture is whole, and where its time stands."""
    try:
        at = _one(moof, b"moof", b"traf", b"tfhd")
        (given,) = struct.unpack_from(">I", moof, at)
        at += 8
        at += 8 if given & 0x1 else 0
        at += 4 if given & 0x2 else 0
        duration = 0
        if given & 0x8:
            (duration,) = struct.unpack_from(">I", moof, at)
            at += 4
        at += 4 if given & 0x10 else 0
        if given & 0x20:
            (flags,) = struct.unpack_from(">I", moof, at)
        clock = _one(moof, b"moof", b"traf", b"tfdt")
        if moof[clock] != 1:
            raise Damaged("a short tfdt")
        (start,) = struct.unpack_from(">Q", moof, clock + 4)
        ticks, first = 0, None
        for run, _ in _inside(moof, b"moof", b"traf", b"trun"):
            more, of_first = _run(moof, run, duration, flags)
            ticks += more
            first = of_first if first is None else first
    except struct.error as error:
        raise Damaged(f"a piece that is not understood ({error})") from None
    return start, ticks, not ((flags if first is None else first) & _NOT_A_KEY), clock + 4


def _run(moof: bytes, at: int, duration: int, flags: int) -> tuple[int, int]:
    """Of a trun: its ticks, and the flags of its first picture."""
    given, count = struct.unpack_from(">II", moof, at)
    at += 8 + (4 if given & 0x1 else 0)
    first = flags
    if given & 0x4:
        (first,) = struct.unpack_from(">I", moof, at)
        at += 4
    fields = [bit for bit in (0x100, 0x200, 0x400, 0x800) if given & bit]
    if given & 0x400 and count and not given & 0x4:
        (first,) = struct.unpack_from(">I", moof, at + 4 * fields.index(0x400))
    if not given & 0x100:
        return duration * count, first
    step = 4 * len(fields)
    struct.unpack_from(">I", moof, at + step * count - 4)  # all of it is there
    ticks = sum(struct.unpack_from(">I", moof, at + step * n)[0] for n in range(count))
    return ticks, first
