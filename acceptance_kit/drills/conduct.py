"""A drill as part of an acceptance: when the gate was disturbed is kept.

The span is on disk before anything breaks, with the bound for its end, so that the records of the
transmission (`records.py`) know of a drill that was interrupted as well.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from acceptance_kit.box import Box, BoxTrouble
from acceptance_kit.days import Span
from acceptance_kit.drills.drill import Drill, Tell
from acceptance_kit.evidence import EvidenceFolder
from acceptance_kit.findings import Finding
from appliance.clock import Clock
from appliance.profile.box import Machine
from appliance.profile.model import Profile

FILE = "drills.jsonl"


def conduct(
    folder: EvidenceFolder,
    drill: Drill,
    box: Box,
    profile: Profile,
    machine: Machine,
    *,
    clock: Clock,
    tell: Tell,
) -> tuple[Finding, ...]:
    """Do a drill; the caller keeps what it showed."""
    file = folder.path / "work" / FILE
    begun = _now(box, clock)
    _write(file, {"drill": drill.name, "since": begun, "until": begun + drill.bound})
    findings = drill.on(box, profile, machine, clock, tell)
    _write(file, {"drill": drill.name, "since": begun, "until": _now(box, clock)})
    return findings


def drilled_spans(folder: EvidenceFolder) -> tuple[Span, ...]:
    """When the kit had broken something, by the box's clock; with the bound if interrupted."""
    spans: dict[tuple[str, datetime], Span] = {}
    for name, span in _read(folder.path / "work" / FILE):
        spans[name, span.since] = span
    return tuple(spans.values())


def _read(file: Path) -> Iterator[tuple[str, Span]]:
    if not file.is_file():
        return
    for line in file.read_text("utf-8").splitlines():
        try:
            told = json.loads(line)
            since, until = map(datetime.fromisoformat, (told["since"], told["until"]))
        except (ValueError, KeyError, TypeError):
            continue  # cut short
        yield told["drill"], Span(since, until)


def _now(box: Box, clock: Clock) -> datetime:
    """By the box's clock; by the kit's own when the box does not answer."""
    try:
        return box.state().now
    except BoxTrouble:
        return clock.now()


def _write(file: Path, line: dict[str, object]) -> None:
    file.parent.mkdir(exist_ok=True)
    with file.open("a", encoding="utf-8") as log:
        log.write(json.dumps(line, default=str) + "\n")
