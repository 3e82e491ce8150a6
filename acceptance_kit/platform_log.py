"""What the reference platform got, compared with what the journal says it was told (7.2, 9.1).

A passage that the journal holds for acknowledged and the platform does not have is lost; the same
message under two QNs is doubled, unless the platform itself had asked for it once more.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from acceptance_kit.findings import Finding, Means, Verdict
from acceptance_kit.passages import PassageFacts
from acceptance_kit.peers.platform.records import Received
from acceptance_kit.proof import Proof
from appliance.guideline.messages import PASSAGE, Result

SAME = Proof(
    "records.platform",
    ("5.1.2", "7.2", "4.5.1-5"),
    "平台收到的通行记录与企业端一致，没有丢失和重复",
    Means.RECORDS,
)
DEMANDS = (SAME,)
METHOD = "把参考平台保存的报文与记录库中的报文按 QN 逐条比较。"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Passages by number: compared in all, lost; QNs that came doubled; QNs nobody sent."""

    compared: int
    lost: tuple[int, ...]
    doubled: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether both sides tell the same."""
        return not (self.lost or self.doubled or self.unknown)


def watched(
    passages: Iterable[PassageFacts], received: Iterable[Received]
) -> tuple[PassageFacts, ...]:
    """The passages that were sent while the platform was there: a gate may be older than it."""
    began = min((kept.qn for kept in received), default=None)
    return tuple(
        passage
        for passage in passages
        if began is not None
        and any(qn >= began for message in passage.messages for qn in message.qns)
    )


def compare(passages: Sequence[PassageFacts], received: Iterable[Received]) -> Comparison:
    """`received` are the platform's messages, `passages` the journal's of the same span of days.

    Messages of days before the first of `passages` are left alone.
    """
    taken = {
        kept.qn: kept for kept in received if kept.cn == PASSAGE and kept.code == Result.RECEIVED
    }
    told = [passage for passage in passages if passage.acknowledged_at is not None]
    lost = tuple(
        passage.id
        for passage in told
        if not any(
            qn in taken
            for message in passage.messages
            if message.state == "done"
            for qn in message.qns[:1]
        )
    )
    asked_again = {
        qn
        for passage in passages
        for message in passage.messages
        if message.history
        for qn in message.qns
    }
    ours = {qn for passage in passages for message in passage.messages for qn in message.qns}
    first = min(ours, default="9")
    alike: dict[str, list[str]] = defaultdict(list)
    for qn, kept in taken.items():
        if qn >= first and qn not in asked_again:
            content = {name: text for name, text in kept.fields.items() if name != "QN"}
            alike[json.dumps([content, kept.photo_sha256], sort_keys=True)].append(qn)
    doubled = tuple(qn for qns in alike.values() for qn in sorted(qns)[1:])
    unknown = tuple(sorted(qn for qn in taken if qn >= first and qn not in ours | set(doubled)))
    return Comparison(len(told), lost, doubled, unknown)


def finding(compared: Comparison, by: str, at: datetime) -> Finding:
    """是 when both sides tell the same of at least one passage."""
    kinds: tuple[tuple[str, str, tuple[object, ...]], ...] = (
        ("缺少", "记录编号", compared.lost),
        ("重复", "QN", compared.doubled),
        ("多出", "QN", compared.unknown),
    )
    wrong = [f"平台{how} {len(of)} 条（{what} {of[0]} 等）" for how, what, of in kinds if of]
    verdict, reason = (Verdict.YES, "") if compared.same else (Verdict.NO, "；".join(wrong) + "。")
    if compared.same and not compared.compared:
        verdict, reason = Verdict.UNTESTED, "还没有平台确认过的通行记录可以核对。"
    return Finding(
        item=SAME.item,
        clauses=SAME.clauses,
        title=SAME.title,
        verdict=verdict,
        means=Means.RECORDS,
        by=by,
        at=at,
        measured=f"核对 {compared.compared} 条，丢失 {len(compared.lost)} 条，"
        f"重复 {len(compared.doubled)} 条，多出 {len(compared.unknown)} 条"
        if compared.compared or wrong
        else "",
        bound="丢失 0 条，重复 0 条",
        reason=reason,
        method=METHOD,
    )
