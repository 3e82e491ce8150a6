"""The steps of an acceptance, in their order, as data: the terminal and the pages go the same ones.

A step says what it is about and which findings it makes. How one is done is `acceptance.py`'s; how
a person is asked is the face's: `session.py` in a terminal, `pages/` on a tablet.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from acceptance_kit import data_test, platform_log, records, trial
from acceptance_kit.checks.running import Target
from acceptance_kit.drills import Drill, drills_for
from acceptance_kit.findings import name_of
from acceptance_kit.proof import Proof
from acceptance_kit.questions import Asked, asked
from acceptance_kit.reaching import Site
from acceptance_kit.register import FORMS
from acceptance_kit.wanted import check_names_of


class Kind(StrEnum):
    """What kind of step, in the words that people see."""

    CHECK = "检查"
    QUESTION = "询问"
    DRILL = "演练"
    RECORDS = "核对数据"
    TRIAL = "识别试验"
    DATA = "数据测试"
    PLATFORM = "核对参考平台"
    FORMS = "填写表格"


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Args:
        kind: its kind.
        names: the findings that it makes.
        target: the machine it is done at; None for what concerns the whole site.
        asked: the question, for one that asks.
        drill: the drill, for one that provokes a fault.
    """

    kind: Kind
    names: tuple[str, ...]
    target: Target | None = None
    asked: Asked | None = None
    drill: Drill | None = None

    @property
    def key(self) -> str:
        """What it is called in an address; no two steps of a site have the same."""
        what = self.drill.name if self.drill else self.asked.name if self.asked else ""
        return "-".join(filter(None, (self.kind.name.lower(), what, self._machine)))

    @property
    def stage(self) -> str:
        """The heading under which it stands: its kind, and the machine where it is done at one."""
        return f"{self.kind} {self._machine}".strip()

    @property
    def at(self) -> Target:
        """The machine; only of a step that is done at one."""
        if self.target is None:
            raise ValueError(f"{self.key} is done at no machine")
        return self.target

    @property
    def _machine(self) -> str:
        return self.target.machine if self.target and self.kind is not Kind.DATA else ""


def steps(site: Site, *, platform: bool = False) -> Iterator[Step]:
    """Every step of a site's acceptance, as far as its machines are reached.

    With `platform` what the reference platform has kept is at hand, and compared.
    """
    profile, targets = site.profile, site.targets
    for target in targets:
        yield Step(Kind.CHECK, tuple(check_names_of(profile, target.machine)), target)
    for one in asked(profile):
        yield Step(Kind.QUESTION, (one.name,), asked=one)
    for target in targets:
        part = profile.part_of(profile.machine(target.machine))
        for drill in drills_for(part):
            names = tuple(name for proof in drill.proofs for name in proof.names(part))
            yield Step(Kind.DRILL, names, target, drill=drill)
    for target in targets:
        yield Step(Kind.RECORDS, _of(records.DEMANDS, target), target)
        yield Step(Kind.TRIAL, _of(trial.DEMANDS, target), target)
    yield Step(Kind.DATA, (data_test.DATA.item,), targets[0])
    if platform:
        yield Step(Kind.PLATFORM, (platform_log.SAME.item,))
    yield Step(Kind.FORMS, (FORMS.item,))


def _of(demands: tuple[Proof, ...], target: Target) -> tuple[str, ...]:
    return tuple(name_of(demand.item, target.machine) for demand in demands)
