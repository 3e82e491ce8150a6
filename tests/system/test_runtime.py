"""The gate's programs on the provisioned box: a cold boot, a crash, a bad release."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from bundle.releases import small_bundle
from sqlite_utils import Database

from appliance.profile.loading import load_profile

from .bed import Bed
from .bed.places import PLATFORM_ADDRESS, REPOSITORY
from .neighbours import SITE, TRUCK

PATIENCE_SECONDS = 180.0
RELEASE_TOOL = "/opt/gatehouse/bin/gatehouse-release"


def until(true: Callable[[], bool], complaint: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline, complaint
        time.sleep(0.5)


def status(box: Bed) -> dict[str, object]:
    told: dict[str, object] = json.loads(box.run([RELEASE_TOOL, "status", "--json"]).stdout)
    return told


@pytest.fixture
def platform(appliance: Bed, tmp_path: Path) -> Iterator[Path]:
    """The authority's platform on its side; the file of what it got."""
    database = tmp_path / "platform.sqlite3"
    words = ["--host", PLATFORM_ADDRESS, "--port", str(load_profile(SITE).uplink.port)]
    words += ["--database", str(database), "--profile", str(SITE)]
    command = [sys.executable, "-m", "appliance", "platform", *words]
    with appliance.platform.running(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL):
        yield database


@contextmanager
def gate_devices(box: Bed) -> "Iterator[subprocess.Popen[str]]":
    command = [sys.executable, "-m", "tests.system.neighbours", "gate"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with box.camera_lan.running(command, cwd=REPOSITORY, **pipes) as devices:
        assert json.loads(devices.stdout.readline())["event"] == "ready"  # type: ignore[union-attr]
        yield devices


def arrived(database: Path) -> set[str]:
    rows = Database(database).query("SELECT fields FROM messages WHERE cn = '60001' AND code = 1")
    return {json.loads(row["fields"])["F_CPHM"] for row in rows}


def sees_the_empty_lane(box: Bed) -> None:
    """Until the lane has noted anew, a few times, how its gate looks with nobody there."""

    def noted() -> str:
        file = "/var/lib/gatehouse/lanes/A01-empty.npy"
        return box.run(["stat", "--format=%y", file], check=False).stdout

    for _ in range(3):
        before = noted()
        until(lambda before=before: noted() not in {"", before}, "the lane sees nothing")


def test_after_a_cold_boot_with_nobody_logged_in_a_passage_reaches_the_platform(
    appliance: Bed, platform: Path
) -> None:
    with gate_devices(appliance) as devices:
        appliance.cut_power()
        appliance.power_on()
        assert devices.stdin is not None
        assert devices.stdout is not None
        assert json.loads(devices.stdout.readline())["event"] == "watched"
        assert appliance.run(["who"]).stdout == ""
        sees_the_empty_lane(appliance)
        devices.stdin.write("begin\n")
        devices.stdin.flush()
        until(lambda: TRUCK.plate in arrived(platform), "the passage did not reach the platform")
        devices.stdin.write("raises\n")
        devices.stdin.flush()
        assert json.loads(devices.stdout.readline())["count"] == 1


def test_a_program_that_dies_is_back_and_the_journal_tells_of_it(appliance: Bed) -> None:
    find = ["pgrep", "-u", "gatehouse", "-f", "appliance run web"]
    (before,) = appliance.run(find).stdout.split()
    appliance.run(["kill", "-KILL", before])
    until(
        lambda: appliance.run(find, check=False).stdout.split() not in ([], [before]),
        "the program is not back",
    )
    ask = (
        "import sqlite3; print(*sqlite3.connect('file:/var/lib/gatehouse/journal.sqlite3?mode=ro',"
        " uri=True).execute(\"SELECT detail FROM events WHERE kind = 'program-crashed'\"))"
    )
    until(lambda: before in appliance.run(["python3", "-c", ask]).stdout, "no event")


def test_a_bundle_that_does_not_fit_the_box_changes_nothing(appliance: Bed, tmp_path: Path) -> None:
    """Its programs lie in a clone that the box does not have: it cannot even read the profile."""
    running = status(appliance)["current"]
    bundle = small_bundle(tmp_path, "9.9")
    with bundle.open("rb") as content:
        appliance.run(["tee", "/root/bad.tar"], input=None, stdin=content, text=False)
    tried = appliance.run([RELEASE_TOOL, "install", "--json", "/root/bad.tar"], check=False)
    assert tried.returncode == 2
    assert "没有切换" in json.loads(tried.stdout)["failed"]
    told = status(appliance)
    assert (told["current"], told["confirmed"], told["active"]) == (running, True, True)


def test_the_service_may_do_little(appliance: Bed) -> None:
    said = appliance.run(["systemd-analyze", "security", "gatehouse.service", "--no-pager"]).stdout
    exposure = float(said.rpartition("gatehouse.service: ")[2].split()[0])
    assert exposure < 2.0
