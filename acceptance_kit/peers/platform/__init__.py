"""The reference platform: the authority's end of the wire, as strict as the guideline allows."""

from acceptance_kit.peers.platform.behaviour import (
    JUDGE,
    Act,
    Answer,
    HalfAnswer,
    Judge,
    Late,
    Reset,
    Silent,
    in_turn,
)
from acceptance_kit.peers.platform.records import Received
from acceptance_kit.peers.platform.rules import Judgement, Rules
from acceptance_kit.peers.platform.server import ReferencePlatform

__all__ = [
    "JUDGE",
    "Act",
    "Answer",
    "HalfAnswer",
    "Judge",
    "Judgement",
    "Late",
    "Received",
    "ReferencePlatform",
    "Reset",
    "Rules",
    "Silent",
    "in_turn",
]
