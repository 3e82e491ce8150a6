"""What the numbers of 7.4 ask of the sender."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from appliance.guideline.messages import Result
from appliance.runtime.journal.values import OutboxItem, OutboxState
from appliance.runtime.uplink.pauses import Pauses

# The journal takes a pause of more than two hours for one that a wrong clock set.
_LONGEST_WAIT_FOR_THE_CLOCK = timedelta(hours=1)
_ENTERPRISE_REFUSED = {Result.WRONG_MN, Result.NOT_FILED}


@dataclass(frozen=True, slots=True)
class Event:
    """What the journal is to note."""

    kind: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Consequence:
    """Where an answer leads a message; `quiet` seconds nothing at all is sent."""

    state: OutboxState
    reason: str | None = None
    next_try_at: datetime | None = None
    event: Event | None = None
    quiet: float | None = None


def consequence(
    code: int, item: OutboxItem, happened_at: datetime, now: datetime, pauses: Pauses
) -> Consequence:
    """What follows from the answer `code` to a message that speaks of the time `happened_at`."""
    if code == Result.RECEIVED:
        return Consequence(OutboxState.DONE)
    reason = sentence_of(code)
    if code in {Result.FAILED, Result.UNREADABLE}:
        event = Event("message-aside", f"报文{item.qn}已搁置：{reason}")
        return Consequence(OutboxState.ASIDE, reason, event=event)
    if code == Result.FUTURE_TIME:
        return _check_the_clock(reason, item, happened_at, now, pauses)
    return Consequence(
        OutboxState.WAITING,
        reason,
        now + timedelta(seconds=pauses.limit),
        Event("platform-refusal", reason),
        # It is the enterprise that is refused, so every other message would be as well.
        quiet=pauses.limit if code in _ENTERPRISE_REFUSED else None,
    )


def _check_the_clock(
    reason: str, item: OutboxItem, happened_at: datetime, now: datetime, pauses: Pauses
) -> Consequence:
    """10: either our clock stepped back since the passage, or it and the platform's differ."""
    pause = timedelta(seconds=pauses.after(item.attempts))
    ahead = happened_at - now
    if ahead > timedelta(0):
        found = f"该时间比本机时钟还晚{ahead.total_seconds():.0f}秒，本机时钟曾经不准"
        # A second more, since a message carries whole seconds.
        wait = max(pause, min(ahead + timedelta(seconds=1), _LONGEST_WAIT_FOR_THE_CLOCK))
    else:
        found = "本机时钟已过该时间，请核对本机与平台的时钟"
        wait = pause
    event = Event("clock-doubt", f"{reason}；{found}")
    return Consequence(OutboxState.WAITING, f"{reason}；{found}", now + wait, event)


def sentence_of(code: int) -> str:
    """What a number of 7.4 says (Chinese), or that 7.4 has none such."""
    try:
        result = Result(code)
    except ValueError:
        return f"平台答复{code}，指南7.4没有这个编号"
    return f"平台答复{code}：{result.text}" + (f"（{result.note}）" if result.note else "")
