"""What the tests of a provisioned box have in common: waiting, and reading its evidence."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from .bed.guest import Bed

EVIDENCE = "/var/lib/gatehouse/evidence"


def eventually(
    true: Callable[[], bool], what: str | Callable[[], str], seconds: float = 60
) -> None:
    """Ask again and again until `true`; fail the test with `what` when it never was.

    Where `what` is a function, it is asked then.
    """
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() >= deadline:
            said = what if isinstance(what, str) else what()
            pytest.fail(f"never in {seconds} s: {said}")
        time.sleep(0.5)


def evidence(box: Bed, name: str, what: str) -> list[dict[str, Any]]:
    """The lines of `NAME.jsonl` that tell of `what`, oldest first."""
    text = box.run(["cat", f"{EVIDENCE}/{name}.jsonl"], check=False).stdout
    lines = [json.loads(line) for line in text.splitlines()]
    return [line for line in lines if line["what"] == what]


def day_passes(box: Bed) -> None:
    """Record the day's evidence now."""
    box.run(["systemctl", "start", "gatehouse-daily.service"], check=False)
