"""时钟偏差: a wrong clock is noticed, and standard time comes back (4.1-1, 6.2.1).

The clock goes *back* by a few seconds, more than the tolerance and no more than needed: a passage
of that minute then bears a time that is a little early, which the platform takes; a clock put ahead
would have it answer 10 (7.4). The undo reckons the true time from the kernel's monotonic clock, and
starts chrony, which was stopped meanwhile, anew: it sets a wrong clock at once when it starts.
"""

import json
from datetime import timedelta

from acceptance_kit.drills.drill import CannotDrill, Drill, Ground
from acceptance_kit.drills.undo import SYSTEMCTL, Break, broken
from acceptance_kit.findings import Finding, Verdict

AWAY = timedelta(seconds=120)
MODULE = "acceptance_kit.onbox.clock_shift"
CHECK = "gatehouse-clock-check.service"
EVIDENCE = "/var/lib/gatehouse/evidence/clock.jsonl"


def shift(ground: Ground) -> tuple[Finding, ...]:
    """Back, measured, and true again, measured."""
    before = ground.begin()
    tolerance = ground.profile.clock.tolerance_seconds
    seconds = round(tolerance + 2, 1)
    if _measured(ground) is None:
        raise CannotDrill("对时服务器没有应答，时钟偏差量不出来。")
    python = ground.box.python
    away = Break(
        ((python, "-m", MODULE, "away", "--seconds", str(seconds)),),
        (python, "-m", MODULE, "back"),
    )
    with broken(ground.box, away, AWAY):
        ground.tell(f"时钟已拨慢 {seconds} 秒，检查是否被发现…")
        wrong = _measured(ground)
    right = _measured(ground)
    lost = ground.nothing_lost(before)
    if wrong is None or right is None:
        raise CannotDrill("演练中对时服务器没有应答。")
    measured = f"拨慢 {seconds} 秒时量得 {wrong[0]:+.1f} 秒，恢复后 {right[0]:+.2f} 秒"
    verdict, reason = Verdict.YES, ""
    if wrong[1]:
        verdict, reason = Verdict.NO, "时钟偏差没有被发现，请查看 gatehouse-clock-check 的日志。"
    elif not right[1] or lost:
        verdict, reason = Verdict.NO, lost or "恢复后时钟仍有偏差，请运行 chronyc tracking 查看。"
    bound = f"≤ {tolerance:g} 秒"
    return (
        ground.found("clock", CLOCK.title, verdict, measured=measured, bound=bound, reason=reason),
    )


CLOCK = Drill(
    name="clock",
    title="时钟偏差会被发现，并恢复到北京时间",
    clauses=("4.1-1", "6.2.1"),
    bound=AWAY,
    effect="把工控机时钟拨慢几秒，约一分钟后恢复；期间的通行记录时间会略早，请在无车时进行。",
    work=shift,
)


def _measured(ground: Ground) -> tuple[float, bool] | None:
    """Seconds off standard time and whether that is within the tolerance; None: no answer."""
    ground.box.must(SYSTEMCTL, "start", CHECK)
    told = json.loads(ground.box.must("tail", "-n", "1", EVIDENCE))
    seconds = told["value"]["seconds"]
    return None if seconds is None else (float(seconds), bool(told["ok"]))
