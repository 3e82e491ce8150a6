"""How long to wait before trying again: growing, capped, and never in step with other gates."""

import random
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Pauses:
    """Pauses in seconds from `first` to `limit`, doubling with each failure."""

    first: float
    limit: float
    # Only spreads the load: after an outage all gates of a province come back at once.
    chance: random.Random = field(default_factory=random.Random)

    def step(self, failures: int) -> float:
        """The longest pause after that many failures in a row (1 or more)."""
        return min(self.limit, self.first * 2.0 ** min(failures - 1, 32))

    def after(self, failures: int) -> float:
        """The pause after that many failures in a row: half to all of its step."""
        return self.step(failures) * self.chance.uniform(0.5, 1)
