"""The whole demo, as a newcomer runs it."""

import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import cv2
import pytest
from waiting import until

from acceptance_kit.demo.script import DRAWN, TruthFault, script_from_photos
from acceptance_kit.demo.site import MARK
from acceptance_kit.peers.camera.scene import Scene
from appliance.guideline.dictionaries import PlateColour

REPOSITORY = Path(__file__).parents[2]
VEHICLES = sum(len(vehicles) for vehicles in DRAWN.values())


def gatehouse(*words: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "appliance", *words]
    return subprocess.Popen(
        command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def run(*words: str, seconds: float = 240) -> tuple[int, str]:
    process = gatehouse(*words)
    output, _ = process.communicate(timeout=seconds)
    return process.returncode, output


def processes_of(root: Path) -> list[str]:
    """Command lines of running programs that were started for a demo root."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if any(word.startswith(f"{root}/") for word in words):
            found.append(" ".join(words))
    return found


@pytest.mark.demo
def test_the_demo_passes_every_scripted_vehicle_once_and_the_journal_stands(
    tmp_path: Path,
) -> None:
    root = tmp_path / "demo"
    code, output = run("demo", "--once", "--root", str(root))
    assert code == 0, output
    summary = json.loads(output.splitlines()[-1])
    assert summary.pop("seconds") < 180
    assert summary == {
        "vehicles": VEHICLES,
        "recorded": VEHICLES,
        "correct": VEHICLES,
        "acknowledged": VEHICLES,
        "duplicates": 0,
    }
    assert processes_of(root) == []
    profile = str(root / "profile.yaml")
    assert run("journal", "verify", "--profile", profile)[0] == 0
    photo = next((root / "photos").rglob("*.jpg"))
    photo.write_bytes(photo.read_bytes() + b"x")
    code, output = run("journal", "verify", "--profile", profile, "--json")
    assert code == 1
    assert json.loads(output)["fault"]["what"] == "photo changed"


@pytest.mark.demo
def test_ctrl_c_ends_everything_that_the_demo_started(tmp_path: Path) -> None:
    root = tmp_path / "demo"
    process = gatehouse("demo", "--root", str(root))
    assert process.stdout is not None
    line = ""
    while "回执" not in line:
        line = process.stdout.readline()
        assert line, "the demo ended by itself"
    page = (root / "profile.yaml").read_text("utf-8").split("status_page")[1]
    port = page.split("port: ")[1].split()[0]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as answer:
        assert answer.status == 200
    assert len(processes_of(root)) >= 4
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "已停止" in output
    assert processes_of(root) == []


@pytest.mark.demo
def test_a_killed_demo_takes_the_appliance_with_it(tmp_path: Path) -> None:
    root = tmp_path / "demo"
    process = gatehouse("demo", "--root", str(root))
    until(lambda: len(processes_of(root)) >= 5)
    process.kill()
    process.communicate()
    until(lambda: processes_of(root) == [])


@pytest.mark.demo
def test_photos_are_all_recorded_and_what_cannot_be_read_is_not_invented(tmp_path: Path) -> None:
    scripted = DRAWN["A01"][:3]
    rows = ["file\tplate\tcolour"]
    for number, vehicle in enumerate(scripted):
        scene = Scene([vehicle])
        picture = scene.frame_at(scene.appearances[0].enters_at + 4).copy()
        if number == 1:
            picture[380:, :] //= 6  # too dark to read
            picture = cv2.blur(picture, (31, 31))
        cv2.imencode(".jpg", picture)[1].tofile(tmp_path / f"{number}.jpg")
        rows.append(f"{number}.jpg\t{vehicle.plate}\t{vehicle.colour.name.lower()}")
    (tmp_path / "truth.tsv").write_text("\n".join(rows) + "\n", "utf-8")
    root, truth = tmp_path / "demo", str(tmp_path / "truth.tsv")
    code, output = run("demo", "--once", "--images", truth, "--root", str(root))
    assert code == 0, output
    summary = json.loads(output.splitlines()[-1])
    assert summary["vehicles"] == summary["recorded"] == summary["acknowledged"] == 3
    assert summary["correct"] == 2
    assert summary["duplicates"] == 0
    assert "未识别" in output


@pytest.mark.slow
def test_a_demo_does_not_empty_a_folder_that_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("keep", "utf-8")
    code, output = run("demo", "--once", "--root", str(tmp_path))
    assert code == 2
    assert "--root" in output
    assert (tmp_path / "precious").read_text("utf-8") == "keep"
    assert not (tmp_path / MARK).exists()


def test_a_truth_table_with_faults_names_each_line(tmp_path: Path) -> None:
    truth = tmp_path / "truth.tsv"
    (tmp_path / "a.jpg").write_bytes(b"x")
    truth.write_text("file\tplate\tcolour\nabsent.jpg\t宁A1\tblue\na.jpg\t宁A2\tpink\n", "utf-8")
    with pytest.raises(TruthFault) as fault:
        script_from_photos(truth, ("A01",), None)
    assert ":2 " in str(fault.value)
    assert ":3 " in str(fault.value)


def test_the_photos_of_a_truth_table_are_dealt_out_to_the_lanes(tmp_path: Path) -> None:
    rows = ["file\tplate\tcolour"]
    for number in range(5):
        (tmp_path / f"{number}.jpg").write_bytes(b"x")
        rows.append(f"{number}.jpg\t宁A5812{number}\t")
    rows.append("0.jpg\t宁B00000\t")
    (tmp_path / "truth.tsv").write_text("\n".join(rows), "utf-8")
    script = script_from_photos(tmp_path / "truth.tsv", ("A01", "A02"), 4)
    assert [vehicle.plate[-1] for vehicle in script["A01"]] == ["0", "2"]
    assert [vehicle.plate[-1] for vehicle in script["A02"]] == ["1", "3"]
    assert script["A01"][0].colour is PlateColour.OTHER
