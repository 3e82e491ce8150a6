"""The one fixture that the uplink's tests share; the site and its passages are in `samples`."""

from pathlib import Path

import pytest


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    """The root of the journal and its photos."""
    return tmp_path / "storage"
