"""The retention of a site as rules: one a kind, from the profile's one table (docs/storage.md)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from appliance.guideline.retention import Kind
from appliance.profile.capacity import places
from appliance.profile.model import Profile
from appliance.profile.storage import WhenFull
from appliance.runtime.journal.shelves import SWEPT

SACRIFICED = (Kind.VIDEO, Kind.SMOKE, Kind.CLIPS, Kind.PHOTOS)
"""Who gives way first on a full disk: the bulk of it, which the law keeps for the shorter time."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What the policy says of one kind. `volumes` are those of any machine of the site."""

    kind: Kind
    kept_days: int
    volumes: frozenset[str]
    when_full: WhenFull

    def expires(self, now: datetime) -> datetime:
        """What is older has been kept for its term."""
        return now - timedelta(days=max(self.kept_days, self.kind.legal_days))

    def lawful(self, now: datetime) -> datetime:
        """What is older has been kept for as long as the guideline asks."""
        return now - timedelta(days=self.kind.legal_days)


def rules(profile: Profile) -> tuple[Rule, ...]:
    """A rule for each kind whose files are ever deleted."""
    table = profile.storage.retention
    return tuple(
        Rule(
            kind=kind,
            kept_days=table.days(kind),
            volumes=frozenset(
                volume for machine in profile.machines for volume in places(profile, machine)[kind]
            ),
            when_full=table.when_full(kind),
        )
        for kind in SWEPT
    )
