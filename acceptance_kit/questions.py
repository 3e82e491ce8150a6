"""Questions: what no program can see, asked of people; `questions.toml` is the list.

An answer is kept under `ITEM@SUBJECT` with who gave it and when. It says 是 or 否 as any finding
does; a question without an answer is 未检, never anything better.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from importlib import resources

from acceptance_kit.findings import Finding, Means, Verdict, name_of
from acceptance_kit.subjects import About, subjects
from appliance.profile.model import CameraRole, Profile

UNANSWERED = "还没有回答，请在现场查看后回答。"


class Kind(StrEnum):
    """How a question is answered."""

    YES = "yes"
    NUMBER = "number"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `least` and `most` bound a number, in `unit`; `photo` asks for a picture."""

    item: str
    clauses: tuple[str, ...]
    about: About
    kind: Kind
    text: str
    help: str = ""
    unit: str = ""
    least: float | None = None
    most: float | None = None
    role: CameraRole | None = None
    photo: bool = False

    @property
    def title(self) -> str:
        """The question as the register and the forms quote it."""
        return self.text

    @property
    def bound(self) -> str:
        """What a number is held against, with its unit; empty when there is no number."""
        if self.least is not None and self.most is not None:
            return f"{self.least:g} 至 {self.most:g} {self.unit}"
        if self.least is not None:
            return f"≥ {self.least:g} {self.unit}"
        return "" if self.most is None else f"≤ {self.most:g} {self.unit}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody said. `said` is 是, 否, 不适用, a number or a text; `photo` a file's name."""

    said: str
    by: str
    at: datetime
    note: str = ""
    photo: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about one thing of the site."""

    question: Question
    subject: str | None

    @property
    def name(self) -> str:
        """The key of its answer, and the name of its finding."""
        return name_of(self.question.item, self.subject)


@cache
def questions() -> tuple[Question, ...]:
    """All questions, in the order they are asked."""
    text = resources.files("acceptance_kit").joinpath("questions.toml").read_text("utf-8")
    return tuple(_question(told) for told in tomllib.loads(text)["question"])


def asked(profile: Profile) -> Iterator[Asked]:
    """Every question about everything of a site that it concerns."""
    for question in questions():
        for subject in subjects(profile, question.about, question.role):
            yield Asked(question, subject)


def wrong(question: Question, said: str) -> str | None:
    """Why a text is no answer to a question, as a Chinese sentence; None when it is one."""
    if said == Verdict.NOT_APPLICABLE:
        return None
    if question.kind is Kind.YES and said not in {Verdict.YES, Verdict.NO}:
        return "请回答 是、否 或 不适用。"
    if question.kind is Kind.NUMBER and _number(said) is None:
        return f"请回答一个数，单位 {question.unit}，或 不适用。"
    if not said.strip() or len(said) > 500 or not said.isprintable():
        return "请用一行文字回答，不超过 500 字。"
    return None


def finding_of(one: Asked, answer: Answer | None, now: datetime, kit: str) -> Finding:
    """What an answer shows; 未检 when there is none. `kit` answers for what nobody answered."""
    question = one.question
    verdict, reason = _judged(question, answer)
    return Finding(
        item=question.item,
        subject=one.subject,
        clauses=question.clauses,
        title=question.title,
        verdict=verdict,
        measured=_measured(question, answer),
        bound=question.bound,
        reason=reason,
        means=Means.QUESTION,
        method=f"询问现场人员。{question.help}",
        by=answer.by if answer else kit,
        at=answer.at if answer else now,
        files=(answer.photo,) if answer and answer.photo else (),
    )


def _judged(question: Question, answer: Answer | None) -> tuple[Verdict, str]:
    if answer is None:
        return Verdict.UNTESTED, UNANSWERED
    said = answer.said
    if said == Verdict.NOT_APPLICABLE:
        return Verdict.NOT_APPLICABLE, answer.note
    number = _number(said)
    if question.kind is Kind.NUMBER and number is not None:
        low = question.least is not None and number < question.least
        high = question.most is not None and number > question.most
        if low or high:
            note = f"（{answer.note.rstrip('。')}）" if answer.note else ""
            return Verdict.NO, f"{said} {question.unit}，要求 {question.bound}{note}。"
        return Verdict.YES, answer.note
    if said == Verdict.NO:
        return Verdict.NO, answer.note or "现场人员回答“否”，请整改后重新回答。"
    return Verdict.YES, answer.note


def _measured(question: Question, answer: Answer | None) -> str:
    if answer is None:
        return ""
    number = question.kind is Kind.NUMBER and answer.said != Verdict.NOT_APPLICABLE
    return f"{answer.said} {question.unit}" if number else answer.said


def _number(said: str) -> float | None:
    try:
        number = float(said)
    except ValueError:
        return None
    return number if abs(number) < 1e12 else None  # neither NaN nor infinity


def _question(told: dict[str, object]) -> Question:
    role = told.get("role")
    values = told | {
        "clauses": tuple(told["clauses"]),  # type: ignore[arg-type]
        "about": About(str(told["about"])),
        "kind": Kind(str(told["kind"])),
        "role": CameraRole(str(role)) if role else None,
    }
    return Question(**values)  # type: ignore[arg-type]
