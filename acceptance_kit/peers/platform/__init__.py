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
from acceptance_kit.peers.platform.formats import Judgement
from acceptance_kit.peers.platform.records import Arrived, Received
from acceptance_kit.peers.platform.replies import ReplyStyle
from acceptance_kit.peers.platform.rules import Rules
from acceptance_kit.peers.platform.server import ReferencePlatform
from acceptance_kit.peers.platform.variant import LAX, STRICT, Variant

__all__ = [
    "JUDGE",
    "LAX",
    "STRICT",
    "Act",
    "Answer",
    "Arrived",
    "HalfAnswer",
    "Judge",
    "Judgement",
    "Late",
    "Received",
    "ReferencePlatform",
    "ReplyStyle",
    "Reset",
    "Rules",
    "Silent",
    "Variant",
    "in_turn",
]
