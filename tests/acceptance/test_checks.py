"""Single checks against boxes that have what is demanded, and against boxes that lack it."""

from pathlib import Path

import pytest
from journal.samples import LORRY, passage
from sites import demo_profile, profile_file

from acceptance_kit.findings import Finding, Verdict
from appliance.clock import SystemClock
from appliance.runtime.journal import Journal
from appliance.runtime.journal.values import Vehicle

from .other_box import altered, saying, with_profile
from .test_session import Gate, gate

__all__ = ["gate"]  # a fixture

pytestmark = pytest.mark.slow


def only(gate: Gate, item: str) -> Finding:
    gate.accept(item)
    (finding,) = gate.found().values()
    return finding


def test_a_box_that_can_report_an_outage_shows_the_paper(gate: Gate) -> None:
    found = only(gate, "outage.report")
    assert (found.verdict, found.reason) == (Verdict.YES, "")
    assert found.files == ("outage-sample-gate.txt",)
    paper = (gate.out / "files/outage-sample-gate.txt").read_text("utf-8")
    assert gate.site.profile.enterprise.name in paper
    assert "虚构" in paper.splitlines()[0]


@pytest.mark.parametrize(
    ("words", "instead", "lacking"),
    [
        ("生态环境主管部门", "", "报送对象"),
        ("联系电话：", "", "联系电话"),
        ("自20", "自从20", "中断时间"),
        ("记录 1 条", "记录 0 条", "待补传的记录"),
        ("72小时", "尽快", "72 小时内补传"),
    ],
)
def test_a_paper_without_what_the_authority_must_learn_is_no(
    gate: Gate, words: str, instead: str, lacking: str
) -> None:
    gate.site = altered(gate.site, words, instead)
    found = only(gate, "outage.report")
    assert found.verdict is Verdict.NO
    assert lacking in found.reason


def test_a_box_that_does_not_see_24_hours_as_an_outage_is_no(gate: Gate) -> None:
    gate.site = saying(gate.site, "近 31 天没有达到 24 小时的数据中断，无需报备。", 1)
    found = only(gate, "outage.report")
    assert found.verdict is Verdict.NO


def test_a_box_that_knows_no_sample_is_untested(gate: Gate) -> None:
    gate.site = saying(gate.site, "No such option: --sample", 2)
    assert only(gate, "outage.report").verdict is Verdict.UNTESTED


def test_the_boxs_own_table_1_is_shown_whole(gate: Gate) -> None:
    found = only(gate, "profile.table-1")
    assert (found.verdict, found.measured) == (Verdict.YES, "17 项，17 项一致")
    rows = (gate.out / "files/table-1-gate.txt").read_text("utf-8").splitlines()
    # the guideline's numbers of the rows
    assert rows[10] == f"11 联系人：{gate.site.profile.enterprise.contact}"
    assert rows[13] == "14 道闸数量：2"
    assert rows[16].startswith("17 非道路移动机械数量：")


def test_a_box_with_another_enterprise_in_table_1_is_no_and_the_rows_are_named(
    gate: Gate, tmp_path: Path
) -> None:
    theirs = demo_profile(gate.root, enterprise__name="别的企业", enterprise__contact="李四")
    gate.site = with_profile(gate.site, profile_file(tmp_path, theirs, "theirs.yaml"))
    found = only(gate, "profile.table-1")
    assert found.verdict is Verdict.NO
    assert "企业名称、联系人不是这一份" in found.reason


def test_a_box_whose_profile_cannot_be_read_shows_no_table_1(gate: Gate, tmp_path: Path) -> None:
    gate.site = with_profile(gate.site, tmp_path / "absent.yaml")
    assert only(gate, "profile.table-1").verdict is Verdict.UNTESTED


def registered(gate: Gate, *vehicles: Vehicle) -> None:
    with Journal.open(gate.root, SystemClock()) as journal:
        journal.put_vehicles(vehicles)


def test_passages_of_registered_vehicles_that_carry_their_particulars_are_shown(gate: Gate) -> None:
    registered(gate, LORRY)
    gate.record()
    found = only(gate, "records.vehicles")
    assert found.verdict is Verdict.YES
    assert "号牌已登记的 2 次，其中信息齐全的 2 次" in found.measured


def test_one_known_vehicle_does_not_hide_a_passage_without_its_particulars(gate: Gate) -> None:
    registered(gate, LORRY)
    gate.record()
    with Journal.open(gate.root, SystemClock()) as journal:
        journal.record(passage("A01-2", vehicle=None))
    found = only(gate, "records.vehicles")
    assert found.verdict is Verdict.NO
    assert found.reason.startswith("通行记录 3 的车辆已登记，记录缺 排放标准、联网状态、")


def test_a_register_of_nothing_but_plates_gives_no_particulars(gate: Gate) -> None:
    bare = Vehicle(LORRY.plate, LORRY.plate_colour, fuel="B")
    registered(gate, bare)
    gate.record(vehicle=bare)
    found = only(gate, "records.vehicles")
    assert found.verdict is Verdict.NO
    assert "VIN" in found.reason
    assert "燃料类型" not in found.reason


def test_a_vehicle_that_nobody_registered_has_no_particulars_and_is_told(gate: Gate) -> None:
    registered(gate, LORRY)
    with Journal.open(gate.root, SystemClock()) as journal:
        journal.record(passage("A01-1", plate="宁B99999", vehicle=None))
    found = only(gate, "records.vehicles")
    assert (found.verdict, "未登记的通行记录：1" in found.measured) == (Verdict.UNTESTED, True)
    gate.record()
    found = only(gate, "records.vehicles")
    assert (found.verdict, "未登记的通行记录：1" in found.measured) == (Verdict.YES, True)


def test_a_gate_without_a_register_is_no(gate: Gate) -> None:
    gate.record(vehicle=None)
    assert "vehicles import" in only(gate, "records.vehicles").reason
