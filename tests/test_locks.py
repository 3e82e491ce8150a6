"""What is installed: a box's packages are those the suite ran, and each has its line."""

import re
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]


def pins(lock: str) -> dict[str, str]:
    """Name to version of each package in a lock; once for each marker, the last counts."""
    lines = (ROOT / "locks" / lock).read_text("utf-8").splitlines()
    wanted = [
        Requirement(line.removesuffix("\\").strip()) for line in lines if line and line[0].isalnum()
    ]
    return {f"{each.name} ; {each.marker}": str(each.specifier) for each in wanted}


def test_a_box_gets_the_very_versions_that_the_suite_ran() -> None:
    tested = pins("dev.txt")
    assert pins("runtime.txt").items() <= tested.items()


def test_every_system_package_of_the_setup_is_explained() -> None:
    script = (ROOT / "scripts" / "setup").read_text("utf-8")
    named = " ".join(re.findall(r"^ *packages\+?=\(([^)]*)\)", script, re.MULTILINE)).split()
    assert len(named) > 10
    told = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    gstreamer = re.compile(r"python3-gi|gir1\.2-gst|gstreamer1\.0")  # told as one set
    assert [name for name in named if not gstreamer.match(name) and f"`{name}`" not in told] == []
