"""市电断开: the gate goes on with the UPS (4.4.6-1), and the outage is noted (4.1-5).

A simulated UPS is told so; at a real one, a person pulls its plug when asked to. The two hours are
not waited for: the UPS's own estimate at the present load is what counts, on a full battery.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta

from acceptance_kit.drills.drill import LOOK_SECONDS, CannotDrill, Drill, Ground
from acceptance_kit.drills.undo import Break, broken
from acceptance_kit.findings import Finding, Verdict
from appliance.profile.box import UpsDriver

UPS = "ups@127.0.0.1"
HOLD = timedelta(seconds=60)
HAND = timedelta(minutes=5)
MARGIN = timedelta(seconds=60)
FULL_PERCENT = 95
MODULE = "acceptance_kit.onbox.simulated_mains"


def mains_off(ground: Ground) -> tuple[Finding, ...]:
    """Off, a minute on the battery, on again."""
    if ground.profile.ups is None:
        raise CannotDrill("站点配置中没有 ups，无法演练。")
    if "OL" not in _said(ground, "ups.status").split():
        raise CannotDrill("UPS 没有应答，或现在就不是市电供电。")
    ground.begin()
    simulated = ground.profile.ups.driver is UpsDriver.DUMMY
    python = ground.box.python
    off = Break(((python, "-m", MODULE, "off"),), (python, "-m", MODULE, "on"))
    power: AbstractContextManager[None] = (
        broken(ground.box, off, HOLD + 2 * MARGIN) if simulated else nullcontext()
    )
    with power:
        if not simulated:
            ground.tell("请断开 UPS 的市电输入（拔下插头或断开空气开关），5 分钟内完成。")
        if not _until(ground, "OB", MARGIN if simulated else HAND):
            raise CannotDrill("没有等到市电断开。")
        ground.tell(f"UPS 已转电池供电，观察 {HOLD.total_seconds():.0f} 秒…")
        ill = _hold(ground)
        minutes, charge = _runtime(ground)
    if not simulated:
        ground.tell("请恢复 UPS 的市电输入，5 分钟内完成。")
    restored = _until(ground, "OL", MARGIN if simulated else HAND)
    return (_verdict(ground, ill, minutes, charge, restored=restored),)


MAINS = Drill(
    name="mains",
    title="市电断开后由 UPS 供电，系统不间断运行不少于 2 小时",
    clauses=("4.4.6-1",),
    bound=HOLD + HAND,
    effect="断开 UPS 的市电输入约一分钟再恢复；系统由电池供电，通行不受影响。",
    work=mains_off,
    by_hand=True,
)


def _verdict(
    ground: Ground, ill: str, minutes: float | None, charge: float | None, *, restored: bool
) -> Finding:
    asked = ground.profile.ups.runtime_minutes if ground.profile.ups else 120
    told = "未给出" if minutes is None else f"{minutes:.0f} 分钟"
    measured = f"断电 {HOLD.total_seconds():.0f} 秒，UPS 按当前负载估计可供电 {told}"
    measured += "" if charge is None else f"，电量 {charge:.0f} %"
    verdict, reason = Verdict.YES, ""
    if ill:
        verdict, reason = Verdict.NO, f"断电后 {ill} 不正常，请核对哪些设备没有接在 UPS 上。"
    elif not restored:
        verdict, reason = Verdict.NO, "恢复市电后 UPS 没有回到市电供电，请到现场查看。"
    elif minutes is None:
        verdict, reason = (
            Verdict.UNTESTED,
            "UPS 不报告可供电时间；请带实际负载放电两小时，记录结果。",
        )
    elif minutes < asked and charge is not None and charge < FULL_PERCENT:
        verdict, reason = Verdict.UNTESTED, "电池没有充满，请充满后再做。"
    elif minutes < asked:
        verdict, reason = Verdict.NO, "可供电时间不足，请更换电池或加大容量。"
    return ground.found(
        "mains",
        MAINS.title,
        verdict,
        measured=measured,
        bound=f"≥ {asked} 分钟",
        reason=reason,
    )


def _hold(ground: Ground) -> str:
    """Which programs fell ill while on battery."""
    ill: set[str] = set()
    for state in ground.states(HOLD.total_seconds()):
        ill |= set(ground.ill(state))
    return "、".join(sorted(ill))


def _runtime(ground: Ground) -> tuple[float | None, float | None]:
    seconds = _number(_said(ground, "battery.runtime"))
    return (
        None if seconds is None else seconds / 60,
        _number(_said(ground, "battery.charge")),
    )


def _until(ground: Ground, status: str, within: timedelta) -> bool:
    return _eventually(
        ground, lambda: status in _said(ground, "ups.status").split(), within.total_seconds()
    )


def _eventually(ground: Ground, true: Callable[[], bool], seconds: float) -> bool:
    end = ground.clock.monotonic() + seconds
    while not true():
        if ground.clock.monotonic() >= end:
            return False
        ground.clock.sleep(LOOK_SECONDS)
    return True


def _said(ground: Ground, name: str) -> str:
    return str(ground.box.as_root("upsc", UPS, name).stdout).strip()


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
