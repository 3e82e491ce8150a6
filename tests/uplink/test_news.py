"""60002 and 60003: when they are queued, what they say, and what never lies in the journal."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from waiting import until

from acceptance_kit.peers.platform import ReferencePlatform
from appliance.clock import Clock
from appliance.profile.model import Production, Profile
from appliance.profile.secrets import SecretStore
from appliance.runtime.journal import Journal
from appliance.runtime.journal.values import OutboxItem, OutboxState
from appliance.runtime.uplink.cameras import CameraNews
from appliance.runtime.uplink.sender import run_uplink
from appliance.runtime.uplink.status import SETTLE_SECONDS, StatusNews

from .gate import Gate, HandClock
from .samples import passage, site

MINUTE = 60
PASSWORD = "geheim-7x"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def journal(storage: Path, clock: HandClock) -> Iterator[Journal]:
    with Journal.open(storage, clock) as opened:
        yield opened


@pytest.fixture
def store(tmp_path: Path) -> SecretStore:
    return keep(tmp_path / "secrets", PASSWORD)


def keep(folder: Path, password: str) -> SecretStore:
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / "camera-east-in"
    path.touch(mode=0o600)
    path.write_text(password, "utf-8")
    return SecretStore(folder)


def queued(journal: Journal, cn: str) -> list[OutboxItem]:
    rows = journal._database.query("SELECT id FROM outbox WHERE cn = ? ORDER BY id", [cn])
    return [journal.message(row["id"]) for row in list(rows)]


def sent(journal: Journal, item: OutboxItem) -> None:
    journal.begin_attempt(item)


def with_camera(**changes: Any) -> Profile:
    profile = site()
    camera = profile.cameras[0].model_copy(update=changes)
    return profile.model_copy(update={"cameras": (camera,)})


# Cameras


def look_at_cameras(
    journal: Journal, clock: Clock, store: SecretStore, profile: Profile | None = None
) -> CameraNews:
    news = CameraNews(profile or site(), journal, clock, store)
    news()
    return news


def test_each_camera_is_told_of_at_a_start_and_the_message_names_it_only(
    journal: Journal, clock: HandClock, store: SecretStore
) -> None:
    news = look_at_cameras(journal, clock, store)
    news()
    (item,) = queued(journal, "60002")
    assert item.payload == '{"camera": "east-in"}'


def test_a_start_soon_after_another_tells_nothing_new_and_a_later_one_does(
    journal: Journal, clock: HandClock, store: SecretStore
) -> None:
    look_at_cameras(journal, clock, store)
    sent(journal, queued(journal, "60002")[0])
    clock.sleep(9 * MINUTE)
    look_at_cameras(journal, clock, store)
    assert len(queued(journal, "60002")) == 1
    clock.sleep(2 * MINUTE)
    look_at_cameras(journal, clock, store)
    assert len(queued(journal, "60002")) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"host": "10.0.0.9"},
        {"rtsp_port": 8554},
        {"rtsp_path": "/live"},
        {"user": "admin"},
        {"position": "西门"},
    ],
    ids=str,
)
def test_a_change_of_any_particular_is_told(
    journal: Journal, clock: HandClock, store: SecretStore, changes: dict[str, Any]
) -> None:
    look_at_cameras(journal, clock, store)
    sent(journal, queued(journal, "60002")[0])
    look_at_cameras(journal, clock, store, with_camera(**changes))
    assert len(queued(journal, "60002")) == 2


def test_a_password_that_changes_while_the_uplink_runs_is_told(
    journal: Journal, clock: HandClock, store: SecretStore
) -> None:
    news = look_at_cameras(journal, clock, store)
    sent(journal, queued(journal, "60002")[0])
    keep(store.directory, "anders-8y")
    news()
    assert len(queued(journal, "60002")) == 2


@pytest.mark.parametrize(
    "case",
    [
        ({"user": "x" * 21}, PASSWORD, "视频用户名（F_UID）有21个字符，超过上限20个"),
        (
            {"rtsp_path": "/select"},
            PASSWORD,
            "视频地址（F_DZ）含有平台拒收的词“select”（指南6.2.5）",
        ),
        ({}, "Brandmauer-und-mehr-noch", "视频密码（F_PSD）超过上限20个"),
        ({}, "Wand;7", "视频密码（F_PSD）含有报文不允许的字符"),
    ],
    ids=["user", "path", "password", "mark"],
)
def test_a_camera_the_platform_must_refuse_is_set_aside_before_it_waits(
    journal: Journal,
    clock: HandClock,
    store: SecretStore,
    case: tuple[dict[str, Any], str, str],
) -> None:
    changes, password, sentence = case
    keep(store.directory, password)
    news = look_at_cameras(journal, clock, store, with_camera(**changes))
    (item,) = queued(journal, "60002")
    assert (item.state, item.attempts, item.reason) == (OutboxState.ASIDE, 0, sentence)
    if not changes:  # the mend of a password is noticed while the uplink runs
        keep(store.directory, PASSWORD)
        news()
        (mended,) = queued(journal, "60002")
        assert (mended.state, mended.qn) == (OutboxState.WAITING, item.qn)


def test_a_camera_whose_password_is_missing_waits_for_it(
    journal: Journal, clock: HandClock, tmp_path: Path
) -> None:
    look_at_cameras(journal, clock, SecretStore(tmp_path / "none"))
    assert [item.state for item in queued(journal, "60002")] == [OutboxState.WAITING]


# State


def beat(journal: Journal, *, lane: bool = True, uplink: bool = True) -> None:
    journal.beat("lane-A01", lane, "")
    journal.beat("uplink", uplink, "")


def test_a_state_is_looked_at_before_it_waits(journal: Journal, clock: HandClock) -> None:
    beat(journal)
    profile = site()
    wrong = profile.uplink.model_copy(update={"production": "检修"})
    StatusNews(profile.model_copy(update={"uplink": wrong}), journal, clock)()
    (item,) = queued(journal, "60003")
    sentence = "生产情况（F_SCQK）只能是：正常、停产、限产"
    assert (item.state, item.reason) == (OutboxState.ASIDE, sentence)


def told(journal: Journal) -> list[tuple[str, str]]:
    said = [json.loads(item.payload or "") for item in queued(journal, "60003")]
    return [(each["state"], each["production"]) for each in said]


@pytest.fixture
def status(journal: Journal, clock: HandClock) -> Callable[..., None]:
    """Let seconds pass with the programs well or not, looking every five seconds."""
    news = StatusNews(site(), journal, clock)

    def passes(seconds: float, **programs: bool) -> None:
        for _ in range(int(seconds // 5) + 1):
            beat(journal, **programs)
            news()
            for item in queued(journal, "60003"):
                if not item.attempts:
                    sent(journal, item)
            clock.sleep(5)

    return passes


@pytest.mark.slow
def test_the_state_is_told_at_a_start_and_at_its_interval(
    journal: Journal, status: Callable[..., None]
) -> None:
    status(0)
    assert told(journal) == [("正常", "正常")]
    status(59 * MINUTE)
    assert len(told(journal)) == 1
    status(2 * MINUTE)
    assert told(journal) == [("正常", "正常")] * 2


@pytest.mark.parametrize(
    ("programs", "state"), [({"lane": False}, "故障"), ({"uplink": False}, "离线")]
)
def test_bad_news_is_told_when_it_has_lasted_and_good_news_at_once(
    journal: Journal, status: Callable[..., None], programs: dict[str, bool], state: str
) -> None:
    status(0)
    status(SETTLE_SECONDS - 10, **programs)
    assert told(journal) == [("正常", "正常")]
    status(15, **programs)
    assert told(journal)[1:] == [(state, "正常")]
    status(0)
    assert told(journal)[2:] == [("正常", "正常")]


def test_a_start_long_after_the_last_message_waits_until_the_lanes_have_begun(
    journal: Journal, clock: HandClock, status: Callable[..., None]
) -> None:
    status(0)
    clock.sleep(3 * 60 * MINUTE)  # the box was off; its heartbeats are old now
    news = StatusNews(site(), journal, clock)
    news()
    assert told(journal) == [("正常", "正常")]
    clock.sleep(5)
    beat(journal)
    news()
    assert told(journal) == [("正常", "正常")] * 2


def test_a_hiccup_is_not_told(journal: Journal, status: Callable[..., None]) -> None:
    status(0)
    for _ in range(5):
        status(30, lane=False)
        status(10)
    assert told(journal) == [("正常", "正常")]


def test_a_lane_that_is_silent_is_a_fault(journal: Journal, clock: HandClock) -> None:
    beat(journal)
    news = StatusNews(site(), journal, clock)
    for _ in range(20):
        clock.sleep(5)
        journal.beat("uplink", True, "")
        news()
    assert ("故障", "正常") in told(journal)


def test_production_and_maintenance_are_what_the_profile_says(
    journal: Journal, clock: HandClock
) -> None:
    StatusNews(site(maintenance=True, production=Production.STOPPED), journal, clock)()
    assert told(journal) == [("维护", "停产")]


def test_a_start_soon_after_another_does_not_tell_the_same_state_again(
    journal: Journal, clock: HandClock
) -> None:
    for minutes, count in ((0, 1), (9, 1), (2, 2)):
        clock.sleep(minutes * MINUTE)
        beat(journal)
        StatusNews(site(), journal, clock)()
        for item in queued(journal, "60003"):
            if not item.attempts:
                sent(journal, item)
        assert len(told(journal)) == count


# Over the wire


class WholeGate(Gate):
    """The uplink process as it runs on a box."""

    def work(self, journal: Journal, clock: Clock) -> None:
        run_uplink(self.profile, journal, clock, self.stop, SecretStore(self.root / "secrets"))


@pytest.fixture
def whole(storage: Path, platform: ReferencePlatform, gates: list[Gate]) -> Gate:
    gate = WholeGate(storage, platform.address[1])
    gates.append(gate)
    gate.journal.beat("lane-A01", True, "")
    return gate


def received(platform: ReferencePlatform, cn: str) -> list[dict[str, str]]:
    return [kept.fields for kept in platform.records() if kept.cn == cn and kept.code == 1]


@pytest.mark.slow
def test_camera_and_state_reach_the_platform_beside_the_passages(
    whole: Gate, storage: Path, platform: ReferencePlatform, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    keep(storage / "secrets", PASSWORD)
    one = whole.record(passage())
    whole.start()
    assert whole.comes_to(one, OutboxState.DONE)
    until(lambda: bool(received(platform, "60002") and received(platform, "60003")))
    (camera,) = received(platform, "60002")
    assert camera["F_WZ"] == "东门进厂道卡口"
    assert camera["F_PORT"] == "554"
    assert camera["F_UID"] == "gate"
    # The platform keeps no password; that it travels is shown by the bytes of a 60002.
    assert camera["F_PSD"] == "（不保存）"
    assert received(platform, "60003")[0]["F_QYMJJKZT"] == "正常"
    until(lambda: whole.journal.outbox_counts().done == 3)
    assert whole.end()
    for path in storage.glob("journal.sqlite3*"):
        assert PASSWORD.encode() not in path.read_bytes()
    assert PASSWORD not in caplog.text


def test_a_missing_password_sets_its_message_aside_and_is_sent_once_it_is_there(
    whole: Gate, storage: Path, platform: ReferencePlatform
) -> None:
    whole.start()
    until(lambda: len(whole.journal.aside()) == 1)
    (aside,) = whole.journal.aside()
    assert aside.cn == "60002"
    assert (aside.reason or "").startswith("视频密码（F_PSD）：没有密钥“camera-east-in”")
    keep(storage / "secrets", PASSWORD)
    until(lambda: len(received(platform, "60002")) == 1)
    until(lambda: whole.journal.aside() == ())


def test_a_password_the_platform_must_refuse_is_set_aside_without_being_told(
    whole: Gate, storage: Path
) -> None:
    keep(storage / "secrets", "much-too-long-a-password-for-7.3.2")
    whole.start()
    until(lambda: len(whole.journal.aside()) == 1)
    reason = whole.journal.aside()[0].reason or ""
    assert "F_PSD" in reason
    assert "much-too-long" not in reason


def test_a_camera_that_is_gone_from_the_profile_is_set_aside(whole: Gate, storage: Path) -> None:
    keep(storage / "secrets", PASSWORD)
    whole.journal.owe_news("60002", '{"camera": "gone"}')
    whole.start()
    until(lambda: len(whole.journal.aside()) == 1)
    assert whole.journal.aside()[0].reason == "站点配置中已没有相机“gone”"
