"""Something that answers for clauses: a check, a question, a drill, the trial, the records."""

from dataclasses import dataclass

from acceptance_kit.findings import Means


@dataclass(frozen=True, slots=True)
class Proof:
    """What answers for clauses, as it declares itself: its item, the clauses' ids, what must hold
    (Chinese), and how it is shown."""

    item: str
    clauses: tuple[str, ...]
    title: str
    means: Means
