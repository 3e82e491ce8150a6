"""Checks: each asks one demand of the guideline of a gate, reads, and changes nothing.

A check is a pytest-testinfra test with a `@demand`; `running.py` runs them against a box, and what
each found becomes a finding. How to write one stands in docs/acceptance.md.
"""

from functools import cache
from importlib import import_module
from pathlib import Path

from acceptance_kit.checks.demand import Demand, declared

FOLDER = Path(__file__).parent


@cache
def demands() -> tuple[Demand, ...]:
    """What all checks demand, by module and in each module's order; asks no box."""
    for file in sorted(FOLDER.glob("check_*.py")):
        import_module(f"{__name__}.{file.stem}")
    return declared()
