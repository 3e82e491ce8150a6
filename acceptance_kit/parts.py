"""The parts of the kit that the session joins: drills, records and trial, forms."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from acceptance_kit.checks.running import Target
from acceptance_kit.evidence import EvidenceFolder
from acceptance_kit.findings import Finding
from acceptance_kit.proof import Proof
from appliance.clock import Clock
from appliance.profile.model import Profile


@dataclass(frozen=True, slots=True)
class Hand:
    """What a part is handed: the evidence folder, whether a finding of a name is wanted, whether
    something may begin (asked of a person), the clock, how to tell the engineer a sentence."""

    folder: EvidenceFolder
    wanted: Callable[[str], bool]
    confirm: Callable[[str], bool]
    clock: Clock
    tell: Callable[[str], None]


def proofs() -> tuple[Proof, ...]:
    """What drills, records and trial declare, for the register."""
    return ()


def drills(_target: Target, _profile: Profile, _hand: Hand) -> Iterator[Finding]:
    """Provoke faults at a machine and watch it recover; each drill is confirmed first."""
    yield from ()


def records(_target: Target, _profile: Profile, _hand: Hand) -> Iterator[Finding]:
    """What a machine's journal proves: rates, completeness, stable days, accuracy."""
    yield from ()


def forms(
    _folder: EvidenceFolder,
    _profile: Profile,
    _findings: tuple[Finding, ...],
    _at: datetime,
    _fingerprint: str,
) -> tuple[str, ...]:
    """Tables 5 to 9 and the cover sheet; the names of the files written."""
    return ()
