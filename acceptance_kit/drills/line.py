"""断网: the line to the platform is pulled, and comes back (4.5.1-7, 4.5.1-8, 5.1.3).

A rule of the firewall drops what goes to the platform and what comes from it; nobody says so to
either side. The line stays cut until the gate has noticed and something waits to be sent (if no
vehicle comes, the state message 离线 after a minute), so that there is something to backfill.
"""

from dataclasses import replace
from datetime import timedelta

from acceptance_kit.box import State
from acceptance_kit.drills.drill import Drill, Ground, seconds_between
from acceptance_kit.drills.undo import address_of, broken, cut_off
from acceptance_kit.findings import Finding, Means, Verdict
from acceptance_kit.proof import Proof
from acceptance_kit.subjects import About
from appliance.runtime.uplink.alarms import MISSED, MISSED_OVER
from appliance.runtime.uplink.pulse import PROGRAM

CUT = timedelta(seconds=120)
MARGIN = timedelta(seconds=60)
"""Between the end that the kit makes and the one that the box makes by itself."""

BACK = timedelta(seconds=360)
"""The longest pause between two tries is 300 s by default."""


def pull_line(ground: Ground) -> tuple[Finding, ...]:
    """Cut, watch, mend, watch."""
    before = ground.begin()
    peer = address_of(ground.box, ground.profile.uplink.host)
    noticed: State | None = None
    with broken(ground.box, cut_off(peer, ground.profile.uplink.port), CUT + MARGIN):
        ground.tell(f"已断开到平台 {peer} 的网络，等待系统发现…")
        last = cut_at = ground.box.state()
        for last in ground.states(CUT.total_seconds()):
            if noticed is None and not last.well(PROGRAM):
                noticed = last
                ground.tell(f"{seconds_between(cut_at.now, noticed.now)}后发现：{_said(last)}")
            if noticed is not None and last.waiting > before.waiting:
                break
    owed = last.waiting
    mended = ground.box.state()
    ground.tell(f"网络已恢复，{owed} 条待补传，等待重连…")
    seconds = _patience(ground).total_seconds()
    linked = ground.wait(lambda state: state.well(PROGRAM), seconds)
    empty = ground.wait(lambda state: state.waiting == 0, seconds) if linked else None
    lost = ground.nothing_lost(before)
    return (
        _reconnected(ground, cut_at, noticed, mended, linked),
        _backfilled(ground, owed, mended, empty, lost),
    )


def wait_for_alarm(ground: Ground) -> tuple[Finding, ...]:
    """A cut that lasts until the alarm for missed uploads (漏传报警) has to be raised."""
    before = ground.begin()
    peer = address_of(ground.box, ground.profile.uplink.host)
    after = timedelta(minutes=ground.profile.uplink.missed_upload_minutes)
    events = ("--events-after", str(before.last_event))
    title = LINE_ALARM.title
    with broken(ground.box, cut_off(peer, ground.profile.uplink.port), _alarm_bound(after)):
        cut_at = ground.box.state()
        ground.tell(
            f"已断开到平台的网络；需要有车通过，并等待 {after.total_seconds() / 60:.0f} 分钟。"
        )
        raised = ground.wait(
            lambda state: _has(state, MISSED), (after + 3 * MARGIN).total_seconds(), *events
        )
        passed = ground.box.state().newest_passage > before.newest_passage
    ended = ground.wait(
        lambda state: _has(state, MISSED_OVER), _patience(ground).total_seconds(), *events
    )
    if raised is None and not passed:
        why = "断网期间没有车辆通过，没有可漏传的记录；请在有车时再做。"
        return (ground.found("line-alarm", title, Verdict.UNTESTED, reason=why),)
    if raised is None or ended is None:
        why = "没有发出漏传报警。" if raised is None else "补传后漏传报警没有解除。"
        return (ground.found("line-alarm", title, Verdict.NO, reason=why),)
    at = next(event.at for event in raised.events if event.kind == MISSED)
    measured = f"断网 {seconds_between(cut_at.now, at)}后报警，恢复后已解除"
    return (ground.found("line-alarm", title, Verdict.YES, measured=measured),)


BACKFILL = Proof(
    "drill.line-backfill",
    ("4.5.1-7", "5.1.3"),
    "断网期间的数据恢复后自动补传",
    Means.DRILL,
    About.MACHINE,
)
LINE = Drill(
    name="line",
    title="断网时自动重连平台",
    clauses=("4.5.1-8",),
    bound=CUT + MARGIN,
    effect="用防火墙规则断开工控机到平台的网络约两分钟，再恢复；通行、抬杆和记录不受影响。",
    work=pull_line,
    more=(BACKFILL,),
)
LINE_ALARM = Drill(
    name="line-alarm",
    title="数据漏传时报警",
    clauses=("5.1.3",),
    bound=timedelta(minutes=16),
    effect="断开到平台的网络直到漏传报警（默认 10 分钟），再恢复；期间须有车通过，通行不受影响。",
    work=wait_for_alarm,
)


def alarm_drill(minutes: float) -> Drill:
    """The same for a site whose alarm comes after another time."""
    return replace(LINE_ALARM, bound=_alarm_bound(timedelta(minutes=minutes)))


def _alarm_bound(after: timedelta) -> timedelta:
    return after + 6 * MARGIN


def _patience(ground: Ground) -> timedelta:
    return max(BACK, timedelta(seconds=ground.profile.uplink.retry_pause_limit_seconds) + MARGIN)


def _has(state: State, kind: str) -> bool:
    return any(event.kind == kind for event in state.events)


def _said(state: State) -> str:
    return state.beats[PROGRAM].detail if PROGRAM in state.beats else "没有心跳"


def _reconnected(
    ground: Ground,
    cut_at: State,
    noticed: State | None,
    mended: State,
    linked: State | None,
) -> Finding:
    if noticed is None:
        why = f"断网 {CUT.total_seconds():.0f} 秒内系统没有发现，请查看 uplink 的日志。"
        return ground.found("line", LINE.title, Verdict.NO, reason=why)
    if linked is None:
        why = "网络恢复后没有自动重连，请查看 uplink 的日志。"
        return ground.found("line", LINE.title, Verdict.NO, reason=why)
    measured = (
        f"断网 {seconds_between(cut_at.now, noticed.now)}后发现，"
        f"恢复 {seconds_between(mended.now, linked.now)}后重新连接"
    )
    return ground.found("line", LINE.title, Verdict.YES, measured=measured)


def _backfilled(
    ground: Ground, owed: int, mended: State, empty: State | None, lost: str
) -> Finding:
    title, clauses = BACKFILL.title, BACKFILL.clauses
    if lost or (owed and empty is None):
        why = lost or f"恢复后 {owed} 条没有全部补传，请用 gatehouse uplink books 查看。"
        return ground.found("line-backfill", title, Verdict.NO, clauses=clauses, reason=why)
    if not owed or empty is None:
        why = "断网期间没有产生数据，没有可补传的；请在有车时再做。"
        return ground.found("line-backfill", title, Verdict.UNTESTED, clauses=clauses, reason=why)
    measured = f"{owed} 条在恢复 {seconds_between(mended.now, empty.now)}后全部补传，没有丢失"
    return ground.found(
        "line-backfill", title, Verdict.YES, clauses=clauses, measured=measured, bound="≤ 72 小时"
    )
