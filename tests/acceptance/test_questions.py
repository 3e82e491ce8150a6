"""Questions and answers: asked of everything they concern, kept once given, refused when odd."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from sites import DEMO, demo_profile

from acceptance_kit import answers
from acceptance_kit.evidence import EvidenceFolder
from acceptance_kit.findings import Means, Verdict
from acceptance_kit.questions import UNANSWERED, Asked, asked, finding_of, questions
from appliance.clock import BEIJING
from appliance.profile.loading import load_profile
from appliance.trouble import Trouble

from .test_evidence_folder import NOON

PROFILE = load_profile(DEMO)
JPEG = cv2.imencode(".jpg", np.zeros((9, 16, 3), np.uint8))[1].tobytes()


@pytest.fixture
def folder(tmp_path: Path) -> EvidenceFolder:
    return EvidenceFolder.open(tmp_path / "site")


def given(folder: EvidenceFolder, text: str, by: str = "张三") -> dict[str, answers.Answer]:
    file = folder.path.parent / "answers.yaml"
    file.write_text(text, "utf-8")
    return answers.given(file, PROFILE, by, NOON, folder)


def one(name: str) -> Asked:
    return next(each for each in asked(PROFILE) if each.name == name)


def verdict(folder: EvidenceFolder, name: str, text: str) -> Verdict:
    return finding_of(one(name), given(folder, text).get(name), NOON, "kit").verdict


def test_a_question_about_barriers_is_asked_of_each() -> None:
    names = {each.name for each in asked(PROFILE) if each.question.item == "barrier.anti-crush"}
    assert names == {"barrier.anti-crush@A01", "barrier.anti-crush@A02"}


def test_a_question_about_plate_cameras_is_asked_of_no_other(tmp_path: Path) -> None:
    profile = demo_profile(tmp_path, cameras__1__role="surveillance")
    names = {each.name for each in asked(profile) if each.question.item == "camera.night"}
    assert names == {"camera.night@a01-plate"}


def test_what_nobody_answered_is_untested(folder: EvidenceFolder) -> None:
    finding = finding_of(one("site.fibre"), None, NOON, "kit")
    assert (finding.verdict, finding.reason) == (Verdict.UNTESTED, UNANSWERED)
    assert finding.means is Means.QUESTION


def test_one_answer_speaks_for_every_barrier_and_a_nearer_one_goes_before(
    folder: EvidenceFolder,
) -> None:
    told = given(folder, "barrier.anti-crush@A02: 否\nbarrier.anti-crush: 是\n")
    assert {name: answer.said for name, answer in told.items()} == {
        "barrier.anti-crush@A01": "是",
        "barrier.anti-crush@A02": "否",
    }


@pytest.mark.parametrize("said", ["是", "true", "yes"])
def test_yes_is_understood_as_yaml_writes_it(folder: EvidenceFolder, said: str) -> None:
    assert verdict(folder, "site.fibre", f"site.fibre: {said}") is Verdict.YES


@pytest.mark.parametrize(
    ("megabits", "expected"), [("20", Verdict.YES), ("19.9", Verdict.NO), ("50", Verdict.YES)]
)
def test_a_number_is_held_against_its_bound(
    folder: EvidenceFolder, megabits: str, expected: Verdict
) -> None:
    assert verdict(folder, "site.bandwidth", f"site.bandwidth: {megabits}") is expected


def test_a_number_too_small_says_what_was_asked(folder: EvidenceFolder) -> None:
    told = given(folder, "site.bandwidth: {answer: 8, note: 晚高峰}")
    finding = finding_of(one("site.bandwidth"), told["site.bandwidth"], NOON, "kit")
    assert finding.reason == "8 Mbps，要求 ≥ 20 Mbps（晚高峰）。"
    assert (finding.measured, finding.bound, finding.by) == ("8 Mbps", "≥ 20 Mbps", "张三")


def test_an_answer_has_the_name_and_time_of_who_gave_it(folder: EvidenceFolder) -> None:
    text = "by: 李四\nsite.fibre: {answer: 是, at: 2026-11-20T08:00:00}\nfiling.outage: 是"
    told = given(folder, text)
    assert {answer.by for answer in told.values()} == {"李四"}
    assert told["site.fibre"].at.tzinfo is BEIJING
    assert told["site.fibre"].at.hour == 8
    assert told["filing.outage"].at == NOON


def test_a_photo_goes_into_the_folder_with_its_answer(folder: EvidenceFolder) -> None:
    (folder.path.parent / "speed.jpg").write_bytes(JPEG)
    told = given(folder, "site.bandwidth: {answer: 50, photo: speed.jpg}")
    assert told["site.bandwidth"].photo == "site.bandwidth.jpg"
    assert (folder.path / "files/site.bandwidth.jpg").read_bytes() == JPEG


def test_answers_are_kept_between_runs(folder: EvidenceFolder) -> None:
    told = given(folder, "site.fibre: {answer: 是, note: 电信}\nbarrier.anti-crush: 否")
    answers.keep(folder, told)
    assert answers.kept(folder, PROFILE) == told


def test_an_answer_about_a_barrier_that_is_gone_is_no_longer_one(folder: EvidenceFolder) -> None:
    answers.keep(folder, given(folder, "barrier.anti-crush: 是"))
    lanes = load_profile(DEMO)
    (entrance,) = lanes.entrances
    smaller = lanes.model_copy(
        update={
            "entrances": (entrance.model_copy(update={"barriers": entrance.barriers[:1]}),),
        }
    )
    assert set(answers.kept(folder, smaller)) == {"barrier.anti-crush@A01"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("site.fibra: 是", "没有这个问题"),
        ("barrier.anti-crush@Z99: 是", "没有这个问题"),
        ("site.fibre: 也许", "请回答 是、否 或 不适用"),
        ("site.bandwidth: 很快", "请回答一个数"),
        ("site.bandwidth: .nan", "请回答一个数"),
        ("site.fibre: {answer: 是, verdict: 是}", "不认识“verdict”"),
        ("site.fibre: [是]", "只能是一个值"),
        ("site.fibre: {answer: {a: 是}}", "只能是一个值"),
        ("site.fibre: 是\nsite.fibre: 否", "写法不对"),
        ("display.content: 不适用", "写明原因"),
        ("site.fibre: {answer: 是, at: 昨天}", "at 应为"),
        ("site.fibre: {answer: 是, photo: absent.jpg}", "读不了照片"),
        ("- site.fibre", "不是答案文件"),
        ("site.fibre: !!python/object/apply:os.system [true]", "写法不对"),
        ("site.fibre: &a [*a]", "只能是一个值"),
        ("site.fibre: '是\n\n\x07'", "写法不对"),
    ],
)
def test_what_the_file_cannot_mean_is_refused_with_a_sentence(
    folder: EvidenceFolder, text: str, told: str
) -> None:
    with pytest.raises(Trouble, match=told):
        given(folder, text)


def test_an_answer_that_nobody_gave_is_refused(folder: EvidenceFolder) -> None:
    with pytest.raises(Trouble, match="by: 姓名"):
        given(folder, "site.fibre: 是", by="")


def test_a_text_is_no_photo(folder: EvidenceFolder) -> None:
    (folder.path.parent / "speed.jpg").write_bytes(b"<script>")
    with pytest.raises(Trouble, match="JPEG 或 PNG"):
        given(folder, "site.bandwidth: {answer: 50, photo: speed.jpg}")


def test_every_question_is_answered_in_the_demo(folder: EvidenceFolder) -> None:
    file = Path(answers.__file__).parent / "demo/answers.yaml"
    told = answers.given(file, PROFILE, "", NOON, folder)
    assert set(told) == {each.name for each in asked(PROFILE)}
    assert {each.name.partition("@")[0] for each in asked(PROFILE)} == {
        each.item for each in questions()
    }
