"""A platform, and a line to it that can fail."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from uplink.samples import MN

from acceptance_kit.peers.platform import ReferencePlatform

from .proxy import Proxy


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[ReferencePlatform]:
    with ReferencePlatform(database=tmp_path / "platform.sqlite3", known_mn={MN}) as running:
        yield running


@pytest.fixture
def line(platform: ReferencePlatform) -> Iterator[Proxy]:
    with Proxy(platform.address[1]) as proxy:
        yield proxy
