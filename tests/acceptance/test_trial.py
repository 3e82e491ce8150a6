"""The accuracy trial: over passages as the journal tells them, and in a session that is left."""

import io
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from sites import demo_profile

from acceptance_kit.evidence import EvidenceFolder
from acceptance_kit.findings import Verdict
from acceptance_kit.passages import PassageFacts
from acceptance_kit.trial import (
    Special,
    Truth,
    Truths,
    conclude,
    finding,
    kept_truths,
    read_truths,
    score,
    truths_as_text,
)
from acceptance_kit.trial_session import ask_in_terminal
from appliance.clock import BEIJING
from appliance.guideline.dictionaries import PlateColour
from appliance.trouble import Trouble

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=BEIJING)
YELLOW = PlateColour.YELLOW


def passage(number: int, plate: str | None = "宁A12345") -> PassageFacts:
    at = NOON + timedelta(minutes=number)
    return PassageFacts(
        id=number,
        barrier="A01",
        direction="进",
        passed_at=at,
        recorded_at=at,
        read_plate=plate,
        read_colour="黄牌" if plate else "其他",
        photos=(f"photos/{number}-front.jpg",),
        raise_method="自动",
        state="done",
        owed_at=at,
        acknowledged_at=at,
        has_photos=True,
        has_plate=plate is not None,
        has_fleet=True,
        messages=(),
    )


def all_right(count: int) -> tuple[list[PassageFacts], dict[int, Truth]]:
    passages = [passage(number) for number in range(1, count + 1)]
    return passages, {each.id: Truth(Special.AS_READ) for each in passages}


def verdict(passages: list[PassageFacts], truths: dict[int, Truth], missed: int = 0) -> Verdict:
    return finding(score(passages, Truths(truths, missed)), "gate", "kit", NOON).verdict


@pytest.mark.parametrize(("faults", "needed"), [(0, 598), (1, 947), (2, 1258)])
def test_the_box_is_ticked_with_exactly_as_many_passages_as_the_faults_ask_for(
    faults: int, needed: int
) -> None:
    passages, truths = all_right(needed)
    for number in range(1, faults + 1):
        truths[number] = Truth("宁A99999", YELLOW)
    assert verdict(passages, truths) is Verdict.YES
    short = score(passages[:-1], Truths({k: v for k, v in truths.items() if k < needed}))
    assert finding(short, "gate", "kit", NOON).verdict is Verdict.UNTESTED
    assert short.needed == 1
    assert "还需 1 辆" in finding(short, "gate", "kit", NOON).reason


def test_a_plate_of_another_colour_is_not_rightly_read() -> None:
    passages, truths = all_right(10)
    truths[3] = Truth("宁A12345", PlateColour.BLUE)
    found = score(passages, Truths(truths))
    assert (found.recognised, found.right) == (10, 9)


def test_an_unread_vehicle_lowers_the_rate_and_not_the_accuracy() -> None:
    passages, truths = all_right(10)
    passages[4] = passage(5, None)
    truths[5] = Truth("宁A12345", YELLOW)
    found = score(passages, Truths(truths))
    assert (found.vehicles, found.recognised, found.read, found.right) == (10, 9, 9, 9)


def test_a_vehicle_that_was_not_recorded_counts_as_not_recognised() -> None:
    passages, truths = all_right(700)
    assert verdict(passages, truths) is Verdict.YES
    assert verdict(passages, truths, missed=1) is Verdict.UNTESTED
    assert verdict(passages, truths, missed=9) is Verdict.NO


def test_what_nobody_can_read_does_not_count_and_a_plate_read_of_nothing_does() -> None:
    passages, truths = all_right(4)
    truths[2], truths[3] = Truth(Special.ILLEGIBLE), Truth(Special.NO_VEHICLE)
    found = score(passages, Truths(truths))
    assert (found.vehicles, found.illegible, found.phantoms) == (2, 1, 1)
    assert (found.read, found.right) == (3, 2)


def test_a_passage_that_was_passed_over_leaves_the_demand_untested() -> None:
    passages, truths = all_right(700)
    del truths[350]
    result = finding(score(passages, Truths(truths)), "gate", "kit", NOON)
    assert result.verdict is Verdict.UNTESTED
    assert "350" in result.reason


def test_a_gate_that_reads_badly_is_told_so_long_before_598() -> None:
    passages, truths = all_right(30)
    truths |= {number: Truth("宁A99999", YELLOW) for number in (5, 12, 20, 25)}
    assert verdict(passages, truths) is Verdict.NO


def test_one_fault_at_the_very_beginning_does_not_end_the_trial() -> None:
    assert verdict([passage(1)], {1: Truth("宁A99999", YELLOW)}) is Verdict.UNTESTED


def test_a_share_is_cut_and_not_rounded_up() -> None:
    passages, truths = all_right(1000)
    truths |= {number: Truth("宁A99999", YELLOW) for number in range(1, 6)}
    words = score(passages, Truths(truths)).in_words()
    assert "准确率 99.50%（95 % 下限 98.9" in words


def test_truth_about_a_passage_that_is_not_there_is_a_trouble() -> None:
    with pytest.raises(Trouble, match="编号为 7 "):
        score([passage(1)], Truths({7: Truth(Special.AS_READ)}))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("1\t宁A12345\t橙牌\n", "第 1 行：没有号牌颜色"),
        ("passage\tplate\tcolour\nx\t=\n", "第 2 行：应为：编号"),
        ("1\t=\n1\t=\n", "第 2 行：编号 1 出现了两次"),
        ("1\t=\t黄牌\n", "后面不写颜色"),
        ("missed\t-1\n", "不能是负数"),
    ],
)
def test_a_faulty_line_of_the_answers_is_named(text: str, what: str) -> None:
    with pytest.raises(Trouble, match=what):
        read_truths(text, "answers.tsv")


@given(
    st.dictionaries(
        st.integers(1, 99),
        st.sampled_from([Truth("=", None), Truth("宁A12345", YELLOW), Truth("看不清")]),
    ),
    st.integers(0, 5),
)
def test_truths_come_back_from_their_table(found: dict[int, Truth], missed: int) -> None:
    truths = Truths(found, missed)
    assert read_truths(truths_as_text(truths), "table") == truths


def test_a_session_that_is_left_goes_on_where_it_stopped(tmp_path: Path) -> None:
    folder = EvidenceFolder.open(tmp_path / "acceptance")
    passages = [passage(1), passage(2), passage(3, None), passage(4)]
    profile = demo_profile(tmp_path)

    def session(*typed: str) -> str:
        lines = iter(typed)
        out = io.StringIO()
        ask_in_terminal(
            folder,
            profile,
            "gate",
            passages,
            host="10.0.0.5",
            console=Console(file=out, width=120),
            read_line=lambda _: next(lines),
        )
        return out.getvalue()

    first = session("", "宁a99999 蓝牌", "q")
    assert "http://10.0.0.5:18080/passages/1" in first
    second = session("", "宁A55555 黄牌", "m 1", "?")
    assert "记录 1" not in second
    assert "没有读出车牌" in second
    assert kept_truths(folder, "gate") == Truths(
        {
            1: Truth("="),
            2: Truth("宁A99999", PlateColour.BLUE),
            3: Truth("宁A55555", YELLOW),
            4: Truth("看不清"),
        },
        1,
    )
    result = conclude(
        folder, passages, kept_truths(folder, "gate"), machine="gate", by="李工", at=NOON
    )
    assert result.files == ("trial-gate.tsv",)
    assert result.verdict is Verdict.NO  # two of four vehicles were not recognised
    assert "宁A99999\t蓝牌" in (folder.path / "files" / "trial-gate.tsv").read_text("utf-8")
    # What lies in work/ does not keep the folder from being opened again.
    EvidenceFolder.open(folder.path)


def test_no_answers_leave_the_demand_untested_without_a_figure() -> None:
    result = finding(score([passage(1)], Truths({})), "gate", "kit", NOON)
    assert result.verdict is Verdict.UNTESTED
    assert result.measured == ""
    assert "还需 598 辆" in result.reason
