"""What drills, trial and records answer for, as data: for the clause register and the forms."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Demand:
    """One item: its name in findings, the clauses' ids, and what must hold (Chinese)."""

    item: str
    clauses: tuple[str, ...]
    title: str
