"""The clause register: every demand of the guideline, what proves it, and how that came out.

The demands are `clauses.toml`. What proves one is declared by the proof itself, once: a check's
`@demand`, a question's or a drill's `clauses`. Here the two are joined.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources

from acceptance_kit import parts, questions
from acceptance_kit.checks import demands
from acceptance_kit.findings import Finding, Means, Verdict, worst
from acceptance_kit.proof import Proof
from appliance.profile.model import Profile


@dataclass(frozen=True, slots=True)
class Clause:
    """One demand. `covers` are the single ids of one that stands for several; `optional` names
    the part of the site profile that turns it on, None for a demand that always holds."""

    id: str
    zh: str
    en: str
    covers: tuple[str, ...] = ()
    optional: str | None = None

    def is_on(self, profile: Profile) -> bool:
        """Whether it is demanded of that site."""
        return self.optional is None or bool(getattr(profile, self.optional, None))


@dataclass(frozen=True, slots=True)
class Entry:
    """A clause with everything that answers for it."""

    clause: Clause
    proofs: tuple[Proof, ...]


FORMS = Proof(
    "forms.written",
    ("9.2.1–5",),
    "表 5 至表 9 已按验收结果填写",
    Means.RECORDS,
)
"""The kit's own last finding: the five forms are there (`session.py`)."""


@cache
def clauses() -> tuple[Clause, ...]:
    """Every demand of the guideline, in its order."""
    text = resources.files("acceptance_kit").joinpath("clauses.toml").read_text("utf-8")
    return tuple(
        Clause(**{**told, "covers": tuple(told.get("covers", ()))})
        for told in tomllib.loads(text)["clause"]
    )


@cache
def proofs() -> tuple[Proof, ...]:
    """Everything that answers for clauses."""
    return (
        *(Proof(each.item, each.clauses, each.title, Means.CHECK) for each in demands()),
        *(
            Proof(each.item, each.clauses, each.title, Means.QUESTION)
            for each in questions.questions()
        ),
        *parts.PROOFS,
        *parts.WITH_PLATFORM,
        FORMS,
    )


def clause_of(name: str) -> Clause:
    """The clause with that id, or that covers it; raises KeyError when the guideline has none."""
    for clause in clauses():
        if name == clause.id or name in clause.covers:
            return clause
    raise KeyError(name)


@cache
def register() -> tuple[Entry, ...]:
    """Clauses joined with their proofs. Raises KeyError when a proof names no clause."""
    found: dict[str, list[Proof]] = {clause.id: [] for clause in clauses()}
    for proof in proofs():
        for name in dict.fromkeys(clause_of(each).id for each in proof.clauses):
            found[name].append(proof)
    return tuple(Entry(clause, tuple(found[clause.id])) for clause in clauses())


def verdict(clause: Clause, findings: Iterable[Finding], profile: Profile) -> Verdict:
    """What the findings say of a clause: the worst of those that name it, 不适用 when it is off."""
    if not clause.is_on(profile):
        return Verdict.NOT_APPLICABLE
    ids = {clause.id, *clause.covers}
    return worst(tuple(each.verdict for each in findings if ids & set(each.clauses)))
