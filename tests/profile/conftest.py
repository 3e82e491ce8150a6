"""A good profile's text, and a way to spoil it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.profile import Fault, Profile, check_profile

SITES = Path(__file__).parents[2] / "site_profiles"

Check = Callable[[str | bytes], tuple[Profile | None, tuple[Fault, ...]]]


@pytest.fixture(scope="session")
def good() -> str:
    """The text of the demo site, which every test starts from, up to its machines and papers.

    Tests put machines of their own behind it.
    """
    whole = (SITES / "demo.yaml").read_text(encoding="utf-8")
    text, _, papers = whole.partition("\n# 工控机和验收资料")
    assert papers
    return text


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Write a profile and check it."""

    def write_and_check(text: str | bytes) -> tuple[Profile | None, tuple[Fault, ...]]:
        path = tmp_path / "site.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
        return check_profile(path)

    return write_and_check
