"""Boxes compared with their profile: what a run of the playbook would change, and where."""

from dataclasses import dataclass

from rich.markup import escape
from rich.table import Table

from appliance.provisioning.outcome import Outcome
from appliance.provisioning.remedies import role_name


@dataclass(frozen=True, slots=True)
class Difference:
    """A task that would change a machine; `places` are files, packages or units."""

    machine: str
    role: str
    task: str
    places: tuple[str, ...]


def differences(outcome: Outcome) -> tuple[Difference, ...]:
    """All that differs, machine by machine in the playbook's order."""
    return tuple(
        Difference(name, change.role, change.task, change.places)
        for name, machine in outcome.machines.items()
        for change in machine.changes
    )


def exit_code(outcome: Outcome) -> int:
    """0 nothing differs, 1 something does, 2 a box could not be compared.

    A check may fail *because* of a difference it found before (the service of a package that is
    gone); such a box differs.
    """
    machines = outcome.machines.values()
    if any((m.fault is not None or not m.tasks) and not m.changes for m in machines):
        return 2
    if outcome.ended is None or (
        outcome.ended.code != 0 and all(m.fault is None for m in machines)
    ):
        return 2
    return 1 if any(m.changes for m in machines) else 0


def as_table(found: tuple[Difference, ...]) -> Table:
    """For the operator."""
    table = Table("工控机", "角色", "任务", "不同之处")
    for difference in found:
        table.add_row(
            difference.machine,
            role_name(difference.role),
            escape(difference.task),
            escape("\n".join(difference.places)) or "—",
        )
    return table
