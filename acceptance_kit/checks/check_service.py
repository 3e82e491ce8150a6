"""The gate's programs: they run, as the profile says, from the start of the system on."""

from datetime import datetime, timedelta

from acceptance_kit.checks.checked_box import CheckedBox
from acceptance_kit.checks.demand import demand
from acceptance_kit.checks.finding import Observation
from appliance.profile.model import Profile
from appliance.runtime.supervision import programs

UNIT = "gatehouse.service"
SILENT_AFTER = timedelta(seconds=20)


@demand(
    "4.5.1-6",
    "4.4.4-2",
    item="service.autostart",
    title="门禁软件随操作系统自动启动，无需人工",
    method="询问 systemd：服务是否在运行，是否设为开机启动。",
)
def test_the_service_starts_with_the_system(box: CheckedBox, finding: Observation) -> None:
    service = box.host.service(UNIT)
    running, enabled = service.is_running, service.is_enabled
    finding.saw(
        f"{'运行' if running else '没有运行'}，{'开机启动' if enabled else '没有设为开机启动'}"
    )
    assert running, "gatehouse.service 没有运行，请查看 journalctl -u gatehouse。"
    assert enabled, "gatehouse.service 没有设为开机启动，请执行 gatehouse provision。"


@demand(
    "4.5.1-6",
    "4.5.3-1",
    item="service.programs",
    title="本机负责的各程序都在运行，各车道报告正常",
    method="读取各程序写入记录库的心跳。",
    box=False,
)
def test_every_program_is_well(box: CheckedBox, profile: Profile, finding: Observation) -> None:
    now = datetime.fromisoformat(box.journal["at"])
    beats = {each["program"]: each for each in box.journal["programs"]}
    names = [program.name for program in programs(profile)]
    silent = [
        name
        for name in names
        if name not in beats or abs(now - datetime.fromisoformat(beats[name]["at"])) > SILENT_AFTER
    ]
    finding.saw(f"{len(names)} 个程序，{len(names) - len(silent)} 个有心跳")
    assert not silent, f"{'、'.join(silent)} 没有心跳，程序没有运行；请查看其日志。"
    # What else ails the uplink, the sweeper and the entry page has checks of its own.
    lanes = [name for name in names if name.startswith("lane-")]
    ill = [f"{name}：{beats[name]['detail']}" for name in lanes if not beats[name]["ok"]]
    assert not ill, f"{'；'.join(ill)}。"


@demand(
    "4.5.1-6",
    item="service.profile",
    title="工控机上的站点配置与验收所用的一致",
    method="比较两份站点配置的内容。",
)
def test_the_box_follows_the_same_profile(
    box: CheckedBox, site: Profile, finding: Observation
) -> None:
    same = box.own_profile == site
    finding.saw("内容一致" if same else "内容不同")
    assert same, "工控机上的站点配置不是这一份，请执行 gatehouse provision 后再验收。"
