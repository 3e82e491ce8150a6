"""How the steps are done that are no check and no question: drills, records, trial, platform."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from acceptance_kit import data_test, platform_log
from acceptance_kit import records as recorded
from acceptance_kit import trial as trials
from acceptance_kit.box import Box, BoxTrouble
from acceptance_kit.checks.running import Target
from acceptance_kit.drills import DRILLS, Drill, conduct, drilled_spans
from acceptance_kit.evidence import EvidenceFolder
from acceptance_kit.findings import KIT, Finding
from acceptance_kit.passages import PassageFacts
from acceptance_kit.peers.platform.records import Received
from acceptance_kit.proof import Proof
from acceptance_kit.questions import Answer, Asked
from acceptance_kit.trial import Truths
from appliance.clock import Clock
from appliance.profile.model import Profile

TRIAL_SPAN = timedelta(days=31)
"""Of what passages the trial may be made: those that a person can still remember a truck of. What
a reference platform has kept is no older."""

NOT_TRIED = "识别试验还没有做：请逐条核对真实通行记录，或用 --truths 给出核对结果。"
NOT_HERE = "演示站点不做演练；请在安装好的工控机上进行。"
NEEDS_HANDS = "这项演练要有人在现场操作，无人值守时不做；请在现场再次运行。"
NOT_REACHED = "演练没有进行到这一项。"
DECLINED = "没有同意开始演练；准备好以后再次运行。"

PROOFS = (
    *(proof for drill in DRILLS for proof in drill.proofs),
    *recorded.DEMANDS,
    *trials.DEMANDS,
    *data_test.DEMANDS,
)
"""What they answer for in every acceptance."""

WITH_PLATFORM = platform_log.DEMANDS
"""And what besides, where the reference platform's own file is at hand."""


@dataclass(frozen=True, slots=True)
class Hand:
    """What a step is handed by the face that it is done from; the defaults are nobody's.

    Args:
        tell: says a Chinese sentence to the engineer.
        plan: is told how many findings are to come, where that is known.
        attended: whether somebody stands at the gate.
        confirm: asks a person whether something may begin.
        ask: asks a person a question; None when nobody is there to answer.
        truths: what the passages truly were, given beforehand.
        ask_truths: asks a person for them; None when nobody is asked now.
        clock: what a drill waits by, where that is not the kit's own.
    """

    tell: Callable[[str], None] = lambda _: None
    plan: Callable[[int], None] = lambda _: None
    attended: bool = False
    confirm: Callable[[str], bool] = lambda _: False
    ask: Callable[[Asked], Answer | None] | None = None
    truths: Truths | None = None
    ask_truths: Callable[[Profile, Target, tuple[PassageFacts, ...]], Truths] | None = None
    clock: Clock | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """What every part works with: the site, the evidence, the kit's clock, and who is there."""

    profile: Profile
    folder: EvidenceFolder
    clock: Clock
    hand: Hand

    def untested(self, proof: Proof, subject: str | None, method: str, why: str) -> Finding:
        """未检, with its reason."""
        return proof.untested(subject, why, self.clock.now(), method)


def drill(target: Target, one: Drill, work: Work) -> Iterator[Finding]:
    """Provoke a fault at a machine and watch it recover, when a person lets it begin."""
    profile, hand = work.profile, work.hand
    machine = profile.machine(target.machine)
    part = profile.part_of(machine)
    names = {name for proof in one.proofs for name in proof.names(part)}
    minutes = one.bound.total_seconds() / 60
    found: tuple[Finding, ...] = ()
    reason = NOT_REACHED
    if target.place.is_demo:
        reason = NOT_HERE
    elif one.needs_hands(part) and not hand.attended:
        reason = NEEDS_HANDS
    elif not hand.confirm(f"演练：{one.effect}最多 {minutes:.0f} 分钟。"):
        reason = DECLINED
    else:
        clock = hand.clock or work.clock
        box = box_of(target)
        found = conduct(work.folder, one, box, profile, machine, clock=clock, tell=hand.tell)
        reason = next((each.reason for each in found if each.reason), reason)
    yield from (each for each in found if each.name in names)
    # What a drill did not come to is not shown.
    for proof in one.proofs:
        for name in sorted(set(proof.names(part)) - {each.name for each in found}):
            yield work.untested(proof, name.partition("@")[2], one.effect, reason)


def records(target: Target, work: Work) -> Iterator[Finding]:
    """What a machine's journal shows: rates, completeness, backfill, stable days."""
    part = work.profile.part_of(work.profile.machine(target.machine))
    try:
        account = recorded.gather(box_of(target), part, drills=drilled_spans(work.folder))
    except BoxTrouble as why:
        for proof in recorded.DEMANDS:
            yield work.untested(proof, target.machine, recorded.METHOD, str(why))
    else:
        for told in recorded.unsteady_days(account):
            work.hand.tell(told)
        yield from recorded.findings(account, target.machine, KIT)


def newest_passages(box: Box) -> tuple[datetime, tuple[PassageFacts, ...]]:
    """Those of the last month, and when they were read by the box's clock. Raises BoxTrouble."""
    now = box.state().now
    return now, box.passages((now - TRIAL_SPAN).date(), now.date())


def trial(target: Target, work: Work) -> Iterator[Finding]:
    """The accuracy trial over a machine's passages (4.5.1-1, 4.4.1-3)."""
    folder, hand = work.folder, work.hand
    try:
        now, passages = newest_passages(box_of(target))
    except BoxTrouble as why:
        yield work.untested(trials.ACCURACY, target.machine, trials.METHOD, str(why))
        return
    if hand.truths is not None:
        truths = hand.truths
    elif hand.ask_truths is not None:
        truths = hand.ask_truths(work.profile, target, passages)
    else:
        truths = trials.kept_truths(folder, target.machine)
    finding = trials.conclude(folder, passages, truths, machine=target.machine, by=KIT, at=now)
    yield finding if truths.of else replace(finding, reason=f"{NOT_TRIED}{finding.reason}")


def data(work: Work) -> Iterator[Finding]:
    """One message of each kind against the reference platform, once for a site (9.1)."""
    work.hand.tell("数据测试：向参考平台发送各类报文，约一分钟…")
    yield data_test.finding(data_test.send_each_kind(work.profile, work.clock), KIT, work.clock)


def platform(
    targets: Iterable[Target], read: Callable[[], Iterable[Received]], work: Work
) -> Iterator[Finding]:
    """The journals of all machines against what the reference platform has kept (7.2, 9.1); it is
    read now, not before the drills had their passages sent."""
    same = platform_log.SAME
    boxes = [box_of(target) for target in targets]
    try:
        began = [box.state().now for box in boxes]
        received = tuple(read())
        told = [
            _as_of(at, passage)
            for box, at in zip(boxes, began, strict=True)
            for passage in newest_passages(box)[1]
        ]
    except BoxTrouble as why:
        yield work.untested(same, None, platform_log.METHOD, str(why))
        return
    seen = platform_log.watched(told, received)
    yield platform_log.finding(platform_log.compare(seen, received), KIT, work.clock.now())


def _as_of(at: datetime, passage: PassageFacts) -> PassageFacts:
    """A passage that was acknowledged after `at` may have come after the platform was read: it is
    not looked for there, and no stranger either."""
    later = passage.acknowledged_at is not None and passage.acknowledged_at > at
    return replace(passage, acknowledged_at=None) if later else passage


def box_of(target: Target, host: Any = None) -> Box:
    """The machine as drills and records see it; `host` where another thread has one of its own."""
    host, place = host or target.host, target.place
    if place.is_demo:
        return Box(host, place.profile, None, place.command, None)
    return Box(host, profile=place.profile, command=place.command)
