"""What the kit reads out of a box's journal, by the box's own verb, and what it says of it."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sites import demo_profile
from sqlite_utils import Database
from uplink.book_gate import BookGate, HandClock
from uplink.gate import Gate
from uplink.samples import passage, site

from acceptance_kit.box import Box, BoxTrouble
from acceptance_kit.days import DayState, Span
from acceptance_kit.findings import Finding, Verdict
from acceptance_kit.passages import passages_of
from acceptance_kit.peers.platform import ReferencePlatform
from acceptance_kit.peers.platform.records import read_records
from acceptance_kit.platform_log import compare, finding
from acceptance_kit.records import days_sentence, findings, gather, unsteady_days
from appliance.clock import BEIJING, SystemClock
from appliance.profile.model import Profile
from appliance.runtime.journal import Journal
from appliance.runtime.journal.values import OutboxState, Receipt
from appliance.trouble import Trouble

from .local_box import local_box

HOUR = timedelta(hours=1)


def profile_of(root: Path) -> Profile:
    return demo_profile(root)


class Days:
    """A box whose journal goes on hour by hour up to now."""

    def __init__(self, folder: Path, days: int) -> None:
        today = SystemClock().now().replace(hour=0, minute=0, second=0, microsecond=0)
        self.end = SystemClock().now()
        self.clock = HandClock(today - timedelta(days=days))
        root = folder / "root"
        self.gate = BookGate(root, self.clock, Journal.open(root, self.clock))
        self.profile = profile_of(root)
        self.box: Box = local_box(self.profile, folder)

    def news(self) -> None:
        """The hourly status message is sent and taken."""
        item = self.gate.journal.owe_news("60003", f'{{"at": "{self.clock.time}"}}')
        attempt = self.gate.journal.begin_attempt(item)
        self.gate.journal.receive(
            attempt, Receipt(1, "##raw", self.clock.time), state=OutboxState.DONE
        )

    def go_on(self, until: datetime | None = None) -> None:
        """Hour after hour is well, up to `until` or now."""
        until = until or self.end
        while self.clock.time <= until:
            self.news()
            self.clock.time += HOUR


@pytest.fixture
def three(tmp_path: Path) -> Days:
    """Three whole days and today, with a vehicle early on the first and on the second day."""
    days = Days(tmp_path, 3)
    days.gate.acknowledges(days.gate.records(1))
    days.go_on(days.clock.time + timedelta(days=1))
    days.gate.acknowledges(days.gate.records(1), after=30)
    days.go_on()
    return days


def verdicts(days: Days, drills: tuple[Span, ...] = ()) -> dict[str, Verdict]:
    account = gather(days.box, days.profile, drills=drills)
    return {
        each.item.removeprefix("records."): each.verdict
        for each in findings(account, "gate", "kit")
    }


@pytest.mark.slow
def test_a_well_kept_journal_shows_what_it_can_and_the_days_are_not_over_yet(three: Days) -> None:
    assert verdicts(three) == {
        "transmission": Verdict.YES,
        "completeness": Verdict.YES,
        "realtime": Verdict.YES,
        "backfill": Verdict.UNTESTED,
        "stable-days": Verdict.UNTESTED,
    }
    account = gather(three.box, three.profile)
    states = [day.state for day in account.days]
    assert states == [DayState.STABLE] * 3 + [DayState.OPEN]
    assert "已稳定 3 天，还需 12 天" in days_sentence(account)
    (today,) = unsteady_days(account)
    assert today.startswith(f"{account.days[-1].day} 待定：")


@pytest.mark.slow
def test_fifteen_whole_days_show_the_stable_transmission(tmp_path: Path) -> None:
    days = Days(tmp_path, 16)
    days.gate.acknowledges(days.gate.records(1))
    days.go_on()
    assert verdicts(days)["stable-days"] is Verdict.YES


@pytest.mark.slow
def test_a_passage_that_never_came_is_told_by_rate_backfill_and_day(tmp_path: Path) -> None:
    days = Days(tmp_path, 5)
    days.gate.records(1)
    days.go_on()
    found = verdicts(days)
    assert found["transmission"] is Verdict.NO
    assert found["backfill"] is Verdict.NO
    account = gather(days.box, days.profile)
    assert account.days[0].state is DayState.UNSTABLE
    told = next(unsteady_days(account))
    assert told.startswith(f"{account.days[0].day} 不稳定：")
    assert account.days[0].reasons[0] in told


@pytest.mark.slow
def test_a_drill_of_the_kits_own_is_no_late_upload(tmp_path: Path) -> None:
    days = Days(tmp_path, 1)
    begun = days.clock.time
    days.gate.acknowledges(days.gate.records(3), after=200)
    days.go_on(begun + timedelta(hours=12))
    days.gate.acknowledges(days.gate.records(1))
    days.go_on()
    assert verdicts(days)["realtime"] is Verdict.NO
    drill = Span(begun, begun + timedelta(minutes=2))
    found = verdicts(days, (drill,))
    assert found["realtime"] is Verdict.YES
    assert found["backfill"] is Verdict.YES


@pytest.mark.slow
def test_an_empty_journal_shows_nothing(tmp_path: Path) -> None:
    assert set(verdicts(Days(tmp_path, 1)).values()) == {Verdict.UNTESTED}


def test_a_box_that_cannot_be_read_is_a_trouble_in_one_sentence(tmp_path: Path) -> None:
    profile = profile_of(tmp_path / "nothing")
    with pytest.raises(BoxTrouble, match="gatehouse journal facts 失败"):
        gather(local_box(profile, tmp_path), profile)


@pytest.fixture
def sent(tmp_path: Path) -> tuple[Gate, Path]:
    """A gate that has sent three passages to the reference platform, and the platform's file."""
    file = tmp_path / "platform.sqlite3"
    platform = ReferencePlatform(database=file, known_mn={site(host="x", port=1).mn})
    with platform:
        gate = Gate(tmp_path / "root", platform.address[1])
        numbers = [gate.record(passage(f"p{n}", plate=f"宁A1234{n}")) for n in range(3)]
        gate.start()
        try:
            assert all(gate.comes_to(number, OutboxState.DONE) for number in numbers)
        finally:
            assert gate.end()
    return gate, file


def compared(gate: Gate, file: Path) -> Finding:
    day = datetime(2025, 5, 10, tzinfo=BEIJING).date()
    lines = (json.dumps(line) for line in gate.journal.facts().passages(day, day))
    return finding(compare(passages_of(lines), read_records(file)), "kit", SystemClock().now())


def test_platform_and_journal_tell_the_same(sent: tuple[Gate, Path]) -> None:
    result = compared(*sent)
    assert result.verdict is Verdict.YES
    assert "核对 3 条" in result.measured


def test_a_record_that_the_platform_lost_is_found(sent: tuple[Gate, Path]) -> None:
    Database(sent[1]).execute("DELETE FROM messages WHERE rowid = 2").connection.commit()
    result = compared(*sent)
    assert result.verdict is Verdict.NO
    assert "缺少 1 条（记录编号 2" in result.reason


def test_a_record_that_the_platform_has_twice_is_found(sent: tuple[Gate, Path]) -> None:
    database = Database(sent[1])
    (row,) = database.query("SELECT * FROM messages WHERE rowid = 2")
    database.table("messages").insert(row | {"qn": "29991231235959999"})
    result = compared(*sent)
    assert result.verdict is Verdict.NO
    assert "重复 1 条（QN 29991231235959999" in result.reason
    assert "多出" not in result.reason


def test_a_record_that_nobody_sent_is_found(sent: tuple[Gate, Path]) -> None:
    database = Database(sent[1])
    (row,) = database.query("SELECT * FROM messages WHERE rowid = 2")
    strange = row["fields"].replace("宁A12341", "宁A99999")
    database.table("messages").insert(row | {"qn": "29991231235959999", "fields": strange})
    assert "多出 1 条" in compared(*sent).reason


def test_a_file_that_is_no_platforms_is_a_trouble(tmp_path: Path) -> None:
    file = tmp_path / "text"
    file.write_text("nothing")
    with pytest.raises(Trouble):
        read_records(file)
    with pytest.raises(Trouble):
        read_records(tmp_path / "absent")
