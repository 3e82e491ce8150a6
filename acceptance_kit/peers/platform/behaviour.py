"""What the reference platform does with the next frame: its duty, or a fault that a test asks for.

A behaviour is asked once for each frame, when its first bytes have come, with the number of
frames begun before it since the platform was made.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Judge:
    """Keep the message and answer what the rules say."""


@dataclass(frozen=True, slots=True)
class Silent:
    """Keep the message and answer nothing, as if the answer were lost."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Keep the message and answer `code` whatever the rules say, under another QN if asked."""

    code: int
    qn: str | None = None


@dataclass(frozen=True, slots=True)
class Late:
    """Keep the message and judge it, but answer only when the next frame has come."""


@dataclass(frozen=True, slots=True)
class HalfAnswer:
    """Keep the message, send half the answer and close."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Reset the connection with the frame half received; nothing is kept."""


Act = Judge | Silent | Answer | Late | HalfAnswer | Reset
Behaviour = Callable[[int], Act]

JUDGE = Judge()


def judge_all(_nth: int) -> Act:
    """The behaviour of a platform that works."""
    return JUDGE


def in_turn(*acts: Act) -> Behaviour:
    """The given acts one after the other, counted from now on, and then a working platform."""
    lock = threading.Lock()
    left: Iterator[Act] = iter(acts)

    def behave(_nth: int) -> Act:
        with lock:
            return next(left, JUDGE)

    return behave
