"""The fixtures that the uplink's tests share; the site and its passages are in `samples`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.runtime.journal import Journal

from .book_gate import BookGate, HandClock


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    """The root of the journal and its photos."""
    return tmp_path / "storage"


@pytest.fixture
def gate(storage: Path) -> Iterator[BookGate]:
    """A gate at eight in the morning, with nothing in its journal."""
    clock = HandClock()
    with Journal.open(storage, clock) as journal:
        yield BookGate(storage, clock, journal)
