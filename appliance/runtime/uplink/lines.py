r"""Messages as lines of text: what `gatehouse hj212 decode` and `encode` read and print.

A line holds one message as it was seen in a log or a capture; bytes that no text shows are
written `\r`, `\n`, `\0` and `\xNN`.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from appliance.runtime.uplink.dialect import HJ212Dialect
from appliance.runtime.uplink.frame import (
    CP_CLOSE,
    CP_OPEN,
    MAX_SEGMENT_BYTES,
    CrcFault,
    Frame,
    FrameDecoder,
    FrameFault,
    HeaderFault,
    LengthFault,
    StructureFault,
    encode,
)
from appliance.trouble import Trouble

COMPUTED = HJ212Dialect()
"""The dialect of HJ 212 itself: a length that counts and a CRC that is computed."""

# Every byte of the longest frame may be written as an escape of four characters.
_LONGEST_LINE = 4 * (MAX_SEGMENT_BYTES + 100)
_ESCAPE = re.compile(rb"\\(?:([rn0])|x([0-9A-Fa-f]{2}))")
_ESCAPES = {b"r": b"\r", b"n": b"\n", b"0": b"\0"}
_FAULTS: dict[type[FrameFault], str] = {
    HeaderFault: "header",
    LengthFault: "length",
    CrcFault: "crc",
    StructureFault: "structure",
}
_HEADER = re.compile(r"^.*?##[0-9]{0,7};?", re.DOTALL)
# In CP the items of one pollutant are joined by commas: `w01018-Rtd=0.0,w01018-Flag=N`.
_INSIDE_CP = re.compile(r";|,(?=[A-Za-z][A-Za-z0-9_-]*=)|,(?=[A-Za-z0-9]+-[A-Za-z0-9]+=)")
_OF_THE_STANDARD = {"QN", "ST", "CN", "PW", "MN", "Flag", "PNUM", "PNO"}
_CN_OF_THE_GATE = re.compile(r"6000[0-9]")


class LinesFault(Trouble):
    """A file that cannot be read, or a line of it that is no message; one Chinese sentence."""


def read_lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of `file` without their ends; of one longer than any message only the beginning."""
    while line := file.readline(_LONGEST_LINE):
        kept = line
        while line and not line.endswith(b"\n"):
            line = file.readline(_LONGEST_LINE)
        yield kept.rstrip(b"\r\n")


def open_lines(path: Path) -> BinaryIO:
    """`path` for reading, the standard input when it is `-`. Raises LinesFault."""
    if path == Path("-"):
        return sys.stdin.buffer
    try:
        return path.open("rb")
    except OSError as error:
        raise LinesFault(f"读不了文件 {path}：{error.strerror}。") from error


def unescaped(line: bytes) -> bytes:
    r"""The bytes a line stands for: `\r`, `\n`, `\0` and `\xNN` are what they name."""
    return _ESCAPE.sub(
        lambda found: _ESCAPES[found[1]] if found[1] else bytes.fromhex(found[2].decode()), line
    )


def decoded(line: bytes, dialect: HJ212Dialect = COMPUTED) -> dict[str, Any]:
    """What the message of one line says: `ok`, `fault` (or None) and `fields`.

    Like the link, it takes the first sound frame and passes over what stands before; when there is
    none, `fault` is the first one. `fields` are then what can be made out. Names in CP follow a
    field CP, `&&`, so that `encoded` knows where they belong. A dialect that writes a constant
    for length or CRC has that and nothing else for the right one.
    """
    raw = unescaped(line)
    events = _decoder(dialect).feed(raw + b"\r\n")
    frame = next((event for event in events if isinstance(event, Frame)), None)
    if frame is not None:
        wrong = _wrong_constant(frame, dialect)
        return {"ok": wrong is None, "fault": wrong, "fields": fields_in(frame.data)}
    fault = next((event for event in events if isinstance(event, FrameFault)), None)
    kind = type(fault) if fault is not None else HeaderFault
    text = _HEADER.sub("", raw.decode(errors="replace"), count=1)
    return {"ok": False, "fault": _FAULTS[kind], "fields": fields_in(_without_crc(text))}


def _decoder(dialect: HJ212Dialect) -> FrameDecoder:
    return FrameDecoder(check_crc=dialect.crc is None, check_length=dialect.length_field is None)


def _wrong_constant(frame: Frame, dialect: HJ212Dialect) -> str | None:
    """The fault of a frame without the constants of a dialect, or None."""
    head, tail = dialect.length_field, dialect.crc
    if head is not None and not frame.raw.startswith(f"##{head}".encode()):
        return _FAULTS[LengthFault]
    if tail is not None and not frame.raw.endswith(tail.encode()):
        return _FAULTS[CrcFault]
    return None


def fields_in(segment: str) -> dict[str, str]:
    """The names and values of a data segment as far as they can be made out; the first counts."""
    start = segment.find(CP_OPEN)
    head, inside = (segment, None) if start < 0 else (segment[:start], segment[start:])
    fields: dict[str, str] = {}
    _collect(fields, head.split(";"))
    if inside is not None:
        fields.setdefault("CP", "&&")
        inside = inside.removeprefix(CP_OPEN)
        _collect(fields, _INSIDE_CP.split(inside.split(CP_CLOSE)[0]))
    return fields


def _collect(fields: dict[str, str], pieces: list[str]) -> None:
    for piece in pieces:
        name, equals, value = piece.partition("=")
        if equals:
            fields.setdefault(name.strip(" ,\r\n"), value)


def _without_crc(text: str) -> str:
    return re.sub(r"(&&)[0-9A-Fa-f]{0,4}\s*$", r"\1", text)


def encoded(line: bytes, dialect: HJ212Dialect = COMPUTED) -> bytes:
    """The frame of a JSON object with `fields`, without its end of line.

    Raises ValueError when it is none, or when decoding the frame would give other fields.
    """
    said = json.loads(line)
    given = said.get("fields") if isinstance(said, dict) else None
    if not isinstance(given, dict):
        raise ValueError("no object under fields")
    fields = {
        name: str(value) if isinstance(value, int) else value for name, value in given.items()
    }
    if not all(isinstance(value, str) for value in fields.values()):
        raise ValueError("fields hold texts and whole numbers only")
    segment = segment_of(fields)
    frame = encode(segment, crc=dialect.crc, length=dialect.length_field).removesuffix(b"\r\n")
    said = decoded(frame, dialect)
    if not said["ok"] or {"CP": "&&"} | said["fields"] != {"CP": "&&"} | fields:
        raise ValueError("a name or a value breaks the frame")
    return frame


def segment_of(fields: dict[str, str]) -> str:
    """The data segment of `fields`: what follows CP stands in it.

    Without a CP, HJ 212's own names stand before it and the others inside, as the standard has it.
    """
    if not fields:
        return ""
    names = list(fields)
    if "CP" in fields:
        cut = names.index("CP")
        head, inside = names[:cut], names[cut + 1 :]
    else:
        head = [name for name in names if name in _OF_THE_STANDARD]
        inside = [name for name in names if name not in _OF_THE_STANDARD]
    # The gate's literal order (7.3) closes CP's mark with a semicolon; HJ 212 does not.
    literal = _CN_OF_THE_GATE.fullmatch(fields.get("CN", "")) and set(head) - _OF_THE_STANDARD
    before = "".join(f"{name}={fields[name]};" for name in head)
    mark = ";" if literal else ""
    return before + CP_OPEN + mark + _joined(fields, inside) + CP_CLOSE


def _joined(fields: dict[str, str], names: list[str]) -> str:
    """What stands in CP: a comma between the items of one pollutant, semicolons elsewhere."""
    text = ""
    last = ""
    for name in names:
        pollutant = name.partition("-")[0] if "-" in name else ""
        if text:
            text += "," if pollutant and pollutant == last else ";"
        text += f"{name}={fields[name]}"
        last = pollutant
    return text


def encode_lines(file: BinaryIO, dialect: HJ212Dialect = COMPUTED) -> Iterator[bytes]:
    """Each line's frame in turn. Raises LinesFault with the number of a line that is no message."""
    for number, line in enumerate(read_lines(file), start=1):
        if not line.strip():
            continue
        try:
            yield encoded(line, dialect)
        except (ValueError, RecursionError) as error:
            raise LinesFault(
                f"第 {number} 行编不成报文：应为一个 JSON 对象，"
                '如 {"fields": {"QN": "…"}}，名称和值不含分号、“&&”、换行和 \\n、\\0 一类的转义。'
            ) from error


def decode_lines(file: BinaryIO, dialect: HJ212Dialect = COMPUTED) -> Iterator[dict[str, Any]]:
    """What each line says in turn; empty lines are passed over."""
    for line in read_lines(file):
        if line.strip():
            yield decoded(line, dialect)
