"""How a reader is judged against a truth table: rate, accuracy, bounds."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from acceptance_kit.demo.script import DRAWN
from acceptance_kit.peers.camera.scene import Scene
from appliance.guideline.dictionaries import PlateColour
from appliance.runtime.vision.evaluation import (
    BadTruth,
    Evaluation,
    Share,
    TruePlate,
    evaluate,
    figures,
    plate_kind,
    read_truth,
)
from appliance.runtime.vision.photo_files import PhotoAnswer
from appliance.runtime.vision.reading import PlateReading

PHOTO = Path("a.jpg")
CORNERS = np.zeros((4, 2), np.float32)


def reading(
    text: str, *, sure: bool = True, colour: PlateColour = PlateColour.BLUE
) -> PlateReading:
    return PlateReading(text, colour, (0.9,) * len(text), CORNERS, 1, sure=sure)


def judged(truth: list[str], *answers: PlateReading) -> Evaluation:
    plates = [TruePlate(PHOTO, text, PlateColour.BLUE) for text in truth]
    return evaluate(plates, [PhotoAnswer(PHOTO, answers, 1.0)])


def counts(evaluation: Evaluation) -> tuple[int, int, int]:
    """Plates, answered, right."""
    whole = figures(evaluation.judged)[0]
    return whole.rate.total, whole.rate.count, whole.accuracy.count


def test_a_plate_nobody_read_lowers_the_rate_and_not_the_accuracy() -> None:
    assert counts(judged(["宁A12345", "宁B00001"], reading("宁A12345"))) == (2, 1, 1)


def test_a_wrong_reading_is_an_answer_and_lowers_the_accuracy() -> None:
    assert counts(judged(["宁A12345"], reading("宁A12346"))) == (1, 1, 0)


def test_an_unsure_reading_is_no_answer() -> None:
    assert counts(judged(["宁A12345"], reading("宁A12346", sure=False))) == (1, 0, 0)


def test_a_reading_that_is_right_of_one_plate_is_not_wrong_of_another() -> None:
    both = judged(["宁A12345", "宁B00001"], reading("宁B00001"))
    assert counts(both) == (2, 1, 1)
    assert both.extra == 0


def test_a_sure_reading_of_no_known_plate_is_counted_apart() -> None:
    evaluation = judged(["宁A12345"], reading("宁A12345"), reading("宁C99999"))
    assert counts(evaluation) == (1, 1, 1)
    assert evaluation.extra == 1


def test_a_photo_that_is_missing_answers_for_none_of_its_plates() -> None:
    truth = [TruePlate(Path(name), "宁A12345", None) for name in ("here.jpg", "gone.jpg")]
    answers = [
        PhotoAnswer(Path("here.jpg"), (reading("宁A12345"),), 1.0),
        PhotoAnswer(Path("gone.jpg"), (), 0.0, "没有这个文件"),
    ]
    evaluation = evaluate(truth, answers)
    assert counts(evaluation) == (2, 1, 1)
    assert [answer.file.name for answer in evaluation.unreadable] == ["gone.jpg"]


def test_letter_and_digit_that_a_plate_does_not_tell_apart_are_the_same() -> None:
    assert counts(judged(["宁A1O345"], reading("宁A10345"))) == (1, 1, 1)
    assert counts(judged(["粤O12345"], reading("粤012345"))) == (1, 1, 0)


def test_colour_is_judged_where_the_text_is_right_and_the_truth_knows_it() -> None:
    evaluation = judged(["宁A12345"], reading("宁A12345", colour=PlateColour.YELLOW))
    assert (
        figures(evaluation.judged)[0].colour.count,
        figures(evaluation.judged)[0].colour.total,
    ) == (0, 1)
    assert figures(judged(["宁A12345"], reading("宁A12340")).judged)[0].colour.total == 0


def test_figures_are_told_by_colour_and_by_kind() -> None:
    groups = {figure.group for figure in figures(judged(["宁A12345", "宁A1234挂"]).judged)}
    assert groups == {"全部", "颜色 蓝牌", "种类 普通", "种类 挂车"}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("宁A12345", "普通"),
        ("宁AD12345", "新能源"),
        ("宁A1234学", "教练车"),
        ("宁A1234警", "警车"),
        ("粤Z1234港", "港澳"),
        ("沪A0023领", "领馆"),
        ("使014578", "使馆"),
        ("WJ宁12345", "武警"),
        ("KA12345", "军车"),
    ],
)
def test_the_kind_is_told_from_the_text(text: str, kind: str) -> None:
    assert plate_kind(text) == kind


def test_the_bounds_are_those_of_wilson() -> None:
    low, high = Share(598, 598).bounds()
    assert low == pytest.approx(0.99362, abs=1e-4)
    assert high == 1.0
    assert Share(0, 0).bounds() == (None, None)


def test_a_truth_table_names_files_beside_itself_and_colours_by_name(tmp_path: Path) -> None:
    table = tmp_path / "truth.tsv"
    table.write_text(
        "file\tplate\tcolour\na.jpg\t宁A12345\tyellow-green\nb.jpg\t宁B00001\t\n", "utf-8"
    )
    assert read_truth(table) == [
        TruePlate(tmp_path / "a.jpg", "宁A12345", PlateColour.YELLOW_GREEN),
        TruePlate(tmp_path / "b.jpg", "宁B00001", None),
    ]


@pytest.mark.parametrize("told", ["宁A·12D45", " 宁A12D45 ", "宁a12d45"])
def test_a_plate_of_the_table_may_be_spelled_as_people_do(tmp_path: Path, told: str) -> None:
    table = tmp_path / "truth.tsv"
    table.write_text(f"file\tplate\na.jpg\t{told}\n", "utf-8")
    assert [plate.text for plate in read_truth(table)] == ["宁A12D45"]


def test_a_table_that_a_spreadsheet_wrote_is_read(tmp_path: Path) -> None:
    table = tmp_path / "truth.tsv"
    table.write_text("file\tplate\r\na.jpg\t宁A12345\r\n", "utf-8-sig")
    assert [plate.text for plate in read_truth(table)] == ["宁A12345"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "首行要有"),
        ("file\tcolour\na.jpg\tblue\n", "首行要有"),
        ("file\tplate\na.jpg\t\n", "第 2 行缺少"),
        ("file\tplate\tcolour\na.jpg\t宁A12345\tpink\n", "第 2 行的颜色“pink”不认识"),
        ("file\tplate\na.jpg\t宁A12345\n\nb.jpg\t宁A1234\n", "第 4 行的“宁A1234”不是车牌号码"),
    ],
)
def test_a_faulty_truth_table_is_told_by_its_line(tmp_path: Path, content: str, said: str) -> None:
    table = tmp_path / "truth.tsv"
    table.write_text(content, "utf-8")
    with pytest.raises(BadTruth, match=said):
        read_truth(table)


@pytest.mark.slow
def test_the_command_evaluates_a_table_and_tells_a_file_that_is_no_picture(tmp_path: Path) -> None:
    (vehicle,) = DRAWN["A01"][:1]
    scene = Scene([vehicle])
    picture = scene.frame_at(scene.appearances[0].enters_at + 4)
    cv2.imencode(".png", picture)[1].tofile(tmp_path / "good.png")
    (tmp_path / "bad.png").write_bytes(b"no picture")
    table = tmp_path / "truth.tsv"
    table.write_text(f"file\tplate\ngood.png\t{vehicle.plate}\nbad.png\t宁A12345\n", "utf-8")
    words = ["-m", "appliance", "read", "--evaluate", str(table), "--json"]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "bad.png" in done.stderr
    told = json.loads(done.stdout)
    assert told["groups"][0]["accuracy"] | {"low": 0} == {
        "count": 1,
        "total": 1,
        "share": 1.0,
        "low": 0,
        "high": 1.0,
    }


def test_files_and_a_truth_table_at_once_are_refused() -> None:
    words = ["-m", "appliance", "read", "a.jpg", "--evaluate", "truth.tsv"]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    assert (done.returncode, "二者取一" in done.stderr) == (2, True)
