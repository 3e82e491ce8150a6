"""Uninterruptible power (4.4.6-1), as the UPS tells of itself through NUT."""

from acceptance_kit.checks.checked_box import CheckedBox
from acceptance_kit.checks.demand import demand
from acceptance_kit.checks.finding import CouldNotAsk, Observation

UPS = "ups@127.0.0.1"
LEAST_MINUTES, LEAST_WATTS = 120, 6000
FULL_PERCENT = 95


@demand(
    "4.4.6-1",
    item="ups.runtime",
    title="断电后不间断供电不少于 2 小时",
    method="电池充满时询问 UPS 在当前负载下的供电时间（NUT battery.runtime）。",
)
def test_the_battery_lasts_two_hours(box: CheckedBox, finding: Observation) -> None:
    charge = _figure(box, "battery.charge")
    seconds = _figure(box, "battery.runtime")
    if seconds is None:
        finding.untested("UPS 不报告供电时间，请断开市电实测两小时，或更换能报告的 UPS。")
    if charge is not None and charge < FULL_PERCENT:
        finding.untested(f"电池只有 {charge:g}%，没有充满，不能判定；请充满后重查。")
    minutes = seconds / 60
    finding.saw(f"{minutes:.0f} 分钟", f"≥ {LEAST_MINUTES} 分钟")
    assert minutes >= LEAST_MINUTES, f"UPS 只能供电 {minutes:.0f} 分钟，请加电池组或减小负载。"


@demand(
    "4.4.6-1",
    item="ups.power",
    title="不间断电源功率不低于 6000 W",
    method="询问 UPS 的额定有功功率（NUT ups.realpower.nominal）。",
)
def test_the_ups_is_strong_enough(box: CheckedBox, finding: Observation) -> None:
    watts = _figure(box, "ups.realpower.nominal")
    if watts is None:
        finding.not_applicable("UPS 不报告额定功率，以铭牌为准（见询问 ups.nameplate）。")
    finding.saw(f"{watts:g} W", f"≥ {LEAST_WATTS} W")
    assert watts >= LEAST_WATTS, f"UPS 额定功率只有 {watts:g} W，请更换 UPS。"


@demand(
    "4.4.6-1",
    "4.1-5",
    item="ups.watched",
    title="停电、来电由工控机记录，UPS 监测随系统启动",
    method="询问 UPS 服务和监测的定时任务，并确认目前由市电供电。",
)
def test_the_ups_is_watched(box: CheckedBox, finding: Observation) -> None:
    status = box.said("upsc", UPS, "ups.status").split()
    finding.saw(f"状态 {' '.join(status)}")
    for unit in ("nut-server.service", "nut-monitor.service", "gatehouse-ups-watch.timer"):
        service = box.host.service(unit)
        assert service.is_running, f"{unit} 没有运行，请执行 gatehouse provision。"
        assert service.is_enabled, f"{unit} 没有设为开机启动，请执行 gatehouse provision。"
    assert "OL" in status, "UPS 目前不是由市电供电，请恢复市电后重查。"


def _figure(box: CheckedBox, name: str) -> float | None:
    """A figure of the UPS, None when it has none; raises CouldNotAsk when it does not answer."""
    answer = box.run("upsc", UPS, name)
    if answer.rc != 0:
        if "not supported" in answer.stderr:
            return None
        raise CouldNotAsk("UPS 没有应答，请检查通信线和 nut-server 服务。")
    try:
        return float(answer.stdout)
    except ValueError:
        return None
