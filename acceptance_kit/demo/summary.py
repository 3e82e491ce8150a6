"""What became of each vehicle: the comparison of what came by with what was recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from acceptance_kit.peers.camera.camera import Shown
from appliance.guideline.dictionaries import PlateColour
from appliance.runtime.journal.values import RecordedPassage


@dataclass(frozen=True, slots=True)
class Outcome:
    """One vehicle, the passages recorded while it was there, and whether one was acknowledged."""

    barrier: str
    shown: Shown
    passages: tuple[RecordedPassage, ...]
    acknowledged: bool

    @property
    def correct(self) -> bool:
        """Plate read rightly, and colour too where the truth names one."""
        wanted = self.shown.vehicle
        return any(
            passage.plate == wanted.plate
            and (wanted.colour is PlateColour.OTHER or passage.plate_colour is wanted.colour)
            for passage in self.passages
        )


@dataclass(frozen=True, slots=True)
class Summary:
    """The last line of `gatehouse demo --once`, as JSON."""

    vehicles: int
    recorded: int
    correct: int
    acknowledged: int
    duplicates: int
    seconds: float

    @property
    def complete(self) -> bool:
        """Every vehicle recorded once and acknowledged, whatever was read."""
        return self.vehicles == self.recorded == self.acknowledged and not self.duplicates

    def as_dict(self) -> dict[str, float]:
        """Plain numbers."""
        return asdict(self)


def outcomes(
    appearances: Mapping[str, Sequence[Shown]],
    passages: Sequence[RecordedPassage],
    acknowledged: set[int],
) -> list[Outcome]:
    """Give each passage to the vehicle that came last before it in its lane."""
    found: list[Outcome] = []
    for barrier, vehicles in appearances.items():
        here = [passage for passage in passages if passage.barrier == barrier]
        for vehicle, following in zip(vehicles, [*vehicles[1:], None], strict=True):
            its = tuple(
                passage
                for passage in here
                if passage.passed_at >= vehicle.entered_at
                and (following is None or passage.passed_at < following.entered_at)
            )
            done = any(passage.id in acknowledged for passage in its)
            found.append(Outcome(barrier, vehicle, its, done))
    return found


def summarise(found: Sequence[Outcome], passages: int, seconds: float) -> Summary:
    """Count the outcomes; a passage beyond one a vehicle, or of no vehicle, is a duplicate."""
    recorded = sum(bool(outcome.passages) for outcome in found)
    return Summary(
        vehicles=len(found),
        recorded=recorded,
        correct=sum(outcome.correct for outcome in found),
        acknowledged=sum(outcome.acknowledged for outcome in found),
        duplicates=passages - recorded,
        seconds=round(seconds, 1),
    )
