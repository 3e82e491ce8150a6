"""Drills that do not come to their end: the box is as it was, as `gatehouse drift` tells.

What each drill shows when it is let to its end is part of the whole acceptance
(test_acceptance.py). Here, too, the kit stands where the engineer stands and comes to the
provisioned box over ssh; in the midst of a drill it is told to end, or is killed.
"""

import json
import re
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address

import pytest

from acceptance_kit.box import Box
from acceptance_kit.drills import left_over
from acceptance_kit.drills.camera import AWAY, MARGIN
from acceptance_kit.drills.undo import broken, cut_off
from acceptance_kit.findings import Finding, Verdict

from .bed.places import REPOSITORY
from .box import eventually
from .console import console
from .gate_at_work import Gate

BROKEN = {
    "line": "已断开到平台",
    "lies": "平台的应答已换成错误应答",
    "kill": "结束程序",
    "camera": "已断开道闸 A01 的相机",
    "mains": "UPS 已转电池供电",
    "line-alarm": "已断开到平台的网络",
}
"""What a drill says when the gate is broken. The clock's cannot break a guest, and a reboot has
nothing that could be undone."""


@dataclass(frozen=True)
class Standing:
    """How the box stands: what `gatehouse drift` finds, the firewall's rules (not who has called
    it of late), the mains."""

    differing: frozenset[str]
    rules: str
    mains: str


def standing(gate: Gate) -> Standing:
    asked = gate.installer.drift()
    assert asked.returncode in {0, 1}, asked.stderr
    (machine,) = json.loads(asked.stdout)["machines"].values()
    return Standing(
        frozenset(place for change in machine["changes"] for place in change["places"]),
        gate.run("nft --stateless --terse list ruleset"),
        gate.run("upsc ups@127.0.0.1 ups.status 2>/dev/null"),
    )


@pytest.fixture(scope="module")
def before(gate: Gate) -> Standing:
    """How it stood before any of these drills."""
    gate.settles()
    return standing(gate)


@pytest.fixture
def well(gate: Gate, before: Standing) -> Iterator[Box]:
    """The box by its console, when it is well; nothing is left on it afterwards."""
    assert before is not None
    gate.settles()
    seen = Box(console(gate.box))
    yield seen
    assert left_over(seen) == ""


def only(name: str) -> tuple[str, ...]:
    return ("--only", f"drill.{name}")


def shown(gate: Gate, name: str, out: str) -> Finding:
    """What a drill that was done alone has shown."""
    gate.accept(*only(name), out=out)
    return gate.found(out)[f"drill.{name}@gate-test"]


@pytest.mark.parametrize("name", BROKEN)
def test_a_kit_that_is_interrupted_mends_the_box_before_it_ends(
    gate: Gate, well: Box, name: str
) -> None:
    out = f"interrupted-{name}"
    with gate.accepting(*only(name), out=out) as kit:
        kit.hears(BROKEN[name])
        armed = left_over(well)
        kit.process.send_signal(signal.SIGINT)
        assert kit.ends() != 0
    assert (armed != "") == (name != "kill")  # what supervisor mends needs no undo
    assert left_over(well) == ""
    # What it has found so far is sealed all the same.
    verify = [sys.executable, "-m", "appliance", "accept", "verify", gate.folder / out]
    assert gate.box.platform.run(verify, check=False, cwd=REPOSITORY).returncode == 0


def test_a_kit_that_is_killed_leaves_a_box_that_mends_itself_within_the_bound(
    gate: Gate, well: Box
) -> None:
    with gate.accepting(*only("camera"), out="killed") as kit:
        kit.hears(BROKEN["camera"])
        kit.process.kill()
        kit.process.wait()
    assert left_over(well) != ""
    bound = (AWAY + MARGIN).total_seconds() + 10  # the timer is right to a second, so are we
    eventually(lambda: left_over(well) == "", "the box has mended itself", bound)


def test_a_drill_from_a_tablet_is_done_at_the_box_and_told_on_its_page(
    gate: Gate, well: Box
) -> None:
    out, drill = gate.folder / "tablet", "drill.mains@gate-test"
    address = "127.0.0.1:8090"
    words = ("--only", "drill.mains", "--out", str(out), "--serve", address)
    with gate.installer.running("accept", *words) as kit:
        eventually(lambda: "验收码" in kit.answer.read_text(), "the kit says its code", 60)
        code = re.search(r"验收码 (\w{4} \w{4})", kit.answer.read_text())
        assert code
        tablet = [sys.executable, "-m", "tests.system.tablet", f"http://{address}", code[1]]
        told = gate.box.platform.run(
            [*tablet, drill.translate(str.maketrans(".@", "--"))], cwd=REPOSITORY, timeout=300
        )
        assert BROKEN["mains"] in told.stdout
        kit.process.send_signal(signal.SIGTERM)
        kit.ends()
    assert gate.found("tablet")[drill].verdict is Verdict.YES
    assert left_over(well) == ""


def test_two_kits_cannot_drill_at_once(gate: Gate, well: Box) -> None:
    nobody = IPv4Address("198.51.100.99")
    with broken(well, cut_off(nobody, 9), timedelta(minutes=5)):
        second = shown(gate, "line", "second")
        assert left_over(well) != ""
    assert second.verdict is Verdict.UNTESTED
    assert "另一个演练" in second.reason


def test_a_box_whose_clock_may_not_be_set_is_untested_and_keeps_its_time_service(
    gate: Gate, well: Box
) -> None:
    finding = shown(gate, "clock", "clock")
    assert finding.verdict is Verdict.UNTESTED
    assert "不允许" in finding.reason
    assert well.must("systemctl", "is-active", "chrony.service") == "active\n"


def test_after_all_of_them_the_box_is_as_it_was(gate: Gate, well: Box, before: Standing) -> None:
    assert left_over(well) == ""
    assert standing(gate) == before
