"""Passages and states of a box as the kit reads them: the answers of `gatehouse journal`."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """One message of a passage: its QNs (of its packets), whether it is done, the answers."""

    qns: tuple[str, ...]
    state: str
    history: bool
    codes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PassageFacts:
    """A passage as `gatehouse journal passages` tells it. `read_*` is what the camera read."""

    id: int
    barrier: str
    direction: str
    passed_at: datetime
    recorded_at: datetime
    read_plate: str | None
    read_colour: str
    photos: tuple[str, ...]
    raise_method: str
    state: str
    owed_at: datetime
    acknowledged_at: datetime | None
    has_photos: bool
    has_plate: bool
    has_fleet: bool
    messages: tuple[MessageFacts, ...]

    @property
    def due(self) -> bool:
        """应传: whether the platform must be told."""
        return self.acknowledged_at is not None or self.state != "held"

    @property
    def complete(self) -> bool:
        """Whether every mandatory item had a true value (docs/books.md)."""
        return self.has_photos and self.has_plate and self.has_fleet

    @classmethod
    def of(cls, told: dict[str, Any]) -> Self:
        """From one line. Raises KeyError, TypeError or ValueError when it is none."""
        acknowledged_at = told["acknowledged_at"]
        return cls(
            id=told["id"],
            barrier=told["barrier"],
            direction=told["direction"],
            passed_at=datetime.fromisoformat(told["passed_at"]),
            recorded_at=datetime.fromisoformat(told["recorded_at"]),
            read_plate=told["read"]["plate"],
            read_colour=told["read"]["colour"],
            photos=tuple(photo["path"] for photo in told["photos"]),
            raise_method=told["raise_method"],
            state=told["state"],
            owed_at=datetime.fromisoformat(told["owed_at"]),
            acknowledged_at=datetime.fromisoformat(acknowledged_at) if acknowledged_at else None,
            has_photos=told["has_photos"],
            has_plate=told["has_plate"],
            has_fleet=told["has_fleet"],
            messages=tuple(
                MessageFacts(
                    qns=tuple(message["qns"]),
                    state=message["state"],
                    history=message["history"],
                    codes=tuple(message["codes"]),
                )
                for message in told["messages"]
            ),
        )


def passages_of(lines: Iterable[str]) -> tuple[PassageFacts, ...]:
    """All lines of an answer, oldest passage first; raises as `PassageFacts.of` does."""
    return tuple(PassageFacts.of(json.loads(line)) for line in lines if line.strip())
