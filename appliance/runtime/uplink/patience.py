"""How long an answer is waited for and how often in vain: HJ 212's OverTime and ReCount (1000).

The profile says it first; what the platform sets later is kept in the journal and outlives a
restart.
"""

import json

from appliance.profile.model import Uplink
from appliance.runtime.journal import Journal

_NAME = "uplink-patience"
LONGEST_SECONDS = 120
MOST_RESENDS = 99


class Patience:
    """`seconds` for an answer, and `count` times of that in silence before the line is dead."""

    def __init__(self, uplink: Uplink, journal: Journal) -> None:
        self._journal = journal
        self.seconds, self.count = uplink.acknowledge_seconds, uplink.resend_count
        kept = journal.recall(_NAME)
        if kept is not None:
            said = json.loads(kept)
            self.seconds, self.count = float(said["seconds"]), int(said["count"])

    def set(self, seconds: int, count: int) -> bool:
        """Do as the platform says; False, and nothing changed, when it makes no sense."""
        if not (1 <= seconds <= LONGEST_SECONDS and 1 <= count <= MOST_RESENDS):
            return False
        self._journal.remember(_NAME, json.dumps({"seconds": seconds, "count": count}))
        self.seconds, self.count = float(seconds), count
        return True

    @property
    def silence(self) -> float:
        """Seconds without any answer after which the line is given up."""
        return self.seconds * self.count
