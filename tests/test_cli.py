"""The command: every verb has help and stands in the docs; troubles are sentences."""

import json
import os
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import click
import cv2
import numpy as np
import pytest
import typer
from journal.samples import passage
from sites import DEMO, demo_profile, profile_file
from typer.testing import CliRunner

from appliance.cli import app, main
from appliance.clock import SystemClock
from appliance.guideline.dictionaries import PlateColour
from appliance.runtime.journal import Journal

DOCS = Path(__file__).parents[1] / "docs" / "commands.md"


def gatehouse(
    *words: str, code: str = "", nobody: bool = False, **environment: str
) -> subprocess.CompletedProcess[str]:
    """The command; `code` is run before it in its own process, `nobody` is there to answer."""
    start = f"{code}\nfrom appliance.cli import main\nmain()"
    command = [sys.executable, *(("-c", start) if code else ("-m", "appliance")), *words]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=DEMO.parents[1],
        env=os.environ | environment,
        stdin=subprocess.DEVNULL if nobody else None,
    )


def children(command: click.Command) -> dict[str, click.Command]:
    return getattr(command, "commands", {})


def commands() -> dict[str, click.Command]:
    """The whole tree by name, groups and verbs; the root has the empty name."""

    def below(command: click.Command, name: str) -> dict[str, click.Command]:
        found = {name.strip(): command}
        for key, child in children(command).items():
            found |= below(child, f"{name} {key}")
        return found

    return below(typer.main.get_command(app), "")


def verbs() -> list[str]:
    return [name for name, command in commands().items() if not children(command)]


def is_chinese(text: str | None) -> bool:
    return any("CJK UNIFIED" in unicodedata.name(letter, "") for letter in text or "")


def columns(text: str) -> int:
    return sum(1 + (unicodedata.east_asian_width(letter) in {"W", "F"}) for letter in text)


@pytest.mark.parametrize("name", commands())
def test_every_help_is_chinese_of_groups_verbs_options_and_arguments(name: str) -> None:
    command = commands()[name]
    assert is_chinese(command.help)
    foreign = [
        parameter.name
        for parameter in command.params
        if parameter.name not in {"install_completion", "show_completion"}  # typer's own
        and not is_chinese(getattr(parameter, "help", None))
    ]
    assert not foreign


@pytest.mark.parametrize("group", [name for name, group in commands().items() if children(group)])
def test_a_list_of_verbs_has_a_line_each_on_a_terminal_of_80_columns(group: str) -> None:
    told = CliRunner().invoke(app, [*group.split(), "--help"], env={"COLUMNS": "80"}).stdout
    lines = told.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in lines] == list(children(commands()[group]))
    assert not [line for line in lines if columns(line) > 80]


def test_every_verb_stands_in_the_docs() -> None:
    text = DOCS.read_text("utf-8")
    missing = [name for name in verbs() if f"`gatehouse {name}" not in text]
    assert not missing


def documented() -> list[tuple[str, str]]:
    """Each `gatehouse …` of the docs' table, with the row it stands in."""
    rows = [line for line in DOCS.read_text("utf-8").splitlines() if line.startswith("| `")]
    return [(words, row) for row in rows for words in re.findall(r"`gatehouse ([^`]+)`", row)]


@pytest.mark.parametrize(("words", "row"), documented(), ids=lambda text: text[:40])
def test_the_docs_name_only_verbs_and_options_that_there_are(words: str, row: str) -> None:
    known = commands()
    said = re.match(r"[a-z0-9 -]*[a-z0-9]", words.split(" --", maxsplit=1)[0])
    assert said
    command = known[said[0]]
    if children(command):  # a group whose verb may be left out
        command = known[f"{said[0]} run"]
    there = {option for parameter in command.params for option in parameter.opts}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", row)) <= there


def test_a_profile_with_faults_exits_2_and_names_file_line_and_key(tmp_path: Path) -> None:
    faulty = tmp_path / "site.yaml"
    faulty.write_text(DEMO.read_text("utf-8").replace("id: A02", "id: B02"), "utf-8")
    answer = gatehouse("check", str(faulty))
    assert answer.returncode == 2
    assert "entrances[0].barriers[1].id" in answer.stdout
    assert f"{faulty}:" in answer.stdout


def test_several_profiles_are_checked_in_one_call_and_json_has_a_line_each(tmp_path: Path) -> None:
    absent = str(tmp_path / "absent.yaml")
    answer = gatehouse("check", "--json", str(DEMO), absent)
    first, second = (json.loads(line) for line in answer.stdout.splitlines())
    assert answer.returncode == 2
    assert first["faults"] == []
    assert second["faults"]


def test_a_sound_profile_exits_0() -> None:
    assert gatehouse("check", str(DEMO)).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("run", "web", "--profile", "absent.yaml"),
        ("up", "absent.yaml"),
        ("journal", "verify", "--profile", "absent.yaml"),
        ("demo", "--profile", "absent.yaml"),
        ("demo", "--images", "absent.tsv"),
        ("vehicles", "import", "absent.csv", "--profile", str(DEMO)),
        ("platform", "--profile", "absent.yaml"),
    ],
    ids=" ".join,
)
def test_a_trouble_is_a_sentence_and_exit_code_2(words: tuple[str, ...]) -> None:
    answer = gatehouse(*words)
    assert answer.returncode == 2
    assert answer.stderr.strip()
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    ("words", "sentence", "verb"),
    [
        ("check", "缺少 'FILE…'。", "check"),
        ("passage plate 1 宁A58D21", "缺少 'colour'，可选 蓝牌,", "passage plate"),
        ("nope", "没有命令 'nope'。", ""),
        ("chek", "没有命令 'chek'，是不是 'check'？", ""),
        ("read --foo", "没有选项 --foo。", "read"),
        ("read --redaer own", "没有选项 --redaer，是不是 --reader？", "read"),
        ("read --reader", "选项 '--reader' 后面要写它的值。", ""),
        ("read --json=3", "选项 '--json' 后面不能写值。", ""),
        (
            "read --reader x",
            "'--reader' 的值不对：'x' 不在可选的值之内，可选 'own', 'ocr', 'hyperlpr3'。",
            "read",
        ),
        ("lane tune a b c d", "多写了 c d。", "lane tune"),
        ("platform --port many", "'--port' 的值不对：这里要整数。", "platform"),
        ("platform --port 99999", "'--port' 的值不对：不能大于 65535。", "platform"),
        (
            "journal passages --from today",
            "'--from' 的值不对：'today' 不是日期，写法如 2026-01-31。",
            "journal passages",
        ),
    ],
)
def test_a_mistyped_command_is_told_in_chinese_with_where_to_read_how_it_is_written(
    words: str,
    sentence: str,
    verb: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["gatehouse", *words.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    first, where = capsys.readouterr().err.splitlines()
    assert ended.value.code == 2
    assert first.startswith(sentence)
    assert where == f"写法见：{f'gatehouse {verb}'.strip()} --help"


def test_an_interrupted_question_ends_the_command_as_any_interruption_does() -> None:
    interrupt = """
import builtins
def interrupt(*_):
    raise KeyboardInterrupt
builtins.input = interrupt
"""
    answer = gatehouse("uplink", "probe", str(DEMO), code=interrupt)
    assert answer.returncode == 130


def test_a_question_that_nobody_answers_ends_the_command_with_a_sentence() -> None:
    assert_one_sentence(gatehouse("uplink", "probe", str(DEMO), nobody=True), "没有得到回答")


def test_a_lane_that_the_profile_does_not_have_is_told(tmp_path: Path) -> None:
    answer = gatehouse("run", "lane", "Z99", "--profile", str(DEMO))
    assert answer.returncode == 2
    assert "Z99" in answer.stderr
    assert "A01" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.slow
def test_vehicles_are_imported_and_a_faulty_file_changes_nothing(tmp_path: Path) -> None:
    profile = profile_file(tmp_path, demo_profile(tmp_path / "root"))
    register = DEMO.with_name("demo-vehicles.csv")
    assert gatehouse("vehicles", "import", str(register), "--profile", str(profile)).returncode == 0
    faulty = tmp_path / "faulty.csv"
    faulty.write_text(register.read_text("utf-8").replace("黄牌", "橙牌", 1), "utf-8")
    answer = gatehouse("vehicles", "import", str(faulty), "--profile", str(profile))
    assert answer.returncode == 2
    assert "橙牌" in answer.stderr
    with Journal.open(tmp_path / "root", SystemClock(), readonly=True) as journal:
        assert journal.count_vehicles() == 8


def test_a_plate_entered_by_hand_has_to_be_a_plate(tmp_path: Path) -> None:
    profile = profile_file(tmp_path, demo_profile(tmp_path / "root"))
    words = ("passage", "plate", "1", "不是", "黄牌", "--profile", str(profile), "--by", "门卫")
    answer = gatehouse(*words)
    assert answer.returncode == 2
    assert "车牌号码" in answer.stderr


@pytest.mark.slow
def test_the_books_are_printed_for_people_and_for_machines(tmp_path: Path) -> None:
    profile = profile_file(tmp_path, demo_profile(tmp_path / "root"))
    Journal.open(tmp_path / "root", SystemClock()).close()
    span = ("--from", "2025-11-01", "--to", "2025-11-03")
    words = ("uplink", "books", "--profile", str(profile), *span)
    told = gatehouse(*words)
    assert told.returncode == 0
    assert "2025-11-02" in told.stdout
    assert "无通行" in told.stdout
    days = json.loads(gatehouse(*words, "--json").stdout)["days"]
    assert [day["day"] for day in days] == ["2025-11-01", "2025-11-02", "2025-11-03"]
    assert days[0]["transmission_rate"] is None
    backwards = gatehouse("uplink", "books", "--profile", str(profile), "--from", "2999-01-01")
    assert backwards.returncode == 2
    assert "晚于" in backwards.stderr


def test_without_an_interruption_there_is_nothing_to_report(tmp_path: Path) -> None:
    profile = profile_file(tmp_path, demo_profile(tmp_path / "root"))
    Journal.open(tmp_path / "root", SystemClock()).close()
    answer = gatehouse("uplink", "report", "--profile", str(profile))
    assert answer.returncode == 1
    assert "无需报备" in answer.stdout


def assert_one_sentence(answer: subprocess.CompletedProcess[str], *words: str) -> None:
    assert answer.returncode == 2, answer.stderr
    assert len(answer.stderr.splitlines()) == 1, answer.stderr
    for word in words:
        assert word in answer.stderr


@pytest.mark.parametrize(
    ("said", "option"),
    [(("--by", " "), "--by"), (("--by", "门卫", "--why", " "), "--why")],
    ids=str,
)
@pytest.mark.parametrize("verb", [("manual", "1"), ("plate", "1", "宁A58D21", "黄牌")], ids=str)
def test_a_correction_needs_a_name_and_a_reason(
    verb: tuple[str, ...], said: tuple[str, ...], option: str
) -> None:
    assert_one_sentence(gatehouse("passage", *verb, "--profile", str(DEMO), *said), option)


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("up",),
        ("run", "web", "--profile"),
        ("run", "uplink", "--profile"),
        ("run", "lane", "A01", "--profile"),
        ("passage", "manual", "1", "--by", "门卫", "--profile"),
        ("vehicles", "import", str(DEMO.with_name("demo-vehicles.csv")), "--profile"),
        ("journal", "verify", "--profile"),
    ],
    ids=" ".join,
)
def test_a_storage_root_that_cannot_be_used_is_told_with_its_path(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "file").touch()
    root = tmp_path / "file" / "root"
    profile = profile_file(tmp_path, demo_profile(root))
    assert_one_sentence(gatehouse(*words, str(profile)), str(tmp_path / "file"))


def test_a_journal_that_sqlite_cannot_write_to_is_told_with_its_place(tmp_path: Path) -> None:
    root = tmp_path / "root"
    profile = profile_file(tmp_path, demo_profile(root))
    full = """
import sqlite3
from appliance.runtime.journal import Journal
def full(*_):
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    raise error
Journal.put_vehicles = full
"""
    register = str(DEMO.with_name("demo-vehicles.csv"))
    answer = gatehouse("vehicles", "import", register, "--profile", str(profile), code=full)
    assert_one_sentence(answer, str(root), "磁盘已满")


def test_a_cache_that_cannot_be_made_is_told_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    absent = "import appliance.models.store as store; store.SHARED = store.Path('/absent')"
    answer = gatehouse(
        "models",
        "fetch",
        code=absent,
        XDG_CACHE_HOME=str(tmp_path / "file"),
        GATEHOUSE_MODELS=str(tmp_path),
    )
    assert_one_sentence(answer, str(tmp_path / "file"))


@pytest.mark.parametrize(
    "words",
    [
        ("read", "a.jpg"),
        ("read", "a.jpg", "--reader", "ocr"),
        ("lane", "tune", str(DEMO), "A01", "--image"),
    ],
    ids=" ".join,
)
def test_what_reads_photos_downloads_nothing_and_names_the_command_that_does(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    photo = tmp_path / "photo.png"
    cv2.imwrite(str(photo), np.zeros((90, 160, 3), np.uint8))
    refused = """
import sys
import appliance.models.store as store
store.from_package = store.from_hyperlpr3 = lambda *_: sys.exit("a download was tried")
"""
    answer = gatehouse(
        *words,
        *([str(photo)] if "--image" in words else []),
        code=refused,
        XDG_CACHE_HOME=str(tmp_path / "cache"),
        GATEHOUSE_MODELS="",
    )
    reader = "ocr" if "ocr" in words else "own"
    assert_one_sentence(answer, f"gatehouse models fetch --reader {reader}")


def test_an_interrupted_command_exits_130_and_says_nothing() -> None:
    interrupt = """
import appliance.cli.site
def interrupt(*_):
    raise KeyboardInterrupt
appliance.cli.site.check_profile = interrupt
"""
    answer = gatehouse("check", str(DEMO), code=interrupt)
    assert answer.returncode == 130
    assert not answer.stderr


def test_a_port_that_no_machine_has_is_refused() -> None:
    answer = gatehouse("platform", "--port", "99999")
    assert answer.returncode == 2
    assert "65535" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.slow
def test_a_demo_is_not_put_in_the_place_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("keep", "utf-8")
    assert_one_sentence(gatehouse("demo", "--root", str(file)), str(file), "--root")
    assert file.read_text("utf-8") == "keep"


def test_a_photo_that_is_no_picture_is_told_before_an_earlier_demo_is_emptied(
    tmp_path: Path,
) -> None:
    root = tmp_path / "demo"
    root.mkdir()
    (root / ".gatehouse-demo").touch()
    (root / "earlier").touch()
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    truth = tmp_path / "truth.tsv"
    truth.write_text("file\tplate\tcolour\na.jpg\t宁A58D21\t黄牌\n", "utf-8")
    answer = gatehouse("demo", "--images", str(truth), "--root", str(root))
    assert_one_sentence(answer, "a.jpg")
    assert (root / "earlier").exists()


@pytest.mark.parametrize("row", ["a.jpg\t \t黄牌", "a.jpg\t宁A58D21", "a.jpg"], ids=repr)
def test_a_truth_row_that_lacks_something_is_a_fault_of_its_line(tmp_path: Path, row: str) -> None:
    (tmp_path / "a.jpg").touch()
    truth = tmp_path / "truth.tsv"
    truth.write_text(f"file\tplate\tcolour\n{row}\n", "utf-8")
    answer = gatehouse("demo", "--images", str(truth), "--root", str(tmp_path / "demo"))
    assert_one_sentence(answer, f"{truth}:2")
    assert not (tmp_path / "demo").exists()


@pytest.mark.slow
def test_an_import_and_a_retry_tell_what_the_platform_would_still_refuse(tmp_path: Path) -> None:
    profile = profile_file(tmp_path, demo_profile(tmp_path / "root"))
    register = tmp_path / "vehicles.csv"
    text = DEMO.with_name("demo-vehicles.csv").read_text("utf-8")
    header, first, *_ = text.splitlines()
    cells = dict(zip(header.split(","), first.split(","), strict=True))
    register.write_text("\n".join([header, first.replace(cells["model"], "Land Rover")]), "utf-8")
    answer = gatehouse("vehicles", "import", str(register), "--profile", str(profile))
    assert answer.returncode == 0
    assert cells["plate"] in answer.stderr
    assert "F_CLPPXH" in answer.stderr
    with Journal.open(tmp_path / "root", SystemClock()) as journal:
        vehicle = journal.find_vehicle(cells["plate"], PlateColour(cells["plate_colour"]))
        journal.record(passage(plate=cells["plate"], vehicle=vehicle))
    again = gatehouse("uplink", "retry", "--all", "--profile", str(profile))
    assert "0 条报文将重新上报" in again.stdout
    assert "1 条的内容平台仍会拒收" in again.stdout
