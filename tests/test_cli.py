"""The command: every verb has help and stands in the docs; troubles are sentences."""

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
import typer
from sites import DEMO, demo_profile

from appliance.cli import app
from appliance.clock import SystemClock
from appliance.profile.writing import profile_as_yaml
from appliance.runtime.journal import Journal

DOCS = Path(__file__).parents[1] / "docs" / "commands.md"


def gatehouse(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "appliance", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=DEMO.parents[1])


def verbs() -> list[tuple[str, click.Command]]:
    def below(command: click.Command, name: str) -> list[tuple[str, click.Command]]:
        children = getattr(command, "commands", None)
        if children is None:
            return [(name, command)]
        return [verb for key, child in children.items() for verb in below(child, f"{name} {key}")]

    return [(name.strip(), command) for name, command in below(typer.main.get_command(app), "")]


@pytest.mark.parametrize(("name", "command"), verbs(), ids=str)
def test_every_verb_has_help_and_so_has_every_option(name: str, command: click.Command) -> None:
    assert command.help
    undescribed = [
        parameter.name
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.help
    ]
    assert not undescribed


def test_every_verb_stands_in_the_docs() -> None:
    text = DOCS.read_text("utf-8")
    missing = [name for name, _ in verbs() if f"`gatehouse {name}" not in text]
    assert not missing


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


def test_a_lane_that_the_profile_does_not_have_is_told(tmp_path: Path) -> None:
    answer = gatehouse("run", "lane", "Z99", "--profile", str(DEMO))
    assert answer.returncode == 2
    assert "Z99" in answer.stderr
    assert "A01" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_vehicles_are_imported_and_a_faulty_file_changes_nothing(tmp_path: Path) -> None:
    profile = tmp_path / "site.yaml"
    profile.write_text(profile_as_yaml(demo_profile(tmp_path / "root")), "utf-8")
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
    profile = tmp_path / "site.yaml"
    profile.write_text(profile_as_yaml(demo_profile(tmp_path / "root")), "utf-8")
    words = ("passage", "plate", "1", "不是", "黄牌", "--profile", str(profile), "--by", "门卫")
    answer = gatehouse(*words)
    assert answer.returncode == 2
    assert "车牌号码" in answer.stderr


def test_the_books_are_printed_for_people_and_for_machines(tmp_path: Path) -> None:
    profile = tmp_path / "site.yaml"
    profile.write_text(profile_as_yaml(demo_profile(tmp_path / "root")), "utf-8")
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
    profile = tmp_path / "site.yaml"
    profile.write_text(profile_as_yaml(demo_profile(tmp_path / "root")), "utf-8")
    Journal.open(tmp_path / "root", SystemClock()).close()
    answer = gatehouse("uplink", "report", "--profile", str(profile))
    assert answer.returncode == 1
    assert "无需报备" in answer.stdout
