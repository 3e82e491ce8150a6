"""The lock as the box reads it, not as the machine that builds the bundle would."""

from pathlib import Path

import pytest

from appliance.bundle.target import locked_for_box
from appliance.trouble import Trouble

LOCK = Path(__file__).parents[2] / "locks" / "runtime.txt"
HASH = "--hash=sha256:" + "0" * 64


def test_markers_are_judged_for_the_box_and_each_package_is_there_once() -> None:
    locked = locked_for_box(LOCK.read_text("utf-8"))
    names = [each.name for each in locked]
    assert len(names) == len(set(names))
    assert {"numpy", "onvif-zeep", "supervisor", "pip"} <= set(names)
    assert not {"colorama", "win32-setctime", "opencv-python"} & set(names)
    assert all(each.hashes and each.line.count("--hash") == len(each.hashes) for each in locked)


@pytest.mark.parametrize("line", ["a>=1 " + HASH, "a==1", "a " + HASH, "a==1,<2 " + HASH])
def test_a_package_that_is_not_pinned_by_version_and_hash_is_refused(line: str) -> None:
    with pytest.raises(Trouble, match="a "):
        locked_for_box(line)


def test_a_package_for_another_python_or_system_is_left_out() -> None:
    text = "\n".join(
        [
            f"a==1 ; python_full_version < '3.12' \\\n    {HASH}",
            f"b==1 ; sys_platform == 'win32' \\\n    {HASH}",
            f"c==1 ; python_full_version >= '3.12' \\\n    {HASH} \\\n    {HASH}",
            "# a comment",
        ]
    )
    assert [(each.name, len(each.hashes)) for each in locked_for_box(text)] == [("c", 2)]
