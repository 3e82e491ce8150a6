"""What the uplink's tests share; the site and its passages are in `samples`."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from acceptance_kit.peers.platform import ReferencePlatform
from acceptance_kit.peers.platform.variant import STRICT
from appliance.runtime.journal import Journal

from .book_gate import BookGate, HandClock
from .gate import Gate
from .samples import MN


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    """Where a test's journal lies."""
    return tmp_path / "gate"


@pytest.fixture
def gate(storage: Path) -> Iterator[BookGate]:
    """A gate at eight in the morning, with nothing in its journal."""
    clock = HandClock()
    with Journal.open(storage, clock) as journal:
        yield BookGate(storage, clock, journal)


@pytest.fixture
def platform(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[ReferencePlatform]:
    """A strict platform, or the variant that a test asks for by indirect parametrisation."""
    variant = getattr(request, "param", STRICT)
    with ReferencePlatform(
        database=tmp_path / "platform.sqlite3", known_mn={MN}, variant=variant
    ) as running:
        yield running


@pytest.fixture
def gates() -> Iterator[list[Gate]]:
    made: list[Gate] = []
    yield made
    for gate in made:
        assert gate.end()
        gate.journal.close()


@pytest.fixture
def gate_of(gates: list[Gate], storage: Path, platform: ReferencePlatform) -> Callable[..., Gate]:
    def make(**uplink: Any) -> Gate:
        gates.append(Gate(storage, platform.address[1], **uplink))
        return gates[-1]

    return make
