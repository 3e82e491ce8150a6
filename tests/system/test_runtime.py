"""The gate's programs on the provisioned box: a cold boot, a crash, a bad release."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bundle.releases import small_bundle

from .bed import Bed
from .gate import gate_devices, plates_at, platform_of
from .neighbours import TRUCK

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
    with platform_of(appliance, tmp_path / "platform.sqlite3") as database:
        yield database


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
        assert devices.hears()["event"] == "watched"
        assert appliance.run(["who"]).stdout == ""
        sees_the_empty_lane(appliance)
        devices.tell("begin")
        until(lambda: TRUCK.plate in plates_at(platform), "the passage did not reach the platform")
        devices.tell("raises")
        assert devices.hears()["count"] == 1


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
