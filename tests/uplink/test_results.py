"""What each number of 7.4 leads to."""

from datetime import timedelta

import pytest

from appliance.runtime.journal.values import OutboxItem, OutboxState
from appliance.runtime.uplink.pauses import Pauses
from appliance.runtime.uplink.results import Consequence, consequence

from .gate import NOON

PAUSES = Pauses(first=2, limit=300)
ITEM = OutboxItem(
    id=1,
    cn="60001",
    qn="20261124120000000",
    passage_id=1,
    payload=None,
    history=False,
    state=OutboxState.WAITING,
    attempts=1,
    queued_at=NOON,
    next_try_at=NOON,
    reason=None,
)


def after(code: int, *, ahead: timedelta = timedelta(seconds=-1)) -> Consequence:
    return consequence(code, ITEM, NOON + ahead, NOON, PAUSES)


def test_received_is_done_and_asks_for_nothing_more() -> None:
    assert after(1) == Consequence(OutboxState.DONE)


@pytest.mark.parametrize("code", [2, 3])
def test_a_refusal_of_the_content_is_aside_with_its_reason(code: int) -> None:
    follows = after(code)
    assert follows.state is OutboxState.ASIDE
    assert (follows.reason or "").startswith(f"平台答复{code}：")
    assert follows.event is not None
    assert follows.event.kind == "message-aside"


@pytest.mark.parametrize("code", [4, 100])
def test_a_refusal_of_the_enterprise_quiets_the_whole_link_for_the_longest_pause(
    code: int,
) -> None:
    follows = after(code)
    assert (follows.state, follows.quiet) == (OutboxState.WAITING, 300)
    assert follows.next_try_at == NOON + timedelta(seconds=300)


def test_a_number_nobody_knows_concerns_its_message_only() -> None:
    follows = after(77)
    assert (follows.state, follows.quiet) == (OutboxState.WAITING, None)


def test_a_time_our_clock_has_not_reached_waits_until_it_has() -> None:
    follows = after(10, ahead=timedelta(minutes=10))
    assert follows.next_try_at == NOON + timedelta(minutes=10, seconds=1)
    assert follows.event is not None
    assert follows.event.kind == "clock-doubt"
    assert "比本机时钟还晚600秒" in follows.event.sentence


def test_a_time_far_ahead_is_waited_for_an_hour_at_most() -> None:
    """The journal takes a longer pause for one that a wrong clock set."""
    assert after(10, ahead=timedelta(days=400)).next_try_at == NOON + timedelta(hours=1)


def test_a_time_our_clock_has_passed_doubts_the_clocks_and_is_tried_again_soon() -> None:
    follows = after(10)
    assert follows.next_try_at is not None
    assert NOON + timedelta(seconds=1) <= follows.next_try_at <= NOON + timedelta(seconds=2)
    assert "请核对本机与平台的时钟" in (follows.reason or "")
