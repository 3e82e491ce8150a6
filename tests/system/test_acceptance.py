"""The acceptance of the provisioned box: all good, and then one planted fault after the other."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from typing import Any

import pytest
from acceptance.form_cells import docx_cells, tight
from sqlite_utils import Database

from acceptance_kit.acceptance import LEFT_OUT
from acceptance_kit.drills.clock import CLOCK
from acceptance_kit.findings import Finding, Verdict, name_of
from acceptance_kit.forms import filled_forms
from acceptance_kit.forms.cover import blanks
from acceptance_kit.forms.filling import Filled, fill
from acceptance_kit.forms.model import FITS, PASSED
from appliance.profile.loading import load_profile

from .bed.places import REPOSITORY
from .gate_at_work import Gate
from .installer import SITE
from .planted import FAULTS, Round

NOT_ON_A_BED = {"drill.clock@gate-test"}
"""A guest may not set its clock, which is the host's too. What the drill does is shown by
tests/acceptance/test_drills.py, and here that the box is left alone (test_drills.py)."""

SKIPPED = tuple(word for name in sorted(NOT_ON_A_BED) for word in ("--skip", name))


def told_during_drills(gate: Gate) -> dict[str, Callable[[], None]]:
    """What a site does when a drill tells so: a lorry comes; the box's disk is seen again."""

    def rebooted() -> None:
        gate.box.wait_booted(gate.box.state["boots"] + 1)
        gate.plug_in()

    def first_lorry() -> None:
        # A clip begins before its passage; of what came before the recorder was there again, there
        # is none.
        time.sleep(load_profile(SITE).recording.before_seconds)
        gate.devices.tell("begin A01")

    return {
        "已断开到平台": lambda: gate.devices.tell("begin A02"),
        "平台的应答已换成错误应答": lambda: gate.devices.tell("begin A01"),
        "工控机正在重启": rebooted,
        "等待第一辆车": first_lorry,
    }


@pytest.fixture(scope="module")
def told(gate: Gate) -> dict[str, Any]:
    """What the command says at the end of a whole acceptance, drills included."""
    reactions = told_during_drills(gate)
    with gate.accepting(*SKIPPED) as kit:
        for line in kit.lines():
            for words, react in reactions.items():
                if words in line:
                    react()
        assert kit.ends() in {0, 1}, kit.answer.read_text()
    found: dict[str, Any] = json.loads(kit.answer.read_text())
    return found


@pytest.fixture(scope="module")
def found(gate: Gate, told: dict[str, Any]) -> dict[str, Finding]:
    """All that it has found."""
    assert told is not None
    return gate.found()


@pytest.fixture(scope="module")
def filled(found: dict[str, Finding]) -> Filled:
    """The five forms' data, as they follow from the findings."""
    return fill(load_profile(SITE), tuple(found.values()))


def test_an_all_good_box_has_nothing_open(told: dict[str, Any]) -> None:
    assert {name_of(each["item"], each["subject"]): each["reason"] for each in told["open"]} == {}
    assert set(told["missing"]) == NOT_ON_A_BED


def test_every_row_of_its_forms_is_ticked_and_they_conclude(filled: Filled) -> None:
    unticked = {
        f"{row.form} {row.barrier} {row.row}": row.judgement.answer.verdict
        for row in filled.rows
        if row.judgement.answer.verdict is not Verdict.YES
    }
    assert unticked == {}
    assert {table.barrier: table.conclusion for table in filled.table6} == {
        "A01": PASSED,
        "A02": PASSED,
    }
    assert filled.table7.functions.verdict is Verdict.YES
    assert filled.table9.conclusion == FITS


def test_no_cell_of_its_forms_is_blank_but_those_of_others(found: dict[str, Finding]) -> None:
    at = max(each.at for each in found.values())
    forms = list(filled_forms(load_profile(SITE), tuple(found.values()), at))
    assert blanks((name, sheet, form) for name, sheet, form in forms if name != "cover") == ()


def test_the_five_forms_lie_in_the_folder(gate: Gate, told: dict[str, Any]) -> None:
    assert told is not None
    tables = ("table-5", "table-6", "table-6-A02", "table-7", "table-8", "table-9")
    names = {f"{name}.{kind}" for name in (*tables, "cover") for kind in ("docx", "pdf")}
    assert {file.name for file in (gate.folder / "site/forms").iterdir()} == names


def test_the_drill_that_a_guest_cannot_show_is_what_keeps_the_written_forms_open(
    gate: Gate, told: dict[str, Any]
) -> None:
    assert told is not None
    cover = docx_cells(gate.folder / "site/forms/cover.docx")
    begun, ended = (
        next(i for i, cell in enumerate(cover) if cell.startswith(words))
        for words in ("二、", "三、")
    )
    entries = cover[begun + 1 : ended]
    assert [cell for cell in entries if "〔" in cell] == [
        f"{CLOCK.title}（gate-test）〔4.1-1、6.2.1〕"
    ]
    assert tight(LEFT_OUT) in entries


def test_the_platform_heard_that_the_gate_was_cut_off(
    gate: Gate, found: dict[str, Finding]
) -> None:
    assert found["drill.line@gate-test"].verdict is Verdict.YES
    messages = Database(gate.database).query("SELECT fields FROM messages WHERE cn = '60003'")
    assert any("离线" in row["fields"] for row in messages)


ROUNDS = tuple(
    tuple(name for name, fault in FAULTS.items() if fault.round is each) for each in Round
)
"""Faults that are planted together. An acceptance takes its time, and there are many of them."""

ANEW = ("--again", "--skip", "drill.*")
"""All but the drills is looked at once more; a drill refuses a box that is not well."""


@pytest.fixture(scope="module")
def turned(gate: Gate, found: dict[str, Finding]) -> Callable[[tuple[str, ...]], set[str]]:
    """What turns 否 when the faults of a round are planted; each round is planted once."""
    assert all(each.verdict is not Verdict.NO for each in found.values())

    @cache
    def look(names: tuple[str, ...]) -> set[str]:
        with ExitStack() as planted:
            for name in names:
                planted.enter_context(FAULTS[name].plant(gate))
            again = gate.accept(*ANEW)
            assert again.returncode == 1, again.stderr
            return gate.refused()

    return look


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_turns_its_own_item(
    turned: Callable[[tuple[str, ...]], set[str]], name: str
) -> None:
    planted = next(names for names in ROUNDS if name in names)
    assert set(FAULTS[name].turns) <= turned(planted)


@pytest.mark.parametrize("names", ROUNDS, ids=lambda names: names[0])
def test_nothing_else_turns(
    turned: Callable[[tuple[str, ...]], set[str]], names: tuple[str, ...]
) -> None:
    assert turned(names) == {item for name in names for item in FAULTS[name].turns}


def test_an_answer_of_no_turns_its_own_item_and_no_other(
    gate: Gate, found: dict[str, Finding]
) -> None:
    assert "barrier.anti-crush@A02" in found
    answers = gate.folder / "answers.yaml"
    answers.write_text("by: 张三\nbarrier.anti-crush@A02: 否\n", "utf-8")
    gate.accept(*ANEW, "--answers", str(answers))
    # Every planted fault is mended by now.
    assert gate.refused() == {"barrier.anti-crush@A02"}


def test_the_box_is_as_it_was_when_every_fault_is_mended(gate: Gate, told: dict[str, Any]) -> None:
    again = json.loads(gate.accept(*ANEW).stdout)
    assert again["open"] == told["open"] == []


def test_evidence_that_was_touched_is_told_with_its_file(
    gate: Gate, found: dict[str, Finding]
) -> None:
    folder = gate.folder / "site"
    verify = [sys.executable, "-m", "appliance", "accept", "verify", str(folder)]
    assert subprocess.run(verify, cwd=REPOSITORY, check=False).returncode == 0
    file = folder / f"findings/{found['ups.runtime@gate-test'].name}.json"
    sound = file.read_text("utf-8")
    file.write_text(sound.replace("120 分钟", "240 分钟"), "utf-8")
    try:
        touched = subprocess.run(
            verify, cwd=REPOSITORY, check=False, capture_output=True, text=True
        )
    finally:
        file.write_text(sound, "utf-8")
    assert touched.returncode == 1
    assert "findings/ups.runtime@gate-test.json" in touched.stdout
