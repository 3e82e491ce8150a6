"""Where fields stand in a data segment, and how a long message becomes sub-packets (7.3, T3)."""

from collections.abc import Callable

from appliance.guideline.messages import INTERVAL
from appliance.runtime.uplink.frame import CP_CLOSE, CP_OPEN, Pairs

Body = Callable[[Pairs], str]
"""Makes the data segment of a message's fields, from QN to Flag (and PNUM, PNO) in 7.3's order."""

SUB_PACKET_BYTES = 1024
"""The longest data segment of HJ 212 (T2)."""
MOST_SUB_PACKETS = 9999
"""PNUM and PNO have four digits (T3)."""

_HEAD = ("QN", "ST", "CN", "MN")
_NUMBERING = ("Flag", "PNUM", "PNO")
_WIDEST_NUMBERS = (("PNUM", "9999"), ("PNO", "9999"))


def literal(fields: Pairs) -> str:
    """All fields at the top level, as 7.3 lists them.

    7.3 gives `30&&A9C1` as the default of RtdInterval: the two ampersands close CP and the rest
    is a CRC, so the frame's own CRC stands where the example has A9C1.
    """
    return ";".join([*_written(fields), f"{CP_OPEN};{INTERVAL}{CP_CLOSE}"])


def inside_cp(fields: Pairs) -> str:
    """What is not of HJ 212's own head stands inside CP."""
    head = [pair for pair in fields if pair[0] in _HEAD + _NUMBERING]
    data = [pair for pair in fields if pair[0] not in _HEAD + _NUMBERING]
    inside = ";".join([*_written(tuple(data)), INTERVAL])
    return ";".join([*_written(tuple(head)), f"{CP_OPEN}{inside}{CP_CLOSE}"])


def sub_packets(fields: Pairs, body: Body, numbered_flag: str) -> list[Pairs] | None:
    """The fields of each sub-packet, or None when the message fits into one data segment.

    Each repeats QN, ST, CN and MN (the caller gives each its own QN) and carries some of the other
    fields. A value that fits into none goes on in the next one under the same name: so every
    packet can be read by itself, and a receiver joins what has the same name in the order of PNO.
    """
    if len(body(fields).encode()) <= SUB_PACKET_BYTES:
        return None
    head = tuple(pair for pair in fields if pair[0] in _HEAD)
    rest = [pair for pair in fields if pair[0] not in _HEAD + _NUMBERING]
    widest = (*head, ("Flag", numbered_flag), *_WIDEST_NUMBERS)
    room = SUB_PACKET_BYTES - len(body(widest).encode())
    packets: list[list[tuple[str, str]]] = [[]]
    left = room
    for name, value in rest:
        text = value
        while True:
            space = left - len(f"{name}=;".encode())
            size = len(text.encode())
            if size <= space:
                packets[-1].append((name, text))
                left = space - size
                break
            if size > room - len(name) - 2 and space > 0:  # no packet can hold it whole
                part = text.encode()[:space].decode(errors="ignore")
                text = text[len(part) :]
                if part:
                    packets[-1].append((name, part))
            packets.append([])
            left = room
    count = str(len(packets))
    return [
        (*head, *data, ("Flag", numbered_flag), ("PNUM", count), ("PNO", str(number)))
        for number, data in enumerate(packets, start=1)
    ]


def _written(fields: Pairs) -> list[str]:
    return [f"{name}={value}" for name, value in fields]
