"""Single checks against boxes that have what is demanded, and against boxes that lack it."""

import pytest

from acceptance_kit.findings import Finding, Verdict

from .other_box import altered, saying
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
