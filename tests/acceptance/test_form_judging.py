"""A box is ticked for what was shown, and for nothing else."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from sites import DEMO, demo_profile

from acceptance_kit.findings import Finding, Verdict
from acceptance_kit.forms import filled_forms
from acceptance_kit.forms.filling import fill
from acceptance_kit.forms.judging import LONGEST_REASON
from acceptance_kit.forms.model import Answer, Cover, Device, Form
from appliance.profile import Profile, load_profile

from .form_cells import NOON, all_shown, asked, finding

CEMENT = DEMO.with_name("yinchuan-cement.yaml")
ROWS = [
    (form, field, row)
    for form in ("table-6", "table-7", "table-9")
    for field, row in asked(form).items()
    if row.get("clauses")
]


@pytest.fixture(scope="module")
def cement() -> Profile:
    """Two machines, two entrances, four barriers, six cameras."""
    return load_profile(CEMENT)


@pytest.fixture
def demo(tmp_path: Path) -> Profile:
    return demo_profile(tmp_path)


def ticks(form: Form) -> dict[str, str]:
    """Which box of every row is ticked."""
    found = {}
    for field in fields(form):
        value = getattr(form, field.name)
        answer = value.holds if isinstance(value, Device) else value
        if isinstance(answer, Answer):
            found[field.name] = answer.ticked
        elif field.name == "conclusion":
            found[field.name] = answer
    return found


def cover_of(profile: Profile, findings: tuple[Finding, ...]) -> Cover:
    *_, (_, _, form) = filled_forms(profile, findings, NOON, "AAAA BBBB CCCC DDDD")
    assert isinstance(form, Cover)
    return form


def test_nothing_is_ticked_and_nothing_concluded_when_nothing_was_shown(demo: Profile) -> None:
    filled = fill(demo, ())
    told = [*map(ticks, filled.table6), ticks(filled.table7), ticks(filled.table9)]
    # That Table 5 has no blank cell shows itself.
    assert told[-1].pop("registered") == "是"
    assert {tick for form in told for tick in form.values()} == {""}


def test_everything_is_yes_when_everything_was_shown(cement: Profile) -> None:
    filled = fill(cement, all_shown())
    for table in filled.table6:
        told = ticks(table)
        assert told.pop("conclusion") == "验收合格"
        assert set(told.values()) == {"是"}
    assert set(ticks(filled.table7).values()) == {"是"}
    assert ticks(filled.table9).pop("conclusion") == "符合"
    cover = cover_of(cement, all_shown())
    assert (cover.failed, cover.untested, cover.blanks) == ((), (), ())
    assert (cover.none_failed, cover.none_untested, cover.none_blanks) == (("无",),) * 3
    assert cover.conclusions == "共 4 张：验收合格 4 张，验收不合格 0 张，未定 0 张"


@pytest.mark.parametrize(("form", "field", "row"), ROWS, ids=lambda each: str(each)[:20])
def test_a_demand_that_fails_turns_the_rows_that_ask_for_it_and_no_others(
    demo: Profile, form: str, field: str, row: dict[str, Any]
) -> None:
    clause = row["clauses"][0]
    filled = fill(demo, (*all_shown(), finding(clause, Verdict.NO, item="planted.fault")))
    told = {
        "table-6": ticks(filled.table6[0]),
        "table-7": ticks(filled.table7),
        "table-9": ticks(filled.table9),
    }
    asking = {
        (name, each)
        for name in told
        for each, demands in asked(name).items()
        if clause in demands.get("clauses", ())
    }
    no = {(name, each) for name, ticked in told.items() for each, tick in ticked.items()} - {
        (name, each)
        for name, ticked in told.items()
        for each, tick in ticked.items()
        if tick in {"是", "验收合格", "符合"}
    }
    assert (form, field) in asking
    # A Table 6 that fails is told by its conclusion, and by the first condition of Table 7.
    follows = set()
    if any(name == "table-6" for name, _ in asking):
        follows = {("table-6", "conclusion"), ("table-7", "functions")}
    if any(name == "table-9" for name, _ in asking):
        follows |= {("table-9", "conclusion")}
    assert no == asking | follows
    assert {told[name][each] for name, each in no} <= {"否", "验收不合格", "不符合"}


@pytest.mark.parametrize(("form", "field", "row"), ROWS, ids=lambda each: str(each)[:20])
def test_a_row_stays_unticked_while_one_of_its_demands_was_not_looked_at(
    demo: Profile, form: str, field: str, row: dict[str, Any]
) -> None:
    for clause in row["clauses"]:
        filled = fill(demo, tuple(each for each in all_shown() if clause not in each.clauses))
        told = {"table-6": filled.table6[0], "table-7": filled.table7, "table-9": filled.table9}
        assert ticks(told[form])[field] == ""
        assert ticks(told[form]).get("conclusion", "") == ""


def test_what_is_not_applicable_shows_no_demand_that_every_site_must_meet(demo: Profile) -> None:
    shown = tuple(each for each in all_shown() if "4.4.6-1" not in each.clauses)
    table = fill(demo, (*shown, finding("4.4.6-1", Verdict.NOT_APPLICABLE))).table6[0]
    assert ticks(table)["ups"] == ""
    assert table.conclusion == ""


@pytest.mark.parametrize("item", ["trial.accuracy", "records.stable-days", "filing.promise"])
def test_trial_stable_days_and_promise_are_asked_for_by_name(demo: Profile, item: str) -> None:
    row = {"trial.accuracy": "recognition", "records.stable-days": "continuous"}
    filled = fill(demo, tuple(each for each in all_shown() if each.item != item))
    told = ticks(filled.table6[0]) | ticks(filled.table7) | ticks(filled.table9)
    assert told[row.get(item, "promise")] == ""


def test_an_optional_part_that_is_on_counts_and_one_that_is_off_does_not(demo: Profile) -> None:
    off = finding("4.3-4", Verdict.NOT_APPLICABLE, item="display.off")
    broken = finding("4.3-4", Verdict.NO, item="display.broken")
    assert fill(demo, (*all_shown(), off)).table7.functions.ticked == "是"
    assert fill(demo, (*all_shown(), broken)).table7.functions.ticked == "否"
    assert fill(demo, (*all_shown(), broken)).table6[0].conclusion == "验收合格"


@pytest.mark.parametrize(
    ("subject", "barriers"),
    [
        (None, "A01 A02 B01 B02"),
        ("A02", "A02"),
        ("A", "A01 A02"),
        ("b01-plate", "B01"),
        ("b-overview", "B01 B02"),
        ("gate-north", "A01 A02"),
        ("gate-nobody", ""),
    ],
    ids=str,
)
def test_a_finding_turns_the_tables_of_the_barriers_that_it_is_about(
    cement: Profile, subject: str | None, barriers: str
) -> None:
    fault = finding("4.3-1", Verdict.NO, item="planted.fault", subject=subject)
    filled = fill(cement, (*all_shown(), fault))
    failing = {table.barrier for table in filled.table6 if table.plate_camera.holds.ticked == "否"}
    assert failing == set(barriers.split())
    rejected = {table.barrier for table in filled.table6 if table.conclusion == "验收不合格"}
    assert rejected == failing


def test_a_demand_shown_for_one_barrier_is_not_shown_for_another(cement: Profile) -> None:
    shown = tuple(each for each in all_shown() if "4.5.1-2" not in each.clauses)
    filled = fill(cement, (*shown, finding("4.5.1-2", subject="A01")))
    assert [table.photos.ticked for table in filled.table6] == ["是", "", "", ""]


def test_the_cover_names_each_open_demand_once_with_every_row_that_it_keeps_open(
    cement: Profile,
) -> None:
    fault = finding(
        "7.4",
        Verdict.NO,
        item="planted.fault",
        title="按返回编号处理",
        measured="2 种",
        bound="6 种",
        reason="没有处理返回编号 10。",
    )
    cover = cover_of(cement, (*all_shown(), fault))
    (told,) = cover.failed
    assert told.demand == "按返回编号处理〔7.4〕"
    assert told.reason == "实测 2 种，要求 6 种。没有处理返回编号 10。"
    assert told.rows == (
        "表 6 信息上传功能（A01、A02、B01、B02）；表 7 申报条件：联网条件；表 9 第 7 项"
    )
    assert cover.conclusions == "共 4 张：验收合格 0 张，验收不合格 4 张，未定 0 张"
    assert cover.fingerprint == "AAAA BBBB CCCC DDDD"


def test_the_cover_names_a_demand_that_no_finding_answers(demo: Profile) -> None:
    shown = tuple(each for each in all_shown() if "5.1.3" not in each.clauses)
    (told,) = cover_of(demo, shown).untested
    words = "漏传报警和补传；中断 24 小时报备，恢复后 72 小时内补完"
    assert told.demand == f"{words}〔5.1.3〕"
    assert told.rows == "表 6 断线远程恢复和自动重传（A01、A02）"


def test_a_fault_of_a_camera_that_shows_no_barrier_is_on_the_cover(cement: Profile) -> None:
    fault = finding("4.4.5-1", Verdict.NO, item="planted.fault", subject="spare-camera")
    (told,) = cover_of(cement, (*all_shown(), fault)).failed
    assert told.rows == "不属于任何一栏"


def test_what_the_kit_says_of_its_own_forms_changes_no_form(demo: Profile) -> None:
    own = finding("9.2.1–5", Verdict.UNTESTED, item="forms.written")
    before = list(filled_forms(demo, all_shown(), NOON))
    assert list(filled_forms(demo, (*all_shown(), own), NOON)) == before


def test_the_order_of_the_findings_changes_no_form(cement: Profile) -> None:
    faults = tuple(
        finding("7.4", Verdict.NO, item=f"planted.fault-{number}") for number in range(3)
    )
    there = list(filled_forms(cement, (*all_shown(), *faults), NOON))
    back = list(filled_forms(cement, (*reversed(faults), *reversed(all_shown())), NOON))
    assert there == back


def test_a_long_reason_is_cut_in_its_cell_and_whole_on_the_cover(demo: Profile) -> None:
    reason = "第一句很长的原因，" * 30
    fault = finding("4.4.6-1", Verdict.NO, item="planted.fault", reason=reason)
    table = fill(demo, (fault,)).table6[0]
    assert len(table.ups.holds.reason) < LONGEST_REASON + 20
    assert table.ups.holds.reason.endswith("……（全文见封面）")
    assert reason in cover_of(demo, (fault,)).failed[0].reason


def test_what_the_profile_lacks_is_a_blank_and_the_cover_names_it(tmp_path: Path) -> None:
    site = demo_profile(tmp_path, acceptance={}, cameras__0__maker=None, ups__model=None)
    blanks = [(each.form, each.cell, each.key) for each in cover_of(site, ()).blanks]
    assert ("表 5", "地市", "acceptance.city") in blanks
    assert ("表 5", "建设类别", "acceptance.construction") in blanks
    assert ("表 6（A01）", "车牌识别设备相机的厂家", "cameras[].maker") in blanks
    assert ("表 6（A01）、表 6（A02）", "24 h 不间断供电系统的规格型号", "ups.model") in blanks
    assert ("表 8", "授权签字人", "acceptance.authorised_signatory") in blanks
    assert ("表 9", "数据传输方式", "acceptance.connection") in blanks
    assert ("表 7、表 8", "门禁厂商（提供营业执照）", "acceptance.gate_maker") in blanks
    assert len(blanks) == len(set(blanks))
    assert fill(site, ()).table9.registered.ticked == ""


def test_where_the_gate_has_no_surveillance_camera_the_form_says_so(demo: Profile) -> None:
    device = fill(demo, ()).table6[0].surveillance
    assert (device.count, device.maker, device.model) == ("0", "/", "/")
