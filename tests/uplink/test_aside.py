"""`gatehouse uplink aside` and `retry`: what is listed, and what goes out again."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sites import demo_profile, profile_file
from typer.testing import CliRunner

from appliance.cli import app
from appliance.runtime.journal import Journal
from appliance.runtime.journal.values import OutboxState
from appliance.runtime.uplink.aside import NotAside, aside_messages, retry

from .gate import HandClock
from .samples import passage


@pytest.fixture
def journal(storage: Path) -> Iterator[Journal]:
    with Journal.open(storage, HandClock()) as opened:
        for number in range(3):
            opened.record(passage(f"p{number}", plate=f"宁A0000{number}"))
        opened.owe_news("60002", '{"camera": "east-in"}')
        for number in (1, 3, 4):
            opened.set_aside(opened.message(number), "照片缺失")
        yield opened


@pytest.fixture
def profile(tmp_path: Path, storage: Path, journal: Journal) -> str:
    return str(profile_file(tmp_path, demo_profile(storage)))


def waiting(journal: Journal) -> list[int]:
    return [n for n in (1, 2, 3, 4) if journal.message(n).state is OutboxState.WAITING]


def test_what_is_aside_is_listed_with_number_cn_plate_time_and_reason(journal: Journal) -> None:
    listed = [message.as_dict() for message in aside_messages(journal)]
    assert listed[0] == {
        "number": 1,
        "cn": "60001",
        "plate": "宁A00000",
        "time": "2025-05-10T08:09:10+08:00",
        "reason": "照片缺失",
    }
    assert [each["number"] for each in listed] == [1, 3, 4]
    assert (listed[2]["cn"], listed[2]["plate"]) == ("60002", None)


def test_the_ones_named_or_all_of_them_wait_again(journal: Journal) -> None:
    assert retry(journal, [3, 3]) == 1
    assert waiting(journal) == [2, 3]
    assert retry(journal, []) == 2
    assert waiting(journal) == [1, 2, 3, 4]


def test_a_number_that_is_not_aside_is_named_and_none_is_sent(journal: Journal) -> None:
    with pytest.raises(NotAside, match="没有编号为 2、99 的搁置报文"):
        retry(journal, [1, 2, 99])
    assert waiting(journal) == [2]


def test_the_command_lists_as_a_table_and_as_json(profile: str) -> None:
    listed = CliRunner().invoke(app, ["uplink", "aside", "--profile", profile, "--json"])
    assert [each["number"] for each in json.loads(listed.stdout)] == [1, 3, 4]
    table = CliRunner().invoke(app, ["uplink", "aside", "--profile", profile])
    assert "宁A00000" in table.stdout


def test_the_command_sends_again_what_it_is_told(profile: str, journal: Journal) -> None:
    run = CliRunner().invoke
    assert run(app, ["uplink", "retry", "1", "--profile", profile]).exit_code == 0
    assert waiting(journal) == [1, 2]
    assert run(app, ["uplink", "retry", "--profile", profile]).exit_code == 2
    assert run(app, ["uplink", "retry", "3", "--all", "--profile", profile]).exit_code == 2
    assert waiting(journal) == [1, 2]
    assert "2 条" in run(app, ["uplink", "retry", "--all", "--profile", profile]).stdout
    assert waiting(journal) == [1, 2, 3, 4]
