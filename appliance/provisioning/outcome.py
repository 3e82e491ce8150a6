"""What a run did to each machine, summed up from its events."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from appliance.provisioning.events import (
    Ended,
    Event,
    LeftForHands,
    Recap,
    Result,
    Status,
    TaskBegins,
)


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a run ended on a machine, and what the task said."""

    role: str
    task: str
    message: str
    unreachable: bool


@dataclass(frozen=True, slots=True)
class Change:
    """A task that changed (or under check would change) something on a machine."""

    role: str
    task: str
    places: tuple[str, ...]


@dataclass(slots=True)
class MachineOutcome:
    """One machine: its changes in order, what is left for hands, its fault if any."""

    changes: list[Change] = field(default_factory=list)
    hands: list[str] = field(default_factory=list)
    fault: Fault | None = None
    tasks: int = 0

    def as_dict(self) -> dict[str, object]:
        """For `--json`."""
        fault = self.fault
        return {
            "ok": fault is None and self.tasks > 0,
            "changed": len(self.changes),
            "changes": [
                {"role": c.role, "task": c.task, "places": list(c.places)} for c in self.changes
            ],
            "hands": self.hands,
            "fault": fault
            and {
                "role": fault.role,
                "task": fault.task,
                "message": fault.message,
                "unreachable": fault.unreachable,
            },
        }


@dataclass(slots=True)
class Outcome:
    """A whole run. `ok` when Ansible ended well and every machine was worked on to the end."""

    machines: dict[str, MachineOutcome]
    ended: Ended | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing failed; a machine that was never worked on has failed."""
        return (
            self.ended is not None
            and self.ended.code == 0
            and all(m.fault is None and m.tasks for m in self.machines.values())
        )

    def take(self, event: Event) -> None:
        """Add what an event tells."""
        match event:
            case Result():
                self._take_result(event)
            case LeftForHands(host, sentences):
                hands = self.machines[host].hands
                hands += [text for text in sentences if text not in hands]
            case Recap(failed):
                for name in self.machines.keys() - set(failed):
                    self.machines[name].fault = None
            case Ended():
                self.ended = event
            case TaskBegins():
                pass

    def _take_result(self, result: Result) -> None:
        machine = self.machines[result.host]
        machine.tasks += 1
        if result.status is Status.CHANGED:
            machine.changes.append(Change(result.role, result.task, result.places))
        elif result.status in {Status.FAILED, Status.UNREACHABLE}:
            # Ansible calls it unreachable as well when sudo does not answer; the line is well then.
            by_sudo = "privilege escalation" in result.message
            lost = result.status is Status.UNREACHABLE and not by_sudo
            machine.fault = Fault(result.role, result.task, result.message, unreachable=lost)

    def as_dict(self) -> dict[str, object]:
        """For `--json`: `{"ok", "machines": {name: …}}`, each as `MachineOutcome` says."""
        return {
            "ok": self.ok,
            "machines": {name: machine.as_dict() for name, machine in self.machines.items()},
        }


def summed_up(names: Iterable[str], events: Iterable[Event]) -> Outcome:
    """The outcome of a run whose every event is here."""
    outcome = Outcome({name: MachineOutcome() for name in names})
    for event in events:
        outcome.take(event)
    return outcome


def changes_by_role(changes: Iterable[Change]) -> Mapping[str, int]:
    """How many tasks of each role changed something, in the order of the roles."""
    counts: dict[str, int] = {}
    for change in changes:
        counts[change.role] = counts.get(change.role, 0) + 1
    return counts
