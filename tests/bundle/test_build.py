"""Two bundles of one clone are the same bytes, whoever builds them and when."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from appliance.bundle import build_bundle
from appliance.bundle.build import CLONE
from appliance.bundle.wheels import SOURCES, own_wheel
from appliance.models import ModelStore
from appliance.trouble import Trouble


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of other times and modes than this one's."""
    folder = tmp_path_factory.mktemp("clone")
    for name in SOURCES:
        place = CLONE / name
        if place.is_dir():
            shutil.copytree(place, folder / name, copy_function=shutil.copyfile)
        else:
            shutil.copyfile(place, folder / name)
    for path in folder.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    return folder


@pytest.mark.slow
def test_two_wheels_of_the_same_sources_are_the_same_bytes(tmp_path: Path, clone: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    here, there = own_wheel(CLONE, one), own_wheel(clone, two)
    assert here.read_bytes() == there.read_bytes()
    with zipfile.ZipFile(here) as wheel:
        names = wheel.namelist()
    assert "appliance/models/lock.toml" in names
    assert not [name for name in names if name.startswith(("tests", "roles", "site_profiles"))]


def test_what_is_no_clone_is_told(tmp_path: Path) -> None:
    store = ModelStore((), tmp_path / "models")
    with pytest.raises(Trouble, match="源码目录"):
        build_bundle(tmp_path, [], store=store, cache=tmp_path / "cache", say=print, clone=tmp_path)


def test_the_tool_on_the_box_needs_nothing_but_the_standard_library(tmp_path: Path) -> None:
    tool = CLONE / "roles" / "runtime" / "files" / "gatehouse-release"
    answer = subprocess.run(
        [sys.executable, "-I", "-S", str(tool), "--settings", str(tmp_path / "no"), "status"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 2
    assert "gatehouse provision" in answer.stderr
    assert "Traceback" not in answer.stderr
