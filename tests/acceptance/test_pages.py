"""The acceptance on a tablet: who comes in, questions and photos, two tabs, hostile input."""

import re
import struct
import zlib

import cv2
import numpy as np
import pytest
from flask.testing import FlaskClient

from acceptance_kit import answers
from acceptance_kit.evidence import EvidenceFolder, one_at_a_time
from acceptance_kit.findings import Verdict
from acceptance_kit.pages.app import LARGEST
from acceptance_kit.pages.serving import parted
from acceptance_kit.seal import inspect
from acceptance_kit.steps import Kind
from appliance.trouble import Trouble

from .tablet import CODE, HIDDEN, Tablet
from .test_session import Gate, answer_file, gate

__all__ = ["gate"]  # a fixture

FIBRE, BANDWIDTH = "/questions/site.fibre", "/questions/site.bandwidth"
PAGES = ("/", "/questions", FIBRE, "/drills", "/trials/gate", "/forms", "/work", "/open")
NOISE = np.random.default_rng(1).integers(0, 255, (300, 400, 3), dtype=np.uint8)
JPEG = cv2.imencode(".jpg", NOISE)[1].tobytes()
PNG = cv2.imencode(".png", NOISE)[1].tobytes()
"""Of a photo's size, which is more than a browser sends at once."""


@pytest.fixture
def stranger(gate: Gate) -> Tablet:
    """A browser in which nobody has come in."""
    return Tablet.at(gate.begun("*.*"))


@pytest.fixture
def tablet(stranger: Tablet) -> Tablet:
    """张三's tablet."""
    assert stranger.come_in() == 302
    return stranger


@pytest.mark.parametrize("address", [*PAGES, "/rooms/check", "/forms/table-5.pdf", "/nowhere"])
def test_a_stranger_sees_the_login_and_nothing_else(stranger: Tablet, address: str) -> None:
    answer = stranger.browser.get(address)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login")


@pytest.mark.parametrize("address", [FIBRE, "/work", "/work/forms", "/drills/drill-kill-gate"])
def test_a_stranger_changes_nothing(stranger: Tablet, gate: Gate, address: str) -> None:
    fields = {"answer": "是", "ready": "yes", "number": "0", "step": "check-gate"}
    assert stranger.browser.post(address, data=fields).status_code == 302
    assert not gate.found()
    assert stranger.bench.look() is None


def test_a_wrong_code_is_refused_and_guessing_is_stopped(stranger: Tablet) -> None:
    assert [stranger.come_in(code="WRONG") for _ in range(6)] == [403] * 5 + [429]
    assert stranger.come_in() == 429


def test_a_code_is_taken_as_a_person_types_it(stranger: Tablet) -> None:
    assert stranger.come_in(code=f" {CODE[:4].lower()} {CODE[4:]}") == 302


@pytest.mark.parametrize("name", ["", "  ", "x" * 51, "张\n三"])
def test_who_answers_has_to_say_a_name(stranger: Tablet, name: str) -> None:
    assert stranger.come_in(name) == 422


def test_the_cookie_is_out_of_a_scripts_reach_and_tells_no_code(stranger: Tablet) -> None:
    answer = stranger.browser.post("/login", data={"name": "张三", "code": CODE})
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert CODE not in cookie


@pytest.mark.parametrize("address", [*PAGES, "/clauses", "/rooms/check", "/rooms/records"])
def test_every_page_forbids_scripts_and_has_none(tablet: Tablet, address: str) -> None:
    answer = tablet.browser.get(address)
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert not re.search(r"<script|\son\w+=|style=", answer.text)


def test_an_answer_is_kept_with_the_name_of_who_gave_it_and_the_next_question_comes(
    tablet: Tablet, gate: Gate
) -> None:
    answer = tablet.send(FIBRE, answer="是", note="电信")
    assert (answer.status_code, answer.headers["Location"]) == (303, BANDWIDTH)
    finding = gate.found()["site.fibre"]
    assert (finding.verdict, finding.by) == (Verdict.YES, "张三")
    assert not inspect(gate.out).faults


def test_what_was_answered_in_the_terminal_is_there_on_the_tablet_and_back(gate: Gate) -> None:
    gate.accept("site.*", answers=answer_file(gate, "site.fibre: 是"), by="李四")
    tablet = Tablet.at(gate.begun("site.*"))
    tablet.come_in()
    assert "李四" in tablet.see(FIBRE)
    tablet.send("/questions/site.goods", answer="否", note="还没有指定")
    gate.accept("site.*")
    found = gate.found()
    assert (found["site.fibre"].by, found["site.goods"].by) == ("李四", "张三")
    assert found["site.goods"].reason == "还没有指定"


@pytest.mark.parametrize(
    ("address", "fields", "said"),
    [
        (FIBRE, {"answer": "也许"}, "请回答 是、否 或 不适用"),
        (FIBRE, {}, "请回答 是、否 或 不适用"),
        (FIBRE, {"answer": "不适用"}, "写明原因"),
        (FIBRE, {"answer": "是", "note": "两\n行"}, "写成一行"),
        (FIBRE, {"answer": "是", "note": "长" * 501}, "500 字"),
        (BANDWIDTH, {"answer": "很快"}, "请回答一个数"),
        (BANDWIDTH, {"answer": "nan"}, "请回答一个数"),
    ],
)
def test_what_is_no_answer_is_told_and_stays_on_the_page(
    tablet: Tablet, gate: Gate, address: str, fields: dict[str, str], said: str
) -> None:
    answer = tablet.send(address, **fields)
    assert answer.status_code == 422
    assert said in answer.text
    assert fields.get("note", "").replace("\n", "") in answer.text.replace("\n", "")
    assert not gate.found()


def test_a_typed_script_comes_back_as_text(tablet: Tablet) -> None:
    assert "<script>" not in tablet.send(FIBRE, answer='"><script>').text
    tablet.send(FIBRE, answer="否", note="<script>alert(1)</script>")
    for address in ("/questions", FIBRE, "/open", "/clauses"):
        assert "<script>" not in tablet.see(address)


@pytest.mark.parametrize(("content", "kind"), [(JPEG, "jpg"), (PNG, "png")])
def test_a_photo_goes_with_its_answer_and_is_shown(
    tablet: Tablet, gate: Gate, content: bytes, kind: str
) -> None:
    tablet.send(BANDWIDTH, answer="50", photo=content)
    assert gate.found()["site.bandwidth"].files == (f"site.bandwidth.{kind}",)
    assert tablet.browser.get(f"{BANDWIDTH}/photo").data == content


def test_a_photo_stays_when_the_answer_is_corrected_and_goes_with_another(
    tablet: Tablet, gate: Gate
) -> None:
    tablet.send(BANDWIDTH, answer="50", photo=JPEG)
    tablet.send(BANDWIDTH, answer="60")
    assert gate.found()["site.bandwidth"].files == ("site.bandwidth.jpg",)
    tablet.send(BANDWIDTH, answer="60", photo=PNG)
    assert [file.name for file in (gate.out / "files").glob("site.*")] == ["site.bandwidth.png"]


HEAD = b"IHDR" + struct.pack(">IIBBBBB", 65536, 65536, 8, 2, 0, 0, 0)
BOMB = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + HEAD + struct.pack(">I", zlib.crc32(HEAD))
"""A picture of 65,536 by 65,536 pixels, as far as it says."""


@pytest.mark.parametrize(
    "content",
    [b"<script>alert(1)</script>", b"%PDF-1.7", JPEG[:400], b"\xff\xd8\xff" + b"0" * 99, BOMB],
    ids=["page", "pdf", "cut short", "only its beginning", "bomb"],
)
def test_what_is_no_whole_photo_is_refused_and_nothing_is_kept(
    tablet: Tablet, gate: Gate, content: bytes
) -> None:
    answer = tablet.send(BANDWIDTH, answer="50", photo=content)
    assert answer.status_code == 422
    assert "JPEG 或 PNG" in answer.text
    assert not gate.found()
    assert not list((gate.out / "files").glob("site.*"))


def test_an_upload_that_is_too_large_is_refused_before_it_is_read(tablet: Tablet) -> None:
    named = {**dict(HIDDEN.findall(tablet.see(BANDWIDTH))), "answer": "50"}
    parts = [f'name="{name}"\r\n\r\n{value}'.encode() for name, value in named.items()]
    parts.append(b'name="photo"; filename="photo.jpg"\r\n\r\n' + JPEG + b"0" * LARGEST)
    body = b"".join(b"--x\r\nContent-Disposition: form-data; " + part + b"\r\n" for part in parts)
    form = {"data": body + b"--x--\r\n", "content_type": "multipart/form-data; boundary=x"}
    answer = tablet.browser.post(BANDWIDTH, **form)
    assert (answer.status_code, "内容太大" in answer.text) == (413, True)
    long = tablet.browser.post("/work", data={"step": "x" * 20_000})
    assert long.status_code == 413


def test_a_photo_where_none_is_asked_for_is_refused(tablet: Tablet, gate: Gate) -> None:
    assert tablet.send(FIBRE, answer="是", photo=JPEG).status_code == 400
    assert not gate.found()


@pytest.mark.parametrize("token", [None, "", "x"])
def test_a_form_from_elsewhere_changes_nothing(
    tablet: Tablet, gate: Gate, token: str | None
) -> None:
    fields = {"answer": "是", "before": ""} | ({} if token is None else {"token": token})
    for address in (FIBRE, "/work/forms", "/trials/gate/missed", "/logout"):
        answer = tablet.browser.post(address, data=fields)
        assert (answer.status_code, "页面已过期" in answer.text) == (400, True)
    assert not gate.found()


def test_of_two_tabs_that_answer_the_same_question_the_second_is_told(
    tablet: Tablet, gate: Gate
) -> None:
    other = tablet.another()
    other.come_in("李四")
    mine, yours = tablet.see(FIBRE), other.see(FIBRE)
    assert tablet.fill(mine, FIBRE, answer="是").status_code == 303
    answer = other.fill(yours, FIBRE, answer="否")
    assert (answer.status_code, "页面已旧" in answer.text) == (409, True)
    assert gate.found()["site.fibre"].verdict is Verdict.YES
    assert other.send(FIBRE, answer="否").status_code == 303  # having seen the other's
    assert gate.found()["site.fibre"].by == "李四"


def test_a_question_that_is_not_asked_is_not_there(tablet: Tablet) -> None:
    for name in ("site.fibra", "barrier.anti-crush@Z99", "..%2fanswers", "a" * 3000):
        assert tablet.browser.get(f"/questions/{name}").status_code == 404


def test_only_what_was_chosen_is_asked(gate: Gate) -> None:
    tablet = Tablet.at(gate.begun("numbering.*", "site.fibre"))
    tablet.come_in()
    assert tablet.browser.get(FIBRE).status_code == 200
    assert tablet.browser.get(BANDWIDTH).status_code == 404
    assert "/drills" not in tablet.see("/")


@pytest.mark.parametrize(
    "name", ["../answers.yaml", "..%2fanswers.yaml", "answers.yaml", ".table-5.pdf.part", "table-5"]
)
def test_nothing_but_a_form_is_handed_out(tablet: Tablet, gate: Gate, name: str) -> None:
    (gate.out / "forms" / ".table-5.pdf.part").write_bytes(b"half")
    assert tablet.browser.get(f"/forms/{name}").status_code == 404


def test_every_kind_of_step_has_its_page(gate: Gate) -> None:
    tablet = Tablet.at(gate.begun("*.*", received=()))
    tablet.come_in()
    home = tablet.see("/")
    for kind in Kind:
        assert f"<b>{kind}</b>" in home
    for address in re.findall(r'<a class="card room[^>]*href="([^"]+)"', home):
        tablet.see(address)
    assert "核对参考平台" in tablet.see("/forms")  # is done before they are filled


@pytest.mark.slow
def test_a_job_leaves_its_findings_and_the_page_tells_how_far_it_is(
    gate: Gate,
) -> None:
    tablet = Tablet.at(gate.begun("numbering.*", "records.items"))
    tablet.come_in()
    page = tablet.see("/rooms/check")
    assert tablet.fill(page, "/work", step="check-gate").status_code == 303
    assert 'http-equiv="refresh"' in tablet.see("/work")
    # The same button on a page of before, and on the same page once more.
    assert tablet.fill(page, "/work").status_code == 409
    with tablet.worked_for():
        progress = tablet.ended()
    assert len(progress.found) == progress.planned == 3
    assert gate.found().keys() == {each.name for each in progress.found}
    assert not inspect(gate.out).faults
    assert 'http-equiv="refresh"' not in tablet.see("/work")
    assert tablet.fill(page, "/work").status_code == 409
    assert "是" in tablet.see("/")


@pytest.mark.slow
def test_a_job_that_cannot_be_done_is_told_on_the_page(gate: Gate) -> None:
    acceptance = gate.begun("numbering.*")
    tablet = Tablet.at(acceptance)
    tablet.come_in()
    tablet.send("/rooms/check", to="/work")
    gate.site.profile_file.write_text("not: a profile", "utf-8")
    with tablet.worked_for():
        assert "没有运行起来" in tablet.ended().trouble
    assert "没有运行起来" in tablet.see("/work")


def test_nobody_else_accepts_in_the_folder_meanwhile(gate: Gate) -> None:
    with (
        one_at_a_time(EvidenceFolder.open(gate.out)),
        pytest.raises(Trouble, match="正在使用"),
    ):
        gate.accept()
    assert not gate.found()


@pytest.mark.parametrize("address", ["", ":8090", "10.0.0.5:", "10.0.0.5:http", "10.0.0.5:70000"])
def test_an_address_that_is_none_is_told(address: str) -> None:
    with pytest.raises(Trouble, match="--serve"):
        parted(address)


def test_the_port_may_be_left_out() -> None:
    assert parted("10.0.0.5") == ("10.0.0.5", 8090)
    assert parted("10.0.0.5:81") == ("10.0.0.5", 81)


def test_answers_are_what_the_file_of_answers_says(tablet: Tablet, gate: Gate) -> None:
    tablet.send(BANDWIDTH, answer="19.9", note="晚高峰", photo=JPEG)
    folder = EvidenceFolder(gate.out)
    (answer,) = answers.kept(folder, gate.site.profile).values()
    assert (answer.said, answer.by, answer.note) == ("19.9", "张三", "晚高峰")
    assert gate.found()["site.bandwidth"].verdict is Verdict.NO


def test_leaving_shuts_the_door(tablet: Tablet) -> None:
    browser: FlaskClient = tablet.browser
    assert tablet.send("/", to="/logout").status_code == 302
    assert browser.get("/").status_code == 302
