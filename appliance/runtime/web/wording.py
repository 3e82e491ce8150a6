"""How times, programs and states are worded for people who read Chinese and no code."""

import re
from datetime import datetime, timedelta

from appliance.clock import BEIJING
from appliance.guideline.dictionaries import PlateColour, RaiseMethod
from appliance.guideline.messages import Result
from appliance.profile.model import Profile
from appliance.runtime.journal.values import Decision, OutboxState, RecordedPassage
from appliance.runtime.supervision import programs

STATES = {
    OutboxState.HELD: "暂存",
    OutboxState.WAITING: "待上报",
    OutboxState.ASIDE: "搁置",
    OutboxState.DONE: "已确认",
}

EVENTS = {
    "barrier-unreachable": "道闸无应答",
    "manual-raise": "手动抬杆",
    "message-aside": "报文搁置",
    "platform-refusal": "平台拒收",
    "missed-upload": "漏传报警",
    "missed-upload-over": "漏传解除",
    "uplink-interrupted": "数据中断",
    "uplink-recovered": "传输恢复",
    "backfill-complete": "补传完毕",
    "backfill-overdue": "补传逾期",
    "storage-early-deletion": "提前删除",
    "storage-stopped": "停止存入",
    "storage-resumed": "恢复存入",
    "storage-refusal": "暂不删除",
    "storage-volume-missing": "录像盘不可用",
    "storage-days-left": "存储预警",
    "storage-fragment-lost": "录像缺失",
    "recording-stopped": "录像停止",
    "recording-gap": "录像中断",
    "clip-failed": "片段未成",
    "recording-filled": "录像补回",
}

# The style sheet draws a plate by these names.
PLATES = {
    PlateColour.BLUE: "blue",
    PlateColour.YELLOW: "yellow",
    PlateColour.WHITE: "white",
    PlateColour.BLACK: "black",
    PlateColour.GREEN: "green",
    PlateColour.YELLOW_GREEN: "yellow-green",
    PlateColour.OTHER: "other",
}


def duration(span: timedelta) -> str:
    """A span in the two largest units that matter, such as `12 分钟` or `3 小时 5 分`."""
    seconds = max(int(span.total_seconds()), 0)
    if seconds < 60:
        return f"{seconds} 秒"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} 分钟"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} 小时 {minutes} 分" if minutes else f"{hours} 小时"
    return f"{hours // 24} 天"


def moment(at: datetime) -> str:
    """Date and time in full, in Beijing time."""
    return f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


def short_moment(at: datetime, now: datetime) -> str:
    """The time of day; with the date before it unless that is today."""
    at, now = at.astimezone(BEIJING), now.astimezone(BEIJING)
    if at.date() == now.date():
        return f"{at:%H:%M:%S}"
    return f"{at:%m-%d %H:%M:%S}" if at.year == now.year else moment(at)


def ago(at: datetime, now: datetime) -> str:
    """How long ago something was; nothing is ever worded as being in the future."""
    return f"{duration(now - at)}前" if now - at >= timedelta(seconds=1) else "刚刚"


def plate_parts(plate: str) -> tuple[str, str]:
    """Province and letter, and the rest, as a plate is lettered; ("", plate) for other numbers."""
    region = re.match(r"[\u4e00-\u9fff][A-Z](?=.)", plate)
    return (plate[:2], plate[2:]) if region else ("", plate)


def program_names(profile: Profile) -> dict[str, str]:
    """The programs this site must run, by the name they beat under, worded for people."""
    words = {"uplink": "数据上报", "web": "状态页", "entry": "补录页", "sweeper": "存储管理"}
    words["recorder"] = "录像"
    words |= {f"lane-{lane.barrier.id}": f"车道 {lane.barrier.id}" for lane in profile.lanes()}
    return {program.name: words.get(program.name, program.name) for program in programs(profile)}


def raising(passage: RecordedPassage) -> str:
    """抬杆方式 as it happened: a vehicle that was refused and not raised for by hand stayed out."""
    if passage.raise_method is RaiseMethod.MANUAL:
        return "手动"
    return "未抬杆" if passage.admission.decision is Decision.REFUSE else "自动"


def result(code: int) -> str:
    """7.4's number with its words."""
    try:
        return f"{code}（{Result(code).text}）"
    except ValueError:
        return f"{code}（指南未列出）"
