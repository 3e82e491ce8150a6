"""A fresh journal for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.runtime.journal import Journal

from .samples import HandClock


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "gatehouse"


@pytest.fixture
def journal(root: Path, clock: HandClock) -> Iterator[Journal]:
    with Journal.open(root, clock) as opened:
        yield opened
