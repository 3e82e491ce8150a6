"""What the platform has been told and took (4.5.1-5, 4.5.3-4, 5.1.3, chapter 7)."""

import re
from datetime import datetime, timedelta

from acceptance_kit.checks.checked_box import CheckedBox
from acceptance_kit.checks.demand import demand
from acceptance_kit.checks.finding import Observation
from acceptance_kit.checks.records import listed, passages_of
from acceptance_kit.subjects import About
from appliance.guideline.messages import CAMERA, STATUS, Result
from appliance.profile.model import Camera, Enterprise, Lane, Profile

METHOD = "查看平台的回执（gatehouse journal newest），返回 1 才算接收成功。"
MOMENT = r"\d{4}年\d{2}月\d{2}日\d{2}时\d{2}分"
WRITTEN = "%Y年%m月%d日%H时%M分"


@demand(
    "4.5.1-5",
    "4.6.2",
    "7.2",
    "7.3.1–3",
    item="messages.passages",
    title="车辆进出门禁记录（60001）已上传，平台接收成功",
    method=METHOD,
    about=About.BARRIER,
    box=False,
)
def test_the_platform_took_the_passages(box: CheckedBox, lane: Lane, finding: Observation) -> None:
    owed = [each for each in passages_of(box, lane.barrier.id, finding) if each["messages"]]
    open_ = [each for each in owed if not _taken(each["messages"])]
    finding.saw(f"最近 {len(owed)} 次通行，平台已收 {len(owed) - len(open_)} 次")
    assert not open_, f"通行记录 {listed(open_)} 平台还没有收下，原因见状态页或 uplink aside。"


@demand(
    "4.5.1-5",
    "4.5.3-4",
    "7.3.1–3",
    item="messages.cameras",
    title="门禁视频信息（60002）已上传，平台接收成功",
    method=METHOD,
    about=About.CAMERA,
    box=False,
)
def test_the_platform_knows_the_camera(
    box: CheckedBox, camera: Camera, finding: Observation
) -> None:
    news = [each for each in box.journal["news"][CAMERA] if each["camera"] == camera.id]
    finding.saw("已收" if news and news[0]["acknowledged_at"] else "未收")
    assert news, f"相机 {camera.id} 的视频信息还没有上报，请查看上报程序的日志。"
    assert news[0]["acknowledged_at"], (
        f"平台没有收下相机 {camera.id} 的视频信息，原因见 gatehouse uplink aside。"
    )


@demand(
    "7.3.1–3",
    item="messages.status",
    title="企业状态信息（60003）已上传，平台接收成功",
    method=METHOD,
    box=False,
)
def test_the_platform_knows_the_state(box: CheckedBox, finding: Observation) -> None:
    times = [e["acknowledged_at"] for e in box.journal["news"][STATUS] if e["acknowledged_at"]]
    finding.saw(f"最近一次 {max(times)}" if times else "未收")
    assert times, "平台还没有收下企业状态信息，原因见 gatehouse uplink aside。"


@demand(
    "5.1.3",
    "4.5.1-7",
    item="outbox.empty",
    title="没有积压和漏传的报文",
    method="查看待发的报文（gatehouse journal newest）。",
    box=False,
)
def test_nothing_waits_for_long(box: CheckedBox, profile: Profile, finding: Observation) -> None:
    outbox = box.journal["outbox"]
    bound = profile.uplink.missed_upload_minutes
    oldest = outbox["oldest_waiting"]
    minutes = 0.0
    if oldest is not None:
        now = datetime.fromisoformat(box.journal["at"])
        minutes = (now - datetime.fromisoformat(oldest)).total_seconds() / 60
    finding.saw(f"待发 {outbox['waiting']} 条，最久 {minutes:.0f} 分钟", f"≤ {bound:g} 分钟")
    assert minutes <= bound, f"有报文已等待 {minutes:.0f} 分钟，请检查线路和平台。"


@demand(
    "7.4",
    item="outbox.set-aside",
    title="没有被平台拒收而搁置的报文",
    method="查看搁置的报文（gatehouse uplink aside）。",
    box=False,
)
def test_nothing_is_set_aside(box: CheckedBox, finding: Observation) -> None:
    aside = box.journal["aside"]
    finding.saw(f"搁置 {box.journal['outbox']['aside']} 条")
    assert not aside, f"搁置的报文：{aside[0]['reason']}；改正后用 gatehouse uplink retry 重发。"


@demand(
    "4.1-5",
    "5.1.3",
    item="outage.report",
    title="数据中断达 24 小时时，可生成向主管部门报备的文件",
    method="让工控机对一次虚构的 24 小时中断生成文件（gatehouse uplink report --sample），"
    "核对所写各项；样稿附后，近期确有中断的附上其文件。",
    box=False,
)
def test_an_outage_can_be_reported(box: CheckedBox, profile: Profile, finding: Observation) -> None:
    true = box.gatehouse("uplink", "report")
    if true.rc == 0:
        finding.keep(f"outage-{box.machine.name}.txt", true.stdout)
    sample = box.gatehouse("uplink", "report", "--sample")
    if sample.rc not in {0, 1}:
        finding.untested(f"工控机没有生成样稿：{sample.stderr.strip()[:200]}。")
    assert sample.rc == 0, "没有为 24 小时的中断生成文件，请执行 gatehouse provision 后重查。"
    finding.keep(f"outage-sample-{box.machine.name}.txt", sample.stdout)
    items = _told_of_an_outage(sample.stdout, profile.enterprise)
    lacking = [name for name, told in items.items() if not told]
    finding.saw(f"样稿应写 {len(items)} 项，写明 {len(items) - len(lacking)} 项")
    assert not lacking, f"报备文件缺少：{'、'.join(lacking)}；请执行 gatehouse provision 后重查。"


def _told_of_an_outage(paper: str, enterprise: Enterprise) -> dict[str, bool]:
    """What the authority must learn from it (5.1.3, 4.1-5): who, since when, what, until when."""
    return {
        "报送对象": "生态环境主管部门" in paper,
        "企业名称": f"企业名称：{enterprise.name}\n" in paper,
        "统一社会信用代码": f"统一社会信用代码：{enterprise.credit_code}\n" in paper,
        "企业编号": f"企业编号：{enterprise.number}\n" in paper,
        "中断时间": _span(paper) >= timedelta(hours=24),
        "待补传的记录": "待补传的车辆进出厂记录 1 条" in paper,
        "中断原因": "系统最近一次记录的故障：" in paper,
        "72 小时内补传": "恢复后72小时内完成数据补传" in paper,
        "联系人": f"联系人：{enterprise.contact}　" in paper,
        "联系电话": f"联系电话：{enterprise.contact_phone}\n" in paper,
    }


def _span(paper: str) -> timedelta:
    """From when to when it was interrupted, as the paper says; nothing where it does not say."""
    said = re.search(f"自({MOMENT})起中断，截至本报告生成时（({MOMENT})）", paper)
    if said is None:
        return timedelta(0)
    began, until = (datetime.strptime(f"{at}+0800", f"{WRITTEN}%z") for at in said.groups())
    return until - began


def _taken(messages: list[dict[str, object]]) -> bool:
    codes = messages[-1]["codes"]
    return messages[-1]["state"] == "done" and isinstance(codes, list) and Result.RECEIVED in codes
