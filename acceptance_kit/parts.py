"""The parts that the session joins: drills, what the records show, the accuracy trial."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from acceptance_kit import data_test, platform_log
from acceptance_kit import records as recorded
from acceptance_kit import trial as trials
from acceptance_kit.box import Box, BoxTrouble
from acceptance_kit.checks.running import Target
from acceptance_kit.drills import DRILLS, conduct, drilled_spans
from acceptance_kit.evidence import EvidenceFolder
from acceptance_kit.findings import KIT, Finding, Verdict, name_of
from acceptance_kit.passages import PassageFacts
from acceptance_kit.peers.platform.records import Received
from acceptance_kit.proof import Proof
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
    """What a part is handed.

    Args:
        folder: the evidence.
        wanted: whether a finding of a name is to be made.
        confirm: asks a person whether something may begin.
        clock: the kit's.
        tell: says a Chinese sentence to the engineer.
        truths: what the passages truly were, given beforehand.
        ask_truths: asks a person for them, None when nobody is there.
        received: reads what the reference platform has kept, None when its file is not at hand.
    """

    folder: EvidenceFolder
    wanted: Callable[[str], bool]
    confirm: Callable[[str], bool]
    clock: Clock
    tell: Callable[[str], None]
    truths: Truths | None = None
    ask_truths: Callable[[Profile, Target, tuple[PassageFacts, ...]], Truths] | None = None
    received: Callable[[], Iterable[Received]] | None = None


def drills(target: Target, profile: Profile, hand: Hand) -> Iterator[Finding]:
    """Provoke faults at a machine and watch it recover; each drill is confirmed first."""
    machine = profile.machine(target.machine)
    part = profile.part_of(machine)
    for drill in DRILLS:
        names = {name for proof in drill.proofs for name in proof.names(part)}
        if not any(map(hand.wanted, names)):
            continue
        minutes = drill.bound.total_seconds() / 60
        found: tuple[Finding, ...] = ()
        reason = NOT_REACHED
        if target.place.is_demo:
            reason = NOT_HERE
        elif drill.needs_hands(part) and hand.ask_truths is None:
            reason = NEEDS_HANDS
        elif not hand.confirm(f"演练：{drill.effect}最多 {minutes:.0f} 分钟。"):
            reason = DECLINED
        else:
            box = box_of(target)
            found = conduct(
                hand.folder, drill, box, profile, machine, clock=hand.clock, tell=hand.tell
            )
            reason = next((each.reason for each in found if each.reason), reason)
        yield from (each for each in found if each.name in names)
        # What a drill did not come to is not shown.
        for proof in drill.proofs:
            for name in sorted(set(proof.names(part)) - {each.name for each in found}):
                subject = name.partition("@")[2]
                yield _untested(proof, subject, drill.effect, reason, hand)


def records(target: Target, profile: Profile, hand: Hand) -> Iterator[Finding]:
    """What a machine's journal shows: rates, completeness, backfill, stable days."""
    names = {name_of(demand.item, target.machine) for demand in recorded.DEMANDS}
    if not any(map(hand.wanted, names)):
        return
    part = profile.part_of(profile.machine(target.machine))
    try:
        account = recorded.gather(box_of(target), part, drills=drilled_spans(hand.folder))
    except BoxTrouble as why:
        found = tuple(
            _untested(proof, target.machine, recorded.METHOD, str(why), hand)
            for proof in recorded.DEMANDS
        )
    else:
        found = recorded.findings(account, target.machine, KIT)
    yield from (finding for finding in found if hand.wanted(finding.name))


def trial(target: Target, profile: Profile, hand: Hand) -> Iterator[Finding]:
    """The accuracy trial over a machine's passages (4.5.1-1, 4.4.1-3)."""
    if not hand.wanted(name_of(trials.ACCURACY.item, target.machine)):
        return
    box = box_of(target)
    try:
        now = box.state().now
        passages = box.passages((now - TRIAL_SPAN).date(), now.date())
    except BoxTrouble as why:
        yield _untested(trials.ACCURACY, target.machine, trials.METHOD, str(why), hand)
        return
    if hand.truths is not None:
        truths = hand.truths
    elif hand.ask_truths is not None:
        truths = hand.ask_truths(profile, target, passages)
    else:
        truths = trials.kept_truths(hand.folder, target.machine)
    finding = trials.conclude(hand.folder, passages, truths, machine=target.machine, by=KIT, at=now)
    yield finding if truths.of else replace(finding, reason=f"{NOT_TRIED}{finding.reason}")


def data(_target: Target, profile: Profile, hand: Hand) -> Iterator[Finding]:
    """One message of each kind against the reference platform, once for a site (9.1)."""
    if hand.wanted(data_test.DATA.item):
        hand.tell("数据测试：向参考平台发送各类报文，约一分钟…")
        yield data_test.finding(data_test.send_each_kind(profile, hand.clock), KIT, hand.clock)


def platform(targets: Iterable[Target], hand: Hand) -> Iterator[Finding]:
    """The journals of all machines against what the reference platform has kept (7.2, 9.1)."""
    if hand.received is None or not hand.wanted(platform_log.SAME.item):
        return
    boxes = [box_of(target) for target in targets]
    try:
        began = [box.state().now for box in boxes]
        received = tuple(hand.received())
        told = [
            _as_of(at, passage)
            for box, at in zip(boxes, began, strict=True)
            for passage in box.passages((at - TRIAL_SPAN).date(), at.date() + timedelta(days=1))
        ]
    except BoxTrouble as why:
        yield _untested(platform_log.SAME, None, platform_log.METHOD, str(why), hand)
        return
    seen = platform_log.watched(told, received)
    yield platform_log.finding(platform_log.compare(seen, received), KIT, hand.clock.now())


def _as_of(at: datetime, passage: PassageFacts) -> PassageFacts:
    """A passage that was acknowledged after `at` may have come after the platform was read: it is
    not looked for there, and no stranger either."""
    later = passage.acknowledged_at is not None and passage.acknowledged_at > at
    return replace(passage, acknowledged_at=None) if later else passage


def box_of(target: Target) -> Box:
    """The machine as drills and records see it."""
    place = target.place
    if place.is_demo:
        return Box(target.host, place.profile, None, place.command, None)
    return Box(target.host, profile=place.profile, command=place.command)


def _untested(proof: Proof, subject: str | None, method: str, why: str, hand: Hand) -> Finding:
    return Finding(
        item=proof.item,
        subject=subject,
        clauses=proof.clauses,
        title=proof.title,
        verdict=Verdict.UNTESTED,
        means=proof.means,
        by=KIT,
        at=hand.clock.now(),
        reason=why,
        method=method,
    )
