"""What of an empty lane's stream need not be decoded.

A picture is had only by decoding all since the last key frame, and that is most of what an empty
lane costs. So for a while before the next key frame is due the packets are merely kept. They are
decoded after all when somebody is there, when they are larger than an empty lane's, which is what
motion looks like before it is decoded, and when the key frame does not come.

A camera whose key frames do not come evenly is decoded whole.
"""

import math
from collections import deque
from statistics import median, median_high

from appliance.runtime.vision.rtsp import Packet

NAP_SECONDS = 1.2
"""How long at most nothing is seen of an empty lane: a truck is before the camera for longer."""

MOST_KEPT = 100
"""More packets than any camera sends in that time: its stamps stand still."""

RESTLESS = 1.5
"""A packet is large from so many times the largest that an empty lane had at this time."""

MOVING, PACKETS = 1.2, 5
"""Something moves when the middle one of so many packets is so many times as large as it was at
most in an empty lane. A truck far off makes each of them somewhat larger, the clock that is burnt
into the picture one of them much larger, once a second."""

QUIET = 5
"""So many key frames in a row must have found nobody: trucks come in queues."""

UNEVEN_SECONDS = 0.1
"""By so much one pause between key frames may differ from the one before."""


class Doze:
    """Follows one connection."""

    def __init__(self) -> None:
        self._key_at = math.nan
        self._pause = math.nan
        self._kept: list[Packet] = []
        self._awake = True
        self._recent: deque[int] = deque(maxlen=PACKETS)
        self._largest = self._middling = 0
        self._usual: deque[tuple[int, int]] = deque(maxlen=QUIET)

    def due(self, packet: Packet, *, busy: bool) -> list[Packet]:
        """What is to be decoded now that this packet came, in order; `busy` says that somebody is
        in the lane."""
        if busy:
            self._usual.clear()
        if packet.key:
            self._begin(packet.seconds)
        elif self._napping(packet):
            self._kept.append(packet)
            return []
        due = [*self._kept, packet]
        self._kept = []
        return due

    def _begin(self, key_at: float) -> None:
        """A key frame came: nothing before it is needed any more."""
        pause, before = key_at - self._key_at, self._pause
        self._key_at, self._pause = key_at, pause
        if pause > 0 and abs(pause - before) < UNEVEN_SECONDS:
            self._usual.append((self._largest, self._middling))
        else:
            self._usual.clear()
        self._kept = []
        self._recent.clear()
        self._largest = self._middling = 0
        self._awake = len(self._usual) < QUIET

    def _napping(self, packet: Packet) -> bool:
        self._recent.append(packet.size)
        since_key = packet.seconds - self._key_at
        if not since_key > self._pause - NAP_SECONDS:
            return False
        middling = median_high(self._recent)
        self._largest = max(self._largest, packet.size)
        self._middling = max(self._middling, middling)
        overdue = since_key > self._pause + UNEVEN_SECONDS or len(self._kept) == MOST_KEPT
        if overdue or not self._usual or self._restless(packet.size, middling):
            self._awake = True
        return not self._awake

    def _restless(self, size: int, middling: int) -> bool:
        largest = median(largest for largest, _ in self._usual)
        most_middling = median(most for _, most in self._usual)
        return size > RESTLESS * largest or middling > MOVING * most_middling
