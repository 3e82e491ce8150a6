"""A session over a real journal on this machine: resumed, distrustful, interrupted."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from journal.samples import passage
from rich.console import Console
from sites import demo_profile

from acceptance_kit import acceptance as acceptances
from acceptance_kit.acceptance import LEFT_OUT, Acceptance, Outcome
from acceptance_kit.checks.place import Place
from acceptance_kit.checks.running import Target
from acceptance_kit.evidence import EvidenceFolder
from acceptance_kit.findings import Finding, Verdict
from acceptance_kit.peers.platform.records import Received
from acceptance_kit.reaching import Site
from acceptance_kit.screen import Screen
from acceptance_kit.seal import inspect
from acceptance_kit.session import Options, Session
from acceptance_kit.wanted import Choice
from appliance.clock import BEIJING, SystemClock
from appliance.guideline.retention import Kind
from appliance.profile.writing import profile_as_yaml
from appliance.runtime.journal import Journal
from appliance.runtime.journal.video import Fragment, fragment_path
from appliance.trouble import Trouble

from .form_cells import docx_cells, tight

pytestmark = pytest.mark.slow

ONLY = ("numbering.*", "records.items")


@dataclass
class Gate:
    """A gate with a journal and no programs, and an engineer's folder."""

    site: Site
    root: Path
    out: Path

    def begun(self, *only: str, **how: Any) -> Acceptance:
        folder = EvidenceFolder.open(self.out)
        return Acceptance(self.site, folder, SystemClock(), Choice(only or ONLY), **how)

    def accept(
        self,
        *only: str,
        again: bool = False,
        received: Callable[[], Iterable[Received]] | None = None,
        **options: object,
    ) -> Outcome:
        said = StringIO()
        acceptance = self.begun(*only, again=again, received=received)
        screen = Screen(Console(file=said, width=200))
        try:
            return Session(acceptance, Options(**options), screen).run()  # type: ignore[arg-type]
        finally:
            self.said = said.getvalue()

    def found(self) -> dict[str, Finding]:
        return {finding.name: finding for finding in EvidenceFolder(self.out).findings()}

    def record(self, **changes: object) -> None:
        with Journal.open(self.root, SystemClock()) as journal:
            for barrier in ("A01", "A02"):
                journal.record(passage(f"{barrier}-1", barrier=barrier, **changes))

    def delete_video_early(self, days_old: int) -> None:
        """As the sweeper does on a full disk."""
        day = datetime.now(BEIJING) - timedelta(days=days_old)
        fragments = [
            Fragment("a01-plate", at, 60.0, "/v", fragment_path("a01-plate", at), 1000)
            for at in (day + timedelta(minutes=minute) for minute in range(3))
        ]
        with Journal.open(self.root, SystemClock()) as journal:
            journal.video().add_fragments(fragments)
            before, volumes = datetime.now(BEIJING), {"/v"}
            journal.shelves().take(
                Kind.VIDEO, before=before, volumes=volumes, limit=9, kept_days=365, early=True
            )


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gate:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    root = tmp_path / "gatehouse"
    profile = demo_profile(root)
    file = tmp_path / "profile.yaml"
    file.write_text(profile_as_yaml(profile), "utf-8")
    Journal.open(root, SystemClock()).close()
    place = Place(
        command=(sys.executable, "-m", "appliance"),
        profile=str(file),
        secrets=str(tmp_path / "secrets"),
        is_demo=True,
    )
    target = Target("gate", place=place)
    return Gate(Site(profile, file, (target,)), root, tmp_path / "out")


def verdicts(gate: Gate) -> dict[str, Verdict]:
    return {name: finding.verdict for name, finding in gate.found().items()}


def test_a_check_that_passes_is_yes_and_one_that_has_nothing_to_see_is_untested(
    gate: Gate,
) -> None:
    gate.accept()
    assert verdicts(gate) == {
        "numbering.unique": Verdict.YES,
        "records.items@A01": Verdict.UNTESTED,
        "records.items@A02": Verdict.UNTESTED,
    }
    assert "还没有通行记录" in gate.found()["records.items@A01"].reason


def test_what_does_not_hold_is_no_with_the_checks_own_sentence(gate: Gate) -> None:
    gate.record(position="东门 from 南")
    gate.accept()
    finding = gate.found()["records.items@A02"]
    assert finding.verdict is Verdict.NO
    assert finding.reason.startswith("通行记录 2：")
    assert "from" in finding.reason
    assert "否" in gate.said


def test_video_that_a_full_disk_took_too_early_is_no_until_its_term_is_over(gate: Gate) -> None:
    gate.delete_video_early(days_old=20)
    gate.accept("storage.early-deletions")
    (finding,) = gate.found().values()
    assert (finding.verdict, finding.measured) == (Verdict.NO, "录像 3 份")
    assert "到期以前此项为否" in finding.reason


def test_what_would_be_gone_by_now_anyway_is_no_early_deletion_any_more(gate: Gate) -> None:
    gate.delete_video_early(days_old=366)
    gate.accept("storage.early-deletions")
    assert set(verdicts(gate).values()) == {Verdict.YES}


def test_what_a_laptop_cannot_show_is_untested_and_says_so(gate: Gate) -> None:
    gate.accept("clock.zone", "firewall.*")
    assert set(verdicts(gate).values()) == {Verdict.UNTESTED}
    assert "演示站点" in gate.found()["clock.zone@gate"].reason


def test_a_second_run_keeps_what_is_yes_and_looks_at_the_rest_again(gate: Gate) -> None:
    gate.accept()
    first = gate.found()
    gate.record()
    gate.accept()
    again = gate.found()
    assert again["numbering.unique"] == first["numbering.unique"]
    assert again["records.items@A01"].verdict is Verdict.YES


def test_again_looks_at_everything_again(gate: Gate) -> None:
    gate.accept()
    before = gate.found()["numbering.unique"].at
    gate.accept(again=True)
    assert gate.found()["numbering.unique"].at > before


def test_another_profile_leaves_nothing_of_the_former_run_but_the_answers(gate: Gate) -> None:
    gate.record()
    gate.accept(*ONLY, "site.fibre", answers=answer_file(gate, "site.fibre: 是"), by="张三")
    with gate.site.profile_file.open("a", encoding="utf-8") as file:
        file.write("# another wording\n")
    gate.accept("numbering.*", "site.fibre")
    assert verdicts(gate) == {"numbering.unique": Verdict.YES, "site.fibre": Verdict.YES}
    assert gate.found()["site.fibre"].by == "张三"


def answer_file(gate: Gate, text: str) -> Path:
    file = gate.out.parent / "answers.yaml"
    file.write_text(text, "utf-8")
    return file


def test_a_no_that_somebody_made_a_yes_is_not_believed(gate: Gate) -> None:
    gate.record(position="东门 from 南")
    gate.accept()
    file = gate.out / "findings/records.items@A02.json"
    told = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps(told | {"verdict": "是", "reason": ""}), "utf-8")
    assert [fault.file for fault in inspect(gate.out).faults] == ["findings/records.items@A02.json"]
    gate.accept()
    assert gate.found()["records.items@A02"].verdict is Verdict.NO
    assert "不予采信" in gate.said


def test_the_folder_is_sealed_whatever_ended_the_run(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(monkeypatch, after=1)
    with pytest.raises(KeyboardInterrupt):
        gate.accept()
    assert len(gate.found()) == 1
    assert not inspect(gate.out).faults
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(gate.out.parent / "config"))
    gate.accept()
    assert len(gate.found()) == 3


def interrupted(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """As Ctrl-C between two findings."""
    whole: Callable[..., Iterator[object]] = acceptances.run_checks

    def cut(*words: object, **options: object) -> Iterator[object]:
        for number, taken in enumerate(whole(*words, **options)):
            if number == after:
                raise KeyboardInterrupt
            yield taken

    monkeypatch.setattr(acceptances, "run_checks", cut)


def test_a_part_of_an_acceptance_is_not_complete(gate: Gate) -> None:
    outcome = gate.accept("numbering.*")
    assert not outcome.open_points
    assert not outcome.complete
    assert "service.autostart@gate" in outcome.missing


def test_what_was_left_out_is_on_the_cover_sheet_and_ticks_no_row(gate: Gate) -> None:
    outcome = gate.accept("numbering.*", "forms.written")
    assert "drill.clock@gate" in outcome.missing
    cover = docx_cells(gate.out / "forms/cover.docx")
    told = cover.index("时钟偏差会被发现，并恢复到北京时间（gate）〔4.1-1、6.2.1〕")
    assert cover[told + 1] == tight(LEFT_OUT)
    assert "工控机（A01、A02）" in cover[told + 2]
    assert not [name for name in gate.found() if name.startswith("drill.")], "it is no evidence"


def test_an_item_that_there_is_none_of_is_told(gate: Gate) -> None:
    with pytest.raises(Trouble, match="clok"):
        gate.accept("clok.*")


def test_checks_that_cannot_begin_are_a_trouble_and_no_verdict(gate: Gate) -> None:
    gate.site.profile_file.write_text("not: a profile", "utf-8")
    with pytest.raises(Trouble, match="没有运行起来"):
        gate.accept()
    assert not gate.found()


def test_a_machine_that_goes_away_leaves_everything_untested(gate: Gate) -> None:
    config = gate.out.parent / "ssh_config"
    config.write_text("Host gate\n    HostName 127.0.0.1\n    Port 1\n    BatchMode yes\n")
    gone = Target("gate", "ssh://gate", config)
    gate.site = Site(gate.site.profile, gate.site.profile_file, (gone,))
    gate.accept("clock.*", "service.*")
    assert set(verdicts(gate).values()) == {Verdict.UNTESTED}
