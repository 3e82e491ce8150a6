"""What was found and done at a camera, for people (Chinese) and for machines."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a point stands after the work, from best to worst."""

    OK = "ok"
    CHANGED = "changed"
    LEFT = "left"  # for hands: a camera that does not answer, a function that it does not have
    FAILED = "failed"

    @property
    def word(self) -> str:
        """The state for people."""
        return {"ok": "正常", "changed": "已改", "left": "需人工", "failed": "不符"}[self.value]

    @property
    def rank(self) -> int:
        """Position from best (0) to worst (3)."""
        return list(State).index(self)


@dataclass(frozen=True, slots=True)
class Finding:
    """One point of one camera: `subject` and `detail` are Chinese, and hold no password."""

    subject: str
    state: State
    detail: str


@dataclass(frozen=True, slots=True)
class CameraReport:
    """Everything about one camera."""

    camera: str
    position: str
    host: str
    findings: tuple[Finding, ...]

    @property
    def state(self) -> State:
        """The worst of its points."""
        states = [finding.state for finding in self.findings]
        return max(states, key=lambda state: state.rank, default=State.OK)

    def as_dict(self) -> dict[str, object]:
        """For machines."""
        return {
            "camera": self.camera,
            "position": self.position,
            "host": self.host,
            "state": self.state.value,
            "findings": [
                {"subject": each.subject, "state": each.state.value, "detail": each.detail}
                for each in self.findings
            ],
            "hands": self.hands(),
        }

    def as_text(self) -> str:
        """A heading, then a line a point."""
        lines = [f"{self.camera}（{self.position}，{self.host}）：{self.state.word}"]
        lines += [f"  {each.subject}：{each.state.word}。{each.detail}。" for each in self.findings]
        return "\n".join(lines)

    def hands(self) -> list[str]:
        """What an installer still has to do at this camera, a sentence each."""
        return [
            f"相机 {self.camera}（{self.position}，{self.host}）{each.subject}：{each.detail}。"
            for each in self.findings
            if each.state.rank >= State.LEFT.rank
        ]


def summary(reports: Iterable[CameraReport]) -> str:
    """One line on all cameras."""
    states = [report.state for report in reports]
    parts = [f"{state.word} {states.count(state)} 台" for state in State if state in states]
    return f"共 {len(states)} 台相机：{'，'.join(parts) or '没有可配置的'}。"
