"""相机断开: a plate camera goes away, the alarm comes, the lane sees again by itself (4.5.3-1)."""

from datetime import timedelta

from acceptance_kit.box import State
from acceptance_kit.drills.drill import Drill, Ground, seconds_between
from acceptance_kit.drills.undo import address_of, broken, cut_off
from acceptance_kit.findings import Finding, Verdict
from acceptance_kit.subjects import About
from appliance.profile.model import Lane

AWAY = timedelta(seconds=60)
BACK = timedelta(seconds=90)
MARGIN = timedelta(seconds=60)
EACH = AWAY + MARGIN + BACK
"""The longest that one camera takes."""


def cameras_away(ground: Ground) -> tuple[Finding, ...]:
    """One camera after the other."""
    ground.begin()
    return tuple(_away(ground, lane) for lane in ground.profile.lanes())


CAMERA = Drill(
    name="camera",
    title="相机断开时报警，恢复后自动继续识别",
    clauses=("4.5.3-1",),
    bound=EACH,
    effect="用防火墙规则逐个断开车牌相机，每个约一分钟再恢复；"
    "期间该车道不识别，有车须手动抬杆，请先暂停该车道。",
    work=cameras_away,
    about=About.BARRIER,
)


def _away(ground: Ground, lane: Lane) -> Finding:
    program, camera = f"lane-{lane.barrier.id}", lane.camera
    peer = address_of(ground.box, camera.host)
    with broken(ground.box, cut_off(peer, camera.rtsp_port), AWAY + MARGIN):
        ground.tell(f"已断开道闸 {lane.barrier.id} 的相机，等待报警…")
        cut_at = ground.box.state()
        alarm = ground.wait(
            lambda state: program in state.beats and not state.beats[program].ok,
            AWAY.total_seconds(),
        )
        others = _others(ground, program, alarm)
    mended = ground.box.state()
    back = ground.wait(lambda state: state.well(program), BACK.total_seconds())
    subject, title = lane.barrier.id, CAMERA.title
    if alarm is None or back is None:
        why = "相机断开后没有报警。" if alarm is None else "相机恢复后车道没有恢复，请查看其日志。"
        return ground.found("camera", title, Verdict.NO, subject=subject, reason=why)
    if others:
        why = f"断开一个相机时，{'、'.join(others)} 也不正常。"
        return ground.found("camera", title, Verdict.NO, subject=subject, reason=why)
    measured = (
        f"断开 {seconds_between(cut_at.now, alarm.now)}后报警（{alarm.beats[program].detail}），"
        f"恢复 {seconds_between(mended.now, back.now)}后继续识别"
    )
    return ground.found("camera", title, Verdict.YES, subject=subject, measured=measured)


def _others(ground: Ground, program: str, state: State | None) -> list[str]:
    """Which other programs it took along."""
    return [] if state is None else [name for name in ground.ill(state) if name != program]
