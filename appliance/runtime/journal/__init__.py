"""The journal: passages written once, the outbox, photo files, the chain. See docs/durability.md.

Knows `profile`, `guideline` and the clock, and nobody else.
"""

from appliance.runtime.journal.chain import GENESIS
from appliance.runtime.journal.corrections import KEEP, Correction
from appliance.runtime.journal.errors import (
    JournalError,
    JournalMissing,
    JournalTooNew,
    JournalTooOld,
    NotAJournal,
    NothingToCorrect,
    NotWaiting,
    StorageStopped,
    UnknownMessage,
    UnknownPassage,
    UnsafePath,
)
from appliance.runtime.journal.journal import Journal
from appliance.runtime.journal.outbox import Counts
from appliance.runtime.journal.steps import Step
from appliance.runtime.journal.vehicles import CsvFault, VehicleFileError, read_vehicles_csv
from appliance.runtime.journal.verification import ChainFault, Verification

__all__ = [
    "GENESIS",
    "KEEP",
    "ChainFault",
    "Correction",
    "Counts",
    "CsvFault",
    "Journal",
    "JournalError",
    "JournalMissing",
    "JournalTooNew",
    "JournalTooOld",
    "NotAJournal",
    "NotWaiting",
    "NothingToCorrect",
    "Step",
    "StorageStopped",
    "UnknownMessage",
    "UnknownPassage",
    "UnsafePath",
    "VehicleFileError",
    "Verification",
    "read_vehicles_csv",
]
