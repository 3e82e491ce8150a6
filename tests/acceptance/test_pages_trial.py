"""The accuracy trial on a tablet: photo beside the reading, as read or corrected, kept by each."""

import pytest
from journal.samples import passage

from acceptance_kit.evidence import EvidenceFolder
from acceptance_kit.findings import Verdict
from acceptance_kit.trial import Truth, Truths, keep_truths, kept_truths
from appliance.clock import SystemClock
from appliance.guideline.dictionaries import PlateColour
from appliance.runtime.journal import Journal
from appliance.runtime.journal.values import Photo, PhotoKind

from .tablet import Tablet
from .test_pages import JPEG
from .test_session import Gate, gate

__all__ = ["gate"]  # a fixture
pytestmark = pytest.mark.slow  # the passages are read from a box

TRIAL = "/trials/gate"
PHOTOS = (Photo(PhotoKind.FRONT, JPEG), Photo(PhotoKind.BODY, JPEG))


@pytest.fixture
def tablet(gate: Gate) -> Tablet:
    """张三's tablet at a gate that four vehicles have passed, the last of them unread."""
    now = SystemClock().now()
    with Journal.open(gate.root, SystemClock()) as journal:
        for number in (1, 2, 3, 4):
            known = {} if number < 4 else {"plate": None, "vehicle": None}
            made = {"barrier": "A01", "passed_at": now, "photos": PHOTOS} | known
            journal.record(passage(f"A01-{number}", **made))
    tablet = Tablet.at(gate.begun("trial.*", "forms.*"))
    tablet.come_in()
    return tablet


def read(tablet: Tablet) -> str:
    """The first page after the passages were read."""
    assert tablet.send(TRIAL, to=f"{TRIAL}/read").status_code == 303
    return tablet.see(TRIAL)


def truths(gate: Gate) -> Truths:
    return kept_truths(EvidenceFolder(gate.out), "gate")


def test_the_passages_come_in_order_with_photo_and_reading(tablet: Tablet) -> None:
    assert "读取通行记录" in tablet.see(TRIAL)
    page = read(tablet)
    assert "第 1 号" in page
    assert f'src="{TRIAL}/1/1.jpg"' in page
    photo = tablet.browser.get(f"{TRIAL}/1/1.jpg")
    assert (photo.status_code, photo.mimetype) == (200, "image/jpeg")
    assert photo.data.startswith(b"\xff\xd8\xff")


def test_each_answer_is_kept_and_the_trial_goes_on_where_it_stopped(
    tablet: Tablet, gate: Gate
) -> None:
    read(tablet)
    assert tablet.send(TRIAL, to=f"{TRIAL}/1", what="as-read").status_code == 303
    tablet.send(TRIAL, to=f"{TRIAL}/2", what="typed", plate="宁a99999", colour="蓝牌")
    tablet.send(TRIAL, to=f"{TRIAL}/3", what="illegible")
    tablet.send(TRIAL, to=f"{TRIAL}/missed", what="more")
    assert truths(gate) == Truths(
        {1: Truth("="), 2: Truth("宁A99999", PlateColour.BLUE), 3: Truth("看不清")}, 1
    )
    assert "第 4 号" in tablet.see(TRIAL)


def test_what_the_terminal_judged_is_judged(tablet: Tablet, gate: Gate) -> None:
    keep_truths(EvidenceFolder(gate.out), "gate", Truths({1: Truth("="), 2: Truth("=")}))
    assert "第 3 号" in read(tablet)


def test_a_judgement_can_be_corrected_when_its_page_is_new(tablet: Tablet, gate: Gate) -> None:
    first = read(tablet)
    tablet.fill(first, f"{TRIAL}/1", what="as-read")
    assert tablet.fill(first, f"{TRIAL}/1", what="none").status_code == 409  # another tab
    assert truths(gate).of == {1: Truth("=")}
    assert tablet.send(f"{TRIAL}/1", what="none").status_code == 303
    assert truths(gate).of == {1: Truth("无车")}


WRONG = (
    (1, {}, "请选择一项"),
    (1, {"what": "typed"}, "请选择一项"),
    (1, {"what": "typed", "plate": "宁A99999", "colour": "粉牌"}, "没有号牌颜色"),
    (1, {"what": "typed", "plate": "宁" * 13, "colour": "蓝牌"}, "不超过"),
    (1, {"what": "typed", "plate": "宁A\t1", "colour": "蓝牌"}, "不超过"),
    (4, {"what": "as-read"}, "没有读出车牌"),
)


def test_what_is_no_judgement_is_told(tablet: Tablet, gate: Gate) -> None:
    read(tablet)
    for number, fields, said in WRONG:
        answer = tablet.send(f"{TRIAL}/{number}", **fields)
        assert (answer.status_code, said in answer.text) == (422, True), fields
    assert not truths(gate).of


def test_the_conclusion_is_a_finding_and_the_folder_is_sealed(tablet: Tablet, gate: Gate) -> None:
    read(tablet)
    tablet.send(TRIAL, to=f"{TRIAL}/1", what="as-read")
    tablet.send(TRIAL, to="/work")
    with tablet.worked_for():
        assert not tablet.ended().trouble
    finding = gate.found()["trial.accuracy@gate"]
    assert finding.verdict is Verdict.UNTESTED
    assert "还需 597 辆" in finding.reason
    assert (gate.out / "files" / "trial-gate.tsv").is_file()


def test_a_box_that_does_not_answer_is_told(tablet: Tablet, gate: Gate) -> None:
    gate.site.profile_file.unlink()
    answer = tablet.send(TRIAL, to=f"{TRIAL}/read")
    assert answer.status_code == 503
    assert "失败" in answer.text


def test_nothing_but_a_passages_photo_is_handed_out(tablet: Tablet, gate: Gate) -> None:
    read(tablet)
    for address in ("1/3.jpg", "9/1.jpg", "1/0.jpg", "1/x.jpg", "1/../../1.jpg"):
        assert tablet.browser.get(f"{TRIAL}/{address}").status_code == 404
    for photo in (gate.root / "photos").rglob("*.jpg"):
        photo.write_bytes(b"root:x:0:0")
    assert tablet.browser.get(f"{TRIAL}/1/1.jpg").status_code == 404
    assert tablet.browser.get("/trials/other").status_code == 404
