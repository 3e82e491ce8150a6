"""What the platform has been told and took (4.5.1-5, 4.5.3-4, 5.1.3, chapter 7)."""

from datetime import datetime

from acceptance_kit.checks.box import Box
from acceptance_kit.checks.demand import demand
from acceptance_kit.checks.finding import Observation
from acceptance_kit.checks.records import listed, passages_of
from acceptance_kit.subjects import About
from appliance.guideline.messages import CAMERA, STATUS, Result
from appliance.profile.model import Camera, Lane, Profile

METHOD = "查看平台的回执（gatehouse journal newest），返回 1 才算接收成功。"


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
def test_the_platform_took_the_passages(box: Box, lane: Lane, finding: Observation) -> None:
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
def test_the_platform_knows_the_camera(box: Box, camera: Camera, finding: Observation) -> None:
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
def test_the_platform_knows_the_state(box: Box, finding: Observation) -> None:
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
def test_nothing_waits_for_long(box: Box, profile: Profile, finding: Observation) -> None:
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
def test_nothing_is_set_aside(box: Box, finding: Observation) -> None:
    aside = box.journal["aside"]
    finding.saw(f"搁置 {box.journal['outbox']['aside']} 条")
    assert not aside, f"搁置的报文：{aside[0]['reason']}；改正后用 gatehouse uplink retry 重发。"


@demand(
    "4.1-5",
    "5.1.3",
    item="outage.report",
    title="数据中断达 24 小时时，可生成向主管部门报备的文件",
    method="试运行 gatehouse uplink report，没有中断时它如实说明。",
    box=False,
)
def test_an_outage_can_be_reported(box: Box, finding: Observation) -> None:
    answer = box.gatehouse("uplink", "report")
    if answer.rc not in {0, 1}:
        finding.untested(f"gatehouse uplink report 没有给出结果：{answer.stderr.strip()[:200]}。")
    finding.saw("可生成；近期有中断，见附件" if answer.rc == 0 else "可生成；近期没有中断")
    if answer.rc == 0:
        finding.keep(f"outage-{box.machine.name}.txt", answer.stdout)


def _taken(messages: list[dict[str, object]]) -> bool:
    codes = messages[-1]["codes"]
    return messages[-1]["state"] == "done" and isinstance(codes, list) and Result.RECEIVED in codes
