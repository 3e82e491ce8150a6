"""The text with which an interruption of 24 h is reported to the authority (5.1.3, 4.1-5)."""

from datetime import datetime, timedelta

from appliance.clock import BEIJING
from appliance.profile.model import Profile
from appliance.runtime.journal import Journal
from appliance.runtime.uplink.books.backfill import Backfill, backfill_of
from appliance.runtime.uplink.books.interruptions import Interruption
from appliance.runtime.uplink.books.wording import in_hours

PLATFORM_EVENTS = ("missed-upload", "uplink-interrupted", "platform-refusal")
"""Events that tell what went wrong; noted by `alarms` and by the sender."""

EVENTS_TOLD = 5

GUIDELINE = (
    "《宁夏回族自治区企业（单位）货运车辆智能环保门禁监控系统建设联网及验收技术指南》"
    "（2025年2月）第5.1.3条"
)


def report_text(
    profile: Profile, journal: Journal, interruption: Interruption, now: datetime
) -> str:
    """The report, ready to be signed; a person completes the reason where none is known."""
    enterprise = profile.enterprise
    backfill = backfill_of(journal, interruption, now)
    return f"""\
关于货运车辆智能环保门禁监控系统数据中断情况的报告

生态环境主管部门：

我单位货运车辆智能环保门禁监控系统向自治区移动源污染防治信息化监管平台的数据传输发生中断，\
时间已达24小时。根据{GUIDELINE}的要求，现将有关情况报告如下：

一、企业（单位）信息
企业名称：{enterprise.name}
统一社会信用代码：{enterprise.credit_code}
企业编号：{enterprise.number}
企业地址：{enterprise.address}

二、中断时间
{_span(interruption, now)}

三、影响范围
{_extent(journal, interruption, backfill, now)}

四、中断原因
{_reason(journal, interruption, now)}

五、补传安排
{_plan(backfill)}

六、联系方式
联系人：{enterprise.contact}　联系电话：{enterprise.contact_phone}

特此报告。

{enterprise.name}（盖章）
{_day(now)}
"""


def _span(interruption: Interruption, now: datetime) -> str:
    lasted = in_hours(interruption.lasted(now))
    began = _moment(interruption.began_at)
    if interruption.ended_at is None:
        return (
            f"自{began}起中断，截至本报告生成时（{_moment(now)}）尚未恢复，已持续 {lasted}。"
            "以上均为北京时间。"
        )
    ended = _moment(interruption.ended_at)
    return f"自{began}起，至{ended}恢复，共 {lasted}。以上均为北京时间。"


def _extent(
    journal: Journal, interruption: Interruption, backfill: Backfill | None, now: datetime
) -> str:
    statistics = journal.statistics()
    kept = "记录和照片均完整保存在企业端系统。"
    if backfill is None:
        waiting = statistics.unsent(None, now).waiting
        aside = statistics.unsent(interruption.began_at, now).aside
        told = f"截至本报告生成时，待补传的车辆进出厂记录 {waiting} 条"
    else:
        aside = backfill.aside
        since = backfill.recovered_at
        every = backfill.remaining + statistics.backfilled(since, since)
        told = (
            f"受影响的车辆进出厂记录 {every} 条，截至本报告生成时已补传 "
            f"{every - backfill.remaining} 条，待补传 {backfill.waiting} 条"
        )
    set_aside = f"，另有 {aside} 条须人工核对后上报" if aside else ""
    return f"{told}{set_aside}。{kept}"


def _reason(journal: Journal, interruption: Interruption, now: datetime) -> str:
    statistics = journal.statistics()
    ended_at = interruption.ended_at or now
    events = [
        event
        for kind in PLATFORM_EVENTS
        for event in statistics.events_within(kind, interruption.began_at, ended_at)
    ]
    events.sort(key=lambda event: event.id)
    lines = []
    if interruption.reason:
        lines.append(f"系统最近一次记录的故障：{interruption.reason.rstrip('。')}。")
    if events:
        lines.append("中断期间的系统记录：")
        lines += [
            f"{_moment(event.at)}　{event.detail.rstrip('。')}。" for event in events[:EVENTS_TOLD]
        ]
        if len(events) > EVENTS_TOLD:
            lines.append(f"（另有 {len(events) - EVENTS_TOLD} 条，见系统事件记录）")
    lines.append("经核查的具体原因：____________________（由企业填写）")
    return "\n".join(lines)


def _plan(backfill: Backfill | None) -> str:
    if backfill is None:
        return (
            "电力、网络及系统恢复正常后，系统将自动续传，我单位将在恢复后72小时内完成数据补传。"
            "补传截止时间待恢复后确定。"
        )
    deadline = _moment(backfill.deadline)
    if not backfill.remaining:
        return f"中断期间的数据已全部补传完毕（补传截止时间为{deadline}）。"
    if backfill.left < timedelta(0):
        return (
            f"补传截止时间为{deadline}，尚有 {backfill.remaining} 条未能按期补传，"
            "我单位将尽快完成。"
        )
    return f"系统正在自动补传，我单位将在{deadline}前（恢复后72小时内）完成数据补传。"


def _moment(at: datetime) -> str:
    return at.astimezone(BEIJING).strftime("%Y年%m月%d日%H时%M分")


def _day(at: datetime) -> str:
    return at.astimezone(BEIJING).strftime("%Y年%m月%d日")
