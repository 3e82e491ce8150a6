"""重启: the box starts again, the programs with it, nobody logs in (4.5.1-6, 4.4.4-2)."""

from datetime import timedelta

from acceptance_kit.box import BoxTrouble, State
from acceptance_kit.drills.drill import LOOK_SECONDS, Drill, Ground
from acceptance_kit.findings import Finding, Verdict

READY = timedelta(minutes=6)
FIRST_PASSAGE = timedelta(minutes=15)
BOOT_ID = "/proc/sys/kernel/random/boot_id"


def reboot(ground: Ground) -> tuple[Finding, ...]:
    """Reboot, wait until every program is well, then until the first vehicle has passed."""
    before = ground.begin()
    boot = ground.box.must("cat", BOOT_ID)
    began = ground.clock.monotonic()
    ground.tell("工控机正在重启…")
    ground.box.must("systemctl", "--no-block", "reboot")
    ready = _ready(ground, boot)
    if ready is None:
        why = f"重启后 {READY.total_seconds() / 60:.0f} 分钟内系统没有恢复正常，请到现场查看。"
        return (ground.found("reboot", REBOOT.title, Verdict.NO, reason=why),)
    took = ground.clock.monotonic() - began
    ground.tell(f"重启 {took:.0f} 秒后各程序正常，等待第一辆车（最多 15 分钟）…")
    measured = f"从重启到各程序正常 {took:.0f} 秒"
    first = ground.wait(
        lambda state: state.newest_passage > before.newest_passage, FIRST_PASSAGE.total_seconds()
    )
    if first is not None and first.newest_recorded_at is not None:
        since = (first.newest_recorded_at - ready.now).total_seconds() + took
        measured += f"，到第一条通行记录 {max(since, 0):.0f} 秒"
    else:
        measured += "，等待期间没有车辆通过"
    lost = ground.nothing_lost(before)
    verdict = Verdict.NO if lost else Verdict.YES
    return (ground.found("reboot", REBOOT.title, verdict, measured=measured, reason=lost),)


REBOOT = Drill(
    name="reboot",
    title="随操作系统自动启动，无需人工干预",
    clauses=("4.5.1-6",),
    bound=READY,
    effect="重启工控机，约一到两分钟内不能识别和自动抬杆，请先暂停通行；重启后等第一辆车通过。",
    work=reboot,
)


def _ready(ground: Ground, boot: str) -> State | None:
    end = ground.clock.monotonic() + READY.total_seconds()
    while ground.clock.monotonic() < end:
        ground.clock.sleep(LOOK_SECONDS)
        try:
            anew = ground.box.must("cat", BOOT_ID) != boot
            state = ground.box.state() if anew else None
        except BoxTrouble:
            continue  # it is on its way down, or up
        if state is not None and not ground.ill(state):
            return state
    return None
