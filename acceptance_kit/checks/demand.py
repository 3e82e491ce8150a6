"""What a check declares of itself, once: the clauses it proves, its name, what it is about."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from acceptance_kit.findings import ITEM
from acceptance_kit.subjects import About
from appliance.profile.model import CameraRole

Check = TypeVar("Check", bound=Callable[..., None])


@dataclass(frozen=True, slots=True)
class Demand:
    """One check as the register and the forms know it.

    Args:
        item: room and name, as `clock.synchronised`.
        clauses: ids of `clauses.toml` that it speaks to.
        title: one Chinese sentence: what must hold.
        method: one Chinese sentence: how it is asked.
        about: what it is asked of; of the site, its first machine is asked.
        role: narrows cameras to those of a role.
        box: whether it needs a provisioned box; a demo on a laptop has no services to ask.
        name: the test function's, by which pytest finds it.
    """

    item: str
    clauses: tuple[str, ...]
    title: str
    method: str
    about: About
    role: CameraRole | None
    box: bool
    name: str = ""


_declared: dict[str, Demand] = {}


def demand(
    *clauses: str,
    item: str,
    title: str,
    method: str,
    about: About = About.MACHINE,
    role: CameraRole | None = None,
    box: bool = True,
) -> Callable[[Check], Check]:
    """Make a test function a check. Raises ValueError for a name that is none or is taken."""
    made = Demand(item, clauses, title, method, about, role, box)
    if not ITEM.fullmatch(item) or not clauses:
        raise ValueError(f"not a demand: {item!r} {clauses!r}")

    def declare(function: Check) -> Check:
        named = replace(made, name=function.__name__)
        if _declared.setdefault(item, named) != named:
            raise ValueError(f"two checks are called {item}")
        function.demand = named  # type: ignore[attr-defined]
        return function

    return declare


def demand_of(function: Any) -> Demand | None:
    """What a test function declares, None when it is no check."""
    found: Demand | None = getattr(function, "demand", None)
    return found


def declared() -> tuple[Demand, ...]:
    """All that has been declared so far, in order."""
    return tuple(_declared.values())
