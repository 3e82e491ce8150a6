"""Drills from a tablet: announced, confirmed, seen to run, stopped, interrupted, undone."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from waiting import until

from acceptance_kit import parts, steps
from acceptance_kit.drills import Drill, Ground, drilled_spans
from acceptance_kit.evidence import EvidenceFolder
from acceptance_kit.findings import Finding, Verdict
from acceptance_kit.pages.bench import STOPPED
from acceptance_kit.seal import inspect

from .local_box import local_box
from .tablet import Tablet
from .test_session import Gate, gate

__all__ = ["gate"]  # a fixture

PAGE = "/drills/drill-trial-run-gate"
NAME = "drill.trial-run@gate"
Work = Callable[[Ground], tuple[Finding, ...]]


class Breaking:
    """A drill that breaks something, watches until it is let go, and mends it."""

    def __init__(self) -> None:
        self.broken: list[str] = []
        self.go_on = False

    def work(self, ground: Ground) -> tuple[Finding, ...]:
        self.broken.append("line")
        try:
            ground.tell("已断开，等待恢复…")
            while not self.go_on:
                ground.clock.sleep(0.02)
        finally:
            self.broken.remove("line")
        return (ground.found("trial-run", "演练", Verdict.YES, measured="1 秒"),)


@pytest.fixture
def breaking() -> Breaking:
    return Breaking()


@pytest.fixture
def tablet(gate: Gate, breaking: Breaking, monkeypatch: pytest.MonkeyPatch) -> Tablet:
    """张三's tablet at a gate that can be drilled, with that one drill."""
    return at_a_gate(gate, breaking.work, monkeypatch)


def at_a_gate(gate: Gate, work: Work, monkeypatch: pytest.MonkeyPatch) -> Tablet:
    (target,) = gate.site.targets
    drill = Drill(
        name="trial-run",
        title="断开后自动恢复",
        clauses=("4.5.1-6",),
        bound=timedelta(minutes=3),
        effect="断开一会儿，再恢复。",
        work=work,
    )
    monkeypatch.setattr(steps, "drills_for", lambda _: (drill,))
    box = local_box(gate.site.profile, gate.out.parent)
    monkeypatch.setattr(parts, "box_of", lambda *_: box)
    real = replace(target, place=replace(target.place, is_demo=False))
    gate.site = replace(gate.site, targets=(real,))
    tablet = Tablet.at(gate.begun("*.*"))
    tablet.come_in()
    return tablet


def test_a_drill_says_beforehand_what_it_does_and_for_how_long(tablet: Tablet) -> None:
    page = tablet.see(PAGE)
    assert "断开一会儿，再恢复。" in page
    assert "最多 <b>3 分钟</b>" in page
    assert tablet.bench.look() is None


def test_a_drill_does_not_begin_unconfirmed(tablet: Tablet) -> None:
    assert tablet.send(PAGE).status_code == 400
    assert tablet.send(PAGE, ready="no").status_code == 400
    # Nor by the way of steps that need nobody.
    fields = {"step": "drill-trial-run-gate", "number": "0"}
    assert tablet.fill(tablet.see("/rooms/check"), "/work", **fields).status_code == 400
    assert tablet.bench.look() is None


@pytest.mark.slow
def test_a_drill_is_seen_to_run_and_its_finding_is_kept(
    tablet: Tablet, breaking: Breaking, gate: Gate
) -> None:
    assert tablet.send(PAGE, ready="yes").status_code == 303
    with tablet.worked_for():
        until(lambda: breaking.broken)
        running = tablet.see("/work")
        assert "已断开，等待恢复…" in running
        assert 'max="180"' in running
        assert "正在进行：演练：断开后自动恢复" in tablet.see("/")
        breaking.go_on = True
        tablet.ended()
    assert gate.found()[NAME].verdict is Verdict.YES
    assert not inspect(gate.out).faults
    assert "不再重做" in tablet.see(PAGE)


@pytest.mark.slow
def test_two_tabs_begin_one_drill(tablet: Tablet, breaking: Breaking) -> None:
    mine, yours = tablet.see(PAGE), tablet.see(PAGE)
    assert tablet.fill(mine, PAGE, ready="yes").status_code == 303
    assert tablet.fill(yours, PAGE, ready="yes").status_code == 409
    breaking.go_on = True
    with tablet.worked_for():
        tablet.ended()
    assert tablet.fill(yours, PAGE, ready="yes").status_code == 409  # a page of before
    assert tablet.bench.count == 1


@pytest.mark.slow
def test_a_drill_that_is_stopped_is_undone_at_once_and_untested(
    tablet: Tablet, breaking: Breaking, gate: Gate
) -> None:
    tablet.send(PAGE, ready="yes")
    with tablet.worked_for():
        until(lambda: breaking.broken)
        assert tablet.send("/work", to="/work/stop").status_code == 303
        tablet.ended()
        assert not breaking.broken
    finding = gate.found()[NAME]
    assert (finding.verdict, finding.reason) == (Verdict.UNTESTED, STOPPED)
    (span,) = drilled_spans(EvidenceFolder(gate.out))
    assert span.until - span.since < timedelta(minutes=3)
    # It can be begun anew.
    breaking.go_on = True
    tablet.send(PAGE, ready="yes")
    with tablet.worked_for():
        tablet.ended()
    assert gate.found()[NAME].verdict is Verdict.YES


@pytest.mark.slow
def test_an_interrupt_in_mid_drill_undoes_it_and_leaves_a_sealed_folder(
    gate: Gate, breaking: Breaking, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(ground: Ground) -> tuple[Finding, ...]:
        breaking.broken.append("line")
        try:
            raise KeyboardInterrupt
        finally:
            breaking.broken.remove("line")

    tablet = at_a_gate(gate, interrupted, monkeypatch)
    tablet.send(PAGE, ready="yes")
    with pytest.raises(KeyboardInterrupt):
        tablet.bench.work(lambda: False)
    assert not breaking.broken
    assert NAME not in gate.found()
    assert not inspect(gate.out).faults
    (span,) = drilled_spans(EvidenceFolder(gate.out))
    assert span.until - span.since == timedelta(minutes=3)
    # The next time it is there to be done.
    assert "开始演练" in at_a_gate(gate, breaking.work, monkeypatch).see(PAGE)


@pytest.mark.slow
def test_a_drill_that_breaks_the_kit_ends_the_job_and_not_the_pages(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_ground: Ground) -> tuple[Finding, ...]:
        raise RuntimeError("/secret/place")

    tablet = at_a_gate(gate, broken, monkeypatch)
    tablet.send(PAGE, ready="yes")
    with tablet.worked_for():
        assert "未预料的错误" in tablet.ended().trouble
    assert "/secret/place" not in tablet.see("/work")


def test_a_demo_is_not_drilled(gate: Gate) -> None:
    tablet = Tablet.at(gate.begun("*.*"))
    tablet.come_in()
    page = tablet.see("/drills/drill-line-gate")
    assert "演示站点不做演练" in page
    assert "开始演练" not in page


def test_what_is_no_drill_is_not_there(tablet: Tablet) -> None:
    for key in ("check-gate", "drill-line-gate", "x" * 3000, Path("..").name):
        assert tablet.browser.get(f"/drills/{key}").status_code == 404
