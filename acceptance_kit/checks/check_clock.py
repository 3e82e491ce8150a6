"""Beijing time (4.1-1, 6.2.1): of the box, and of the cameras."""

from datetime import timedelta

from acceptance_kit.checks.cameras import point
from acceptance_kit.checks.checked_box import CheckedBox
from acceptance_kit.checks.demand import demand
from acceptance_kit.checks.finding import Observation
from acceptance_kit.subjects import About
from appliance.profile.model import Camera, Profile


@demand(
    "4.1-1",
    item="clock.synchronised",
    title="工控机的时钟与北京时间一致",
    method="工控机向站点配置的授时服务器现场询问时间（chronyd -Q），不采信其自称的状态。",
)
def test_the_clock_agrees_with_standard_time(
    box: CheckedBox, profile: Profile, finding: Observation
) -> None:
    box.measure("gatehouse-clock-check.service")
    told = box.evidence("clock", "clock-offset")["value"]
    bound = profile.clock.tolerance_seconds
    if told["seconds"] is None:
        finding.untested("授时服务器没有应答，不知道时钟是否准确；请检查网络和 clock.servers。")
    finding.saw(f"偏差 {told['seconds']:+.3f} 秒（{told['server']}）", f"≤ {bound:g} 秒")
    assert abs(told["seconds"]) <= bound, (
        f"时钟偏差 {told['seconds']:+.3f} 秒，超过 {bound:g} 秒；请检查 chrony 和授时服务器。"
    )


@demand(
    "4.1-1",
    "6.2.1",
    item="clock.daily",
    title="工控机每日与北京标准时间校准，重启后仍然如此",
    method="查看 chrony 服务和每日核对时钟的定时任务。",
)
def test_the_clock_is_compared_every_day(box: CheckedBox, finding: Observation) -> None:
    for unit in ("chrony.service", "gatehouse-clock-check.timer"):
        service = box.host.service(unit)
        finding.saw(f"{unit} {'运行' if service.is_running else '没有运行'}")
        assert service.is_running, f"{unit} 没有运行，请执行 gatehouse provision。"
        assert service.is_enabled, f"{unit} 没有设为开机启动，请执行 gatehouse provision。"
    finding.saw("chrony 与每日核对均在运行")


@demand(
    "4.1-1",
    item="clock.zone",
    title="工控机使用北京时区",
    method="询问工控机的时区。",
)
def test_the_box_lives_on_beijing_time(box: CheckedBox, finding: Observation) -> None:
    offset = box.now.utcoffset()
    finding.saw(f"{box.now:%z}", "+0800")
    assert offset == timedelta(hours=8), "工控机的时区不是北京时间，请执行 gatehouse provision。"


@demand(
    "4.1-1",
    item="camera.clock",
    title="相机的时钟与北京时间一致，并由工控机自动对时",
    method="经 ONVIF 询问相机的时间、时区和对时服务器，只读。",
    about=About.CAMERA,
    box=False,
)
def test_the_camera_keeps_time(box: CheckedBox, camera: Camera, finding: Observation) -> None:
    said = point(box, camera, "时钟", finding)
    assert said["state"] == "ok", (
        f"相机时钟：{said['detail']}；请执行 gatehouse cameras configure。"
    )
