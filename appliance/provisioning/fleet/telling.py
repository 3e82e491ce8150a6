"""What a fleet command tells: a line a box, and at the end which boxes were not touched."""

from collections.abc import Sequence

from appliance.provisioning.fleet.actions import release_of
from appliance.provisioning.fleet.waves import Answer, Member


class Telling:
    """Takes the answers as they come."""

    def __init__(self, members: Sequence[Member]) -> None:
        self._members = tuple(members)
        self._answers: list[Answer] = []

    @property
    def ok(self) -> bool:
        """Whether every box was done and is well."""
        return len(self._answers) == len(self._members) and all(a.done for a in self._answers)

    def take(self, answer: Answer) -> str:
        """The line of a box."""
        self._answers.append(answer)
        member = answer.member
        who = f"{member.site} {member.box.name}（{member.box.address}）"
        if not answer.done:
            return f"✗ {who}：{answer.failed}"
        release = release_of(answer.outputs)
        return f"✓ {who}：版本 {release}" if release else f"✓ {who}"

    def untouched(self) -> tuple[Member, ...]:
        """The boxes that were left alone because one before them was not well."""
        done = {answer.member.id for answer in self._answers}
        return tuple(member for member in self._members if member.id not in done)

    def conclusion(self) -> str:
        """The last line."""
        bad = sum(not answer.done for answer in self._answers)
        well = len(self._answers) - bad
        if not bad:
            return f"共 {well} 台，全部正常。"
        left = "、".join(f"{m.site} {m.box.name}" for m in self.untouched())
        stopped = f"已停止，没有处理：{left}。" if left else ""
        return f"{well} 台正常，{bad} 台不正常。{stopped}请先处理不正常的工控机，再执行一次。"

    def as_dict(self) -> dict[str, object]:
        """For `--json`."""
        return {
            "ok": self.ok,
            "machines": [
                {
                    "site": answer.member.site,
                    "machine": answer.member.box.name,
                    "ok": answer.done,
                    "release": release_of(answer.outputs),
                    "failed": answer.failed,
                }
                for answer in self._answers
            ],
            "untouched": [f"{m.site}/{m.box.name}" for m in self.untouched()],
        }
