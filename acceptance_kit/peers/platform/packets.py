"""Sub-packets of HJ 212 on the platform's side: collected by PNO until the message is whole."""

import threading
from dataclasses import dataclass, field

from appliance.runtime.uplink.frame import Frame, Pairs

_OF_EACH = {"QN", "ST", "CN", "MN", "Flag", "PNUM", "PNO", "RtdInterval"}
_MOST_PACKETS = 9999
_MOST_REMEMBERED = 20_000


class BadPacket(Exception):
    """PNUM and PNO that number nothing; the message is an English sentence."""


@dataclass(slots=True)
class _Open:
    """A message of which some packets have come, by PNO."""

    count: int
    frames: dict[int, Frame] = field(default_factory=dict)


class Packets:
    """What has come of messages that are not whole yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[tuple[str, str], _Open] = {}
        self._whole: dict[str, Frame] = {}

    def take(self, frame: Frame) -> Frame | None:
        """The whole message when `frame` is its last packet, under the first one's QN, else None.

        A packet that comes again after its message was whole gives that message again. Raises
        BadPacket.
        """
        count, number = _number(frame, "PNUM"), _number(frame, "PNO")
        if not 1 <= number <= count <= _MOST_PACKETS:
            raise BadPacket(f"PNO {number} of PNUM {count}")
        qn = frame.get("QN") or ""
        with self._lock:
            if qn in self._whole:
                return self._whole[qn]
            key = (frame.get("MN") or "", frame.get("CN") or "")
            message = self._open.get(key)
            known = message.frames.get(number) if message else None
            if message is None or message.count != count or (known and known.get("QN") != qn):
                message = self._open[key] = _Open(count)  # what was begun is given up
            message.frames[number] = frame
            if len(message.frames) < count:
                return None
            del self._open[key]
            whole = _joined([message.frames[at] for at in range(1, count + 1)])
            for packet in message.frames.values():
                self._whole[packet.get("QN") or ""] = whole
            while len(self._whole) > _MOST_REMEMBERED:
                del self._whole[next(iter(self._whole))]
            return whole

    def forget(self, whole: Frame) -> None:
        """A message was refused: its packets may come again with other contents."""
        with self._lock:
            self._whole = {qn: kept for qn, kept in self._whole.items() if kept is not whole}


def _number(frame: Frame, name: str) -> int:
    text = frame.get(name) or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else 0


def _joined(frames: list[Frame]) -> Frame:
    """One message of its packets: values of the same name are parts of one value."""
    first = frames[0]
    return Frame(
        raw=first.raw,
        data=first.data,
        head=_merged([frame.head for frame in frames]),
        body=_merged([frame.body for frame in frames]),
    )


def _merged(packets: list[Pairs]) -> Pairs:
    fields: dict[str, list[str]] = {}
    for number, pairs in enumerate(packets):
        for name, value in pairs:
            if name in {"PNUM", "PNO"} or (number and name in _OF_EACH):
                continue
            fields.setdefault(name, []).append(value)
    return tuple((name, "".join(parts)) for name, parts in fields.items())
