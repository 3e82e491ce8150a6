"""The books of the uplink (5.1.2, 5.1.3): definitions over the journal's rows; see docs/books.md.

They read and decide nothing about sending, so the status page may know them too.
"""

from appliance.runtime.uplink.books.backfill import Backfill, Pace, backfill_of
from appliance.runtime.uplink.books.days import (
    REQUIRED_RATE,
    STABLE_DAYS,
    Account,
    DayBook,
    books_of_days,
    tally,
    total,
)
from appliance.runtime.uplink.books.interruptions import (
    REPORTABLE,
    Interruption,
    last_recovered,
    missed_upload,
    ongoing,
    to_report,
)
from appliance.runtime.uplink.books.report import report_text
from appliance.runtime.uplink.books.sample import sample_report

__all__ = [
    "REPORTABLE",
    "REQUIRED_RATE",
    "STABLE_DAYS",
    "Account",
    "Backfill",
    "DayBook",
    "Interruption",
    "Pace",
    "backfill_of",
    "books_of_days",
    "last_recovered",
    "missed_upload",
    "ongoing",
    "report_text",
    "sample_report",
    "tally",
    "to_report",
    "total",
]
