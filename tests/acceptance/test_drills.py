"""Drills as part of an acceptance; that they break and mend a real box is `tests/system`'s."""

import json
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sites import DEMO, demo_profile

from acceptance_kit.box import Box, State
from acceptance_kit.drills import (
    DRILLS,
    CannotDrill,
    Drill,
    Ground,
    conduct,
    drilled_spans,
    drills_for,
)
from acceptance_kit.drills.line import BACKFILL, LINE
from acceptance_kit.evidence import EvidenceFolder
from acceptance_kit.findings import ITEM, Finding, Verdict
from acceptance_kit.onbox import clock_shift
from appliance.clock import SystemClock
from appliance.profile.box import UpsDriver
from appliance.profile.model import Profile
from appliance.runtime.journal import Journal

from .local_box import local_box


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return demo_profile(tmp_path / "root")


@pytest.fixture
def box(profile: Profile, tmp_path: Path) -> Box:
    Journal.open(tmp_path / "root", SystemClock()).close()
    return local_box(profile, tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> EvidenceFolder:
    return EvidenceFolder.open(tmp_path / "acceptance")


def of(work: object, **changes: object) -> Drill:
    fields = {
        "name": "trial-run",
        "title": "演练",
        "clauses": ("4.5.1-6",),
        "bound": timedelta(minutes=3),
        "effect": "什么也不做。",
        "work": work,
    }
    return Drill(**fields | changes)  # type: ignore[arg-type]


def conducted(
    drill: Drill, box: Box, profile: Profile, folder: EvidenceFolder
) -> tuple[Finding, ...]:
    machine = profile.machines[0]
    return conduct(folder, drill, box, profile, machine, clock=SystemClock(), tell=len)


def shown(ground: Ground) -> tuple[Finding, ...]:
    return (ground.found("trial-run", "演练", Verdict.YES, measured="1 秒"),)


@pytest.mark.slow
def test_a_drills_span_is_kept_and_its_findings_are_about_the_machine(
    box: Box, profile: Profile, folder: EvidenceFolder
) -> None:
    (found,) = conducted(of(shown), box, profile, folder)
    assert found.name == f"drill.trial-run@{profile.machines[0].name}"
    (span,) = drilled_spans(folder)
    assert span.until - span.since < timedelta(minutes=1)


def test_a_drill_that_was_interrupted_has_its_bound_for_an_end(
    box: Box, profile: Profile, folder: EvidenceFolder
) -> None:
    def killed(_ground: Ground) -> tuple[Finding, ...]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        conducted(of(killed), box, profile, folder)
    (span,) = drilled_spans(folder)
    assert span.until - span.since == timedelta(minutes=3)


@pytest.mark.slow
def test_a_line_that_was_cut_short_takes_no_other_drill_along(
    box: Box, profile: Profile, folder: EvidenceFolder
) -> None:
    conducted(of(shown), box, profile, folder)
    with (folder.path / "work" / "drills.jsonl").open("a") as log:
        log.write('{"drill": "line", "since": "2026-')
    assert len(drilled_spans(folder)) == 1


@pytest.mark.slow
def test_what_cannot_be_drilled_is_untested_in_all_that_the_drill_answers_for(
    box: Box, profile: Profile, folder: EvidenceFolder
) -> None:
    def cannot(_ground: Ground) -> tuple[Finding, ...]:
        raise CannotDrill("没有车。")

    found = conducted(of(cannot, name="line", more=(BACKFILL,)), box, profile, folder)
    assert [(each.item, each.verdict, each.reason) for each in found] == [
        ("drill.line", Verdict.UNTESTED, "没有车。"),
        ("drill.line-backfill", Verdict.UNTESTED, "没有车。"),
    ]


@pytest.mark.slow
def test_a_gate_that_is_not_well_is_not_drilled(
    box: Box, profile: Profile, folder: EvidenceFolder
) -> None:
    found = conducted(LINE, box, profile, folder)
    assert {each.verdict for each in found} == {Verdict.UNTESTED}
    assert "uplink 没有心跳" in found[0].reason


def test_a_box_that_does_not_answer_is_untested(profile: Profile, tmp_path: Path) -> None:
    gone = local_box(profile, tmp_path)
    machine = profile.machines[0]
    (finding, _) = LINE.on(gone, profile, machine, SystemClock(), len)
    assert finding.verdict is Verdict.UNTESTED
    assert "gatehouse journal facts 失败" in finding.reason


def test_every_drill_says_what_it_does_and_has_names_of_its_own() -> None:
    items = [demand.item for drill in DRILLS for demand in drill.proofs]
    assert len(items) == len(set(items))
    assert all(ITEM.fullmatch(item) for item in items)
    assert all(drill.effect.endswith("。") and drill.bound > timedelta(0) for drill in DRILLS)


def test_what_runs_on_the_box_needs_no_testinfra_there() -> None:
    code = "import sys; sys.modules['testinfra'] = None\n" + "\n".join(
        f"import acceptance_kit.onbox.{name}" for name in ("clock_shift", "liar", "simulated_mains")
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=DEMO.parents[1])


def test_a_beat_of_long_ago_is_not_well() -> None:
    told = {
        "now": "2026-11-24T12:00:00+08:00",
        "heartbeats": {
            "uplink": {"ok": True, "detail": "已连接", "at": "2026-11-24T11:59:44+08:00"},
            "web": {"ok": True, "detail": "", "at": "2026-11-24T11:59:46+08:00"},
        },
        "outbox": {"waiting": 0, "aside": 0, "done": 0},
        "last_accepted_at": None,
        "newest_passage": None,
        "chain_head": "0",
        "last_event": 0,
        "events": [],
    }
    state = State.of(json.loads(json.dumps(told)))
    assert (state.well("uplink"), state.well("web"), state.well("lane-A01")) == (False, True, False)


class Kernel:
    """The two clocks of a kernel, of which one can be set."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.real, self.up, self.chrony = 1_000_000.0, 50.0, "start"
        patch.setattr(time, "time", lambda: self.real)
        patch.setattr(time, "clock_gettime", lambda _which: self.up)
        patch.setattr(time, "clock_settime", lambda _which, now: setattr(self, "real", now))
        patch.setattr(clock_shift, "chrony", lambda verb: setattr(self, "chrony", verb))

    def pass_(self, seconds: float) -> None:
        self.real += seconds
        self.up += seconds


def test_the_clock_goes_back_and_comes_back_to_the_true_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel, note = Kernel(monkeypatch), tmp_path / "note"
    clock_shift.away(3, note)
    assert (kernel.real, kernel.chrony) == (999_997.0, "stop")
    kernel.pass_(20)
    kernel.real += 2.5  # somebody has corrected it in part
    clock_shift.back(note)
    assert (kernel.real, kernel.chrony) == (1_000_020.0, "start")


def test_the_clock_is_put_right_once_however_often_it_is_undone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel, note = Kernel(monkeypatch), tmp_path / "note"
    clock_shift.away(3, note)
    clock_shift.back(note)
    kernel.real += 7  # standard time, by chrony
    clock_shift.back(note)
    assert kernel.real == 1_000_007.0


def test_where_the_clock_may_not_be_set_chrony_runs_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel, note = Kernel(monkeypatch), tmp_path / "note"

    def refused(_which: int, _now: float) -> None:
        raise PermissionError

    monkeypatch.setattr(time, "clock_settime", refused)
    with pytest.raises(PermissionError):
        clock_shift.away(3, note)
    assert kernel.chrony == "start"
    clock_shift.back(note)
    assert not note.exists()


def test_the_bounds_are_the_sites(profile: Profile) -> None:
    bounds = {drill.name: drill.bound for drill in drills_for(profile)}
    assert bounds["camera"] == 2 * timedelta(seconds=210)
    assert bounds["line-alarm"] == timedelta(minutes=16)
    slow = profile.model_copy(
        update={"uplink": profile.uplink.model_copy(update={"missed_upload_minutes": 30})}
    )
    assert {d.name: d.bound for d in drills_for(slow)}["line-alarm"] == timedelta(minutes=36)


def test_only_a_real_ups_needs_hands(profile: Profile) -> None:
    needing = [drill.name for drill in DRILLS if drill.needs_hands(profile)]
    assert needing == ["mains"]
    assert profile.ups is not None
    simulated = profile.ups.model_copy(update={"driver": UpsDriver.DUMMY})
    toy = profile.model_copy(update={"ups": simulated})
    assert not any(drill.needs_hands(toy) for drill in DRILLS)


@pytest.mark.parametrize("seconds", [0, -1, 61])
def test_a_clock_is_not_put_ahead_nor_far_back(tmp_path: Path, seconds: float) -> None:
    with pytest.raises(SystemExit):
        clock_shift.away(seconds, tmp_path / "note")
    assert not (tmp_path / "note").exists()


def test_a_second_shift_is_refused_while_one_is_under_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel, note = Kernel(monkeypatch), tmp_path / "note"
    clock_shift.away(3, note)
    with pytest.raises(FileExistsError):
        clock_shift.away(3, note)
    assert kernel.real == 999_997.0
