"""The newest passages that a check looks at."""

from typing import Any

from acceptance_kit.checks.checked_box import CheckedBox
from acceptance_kit.checks.finding import Observation

Passage = dict[str, Any]
"""As `gatehouse journal newest` tells it."""


def passages_of(box: CheckedBox, barrier: str, finding: Observation) -> list[Passage]:
    """A barrier's newest passages, the newest first; ends the check as 未检 without any."""
    found = [each for each in box.journal["passages"] if each["barrier"] == barrier]
    if not found:
        finding.untested(f"道闸 {barrier} 还没有通行记录，请让几辆车通过后重查。")
    return found


def listed(passages: list[Passage]) -> str:
    """Their numbers, at most five, as an operator finds them."""
    more = f" 等 {len(passages)} 条" if len(passages) > 5 else ""
    return "、".join(str(each["id"]) for each in passages[:5]) + more
