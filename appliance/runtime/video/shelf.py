"""Where new files of a kind go: the places that the policy names, as far as they can be used."""

from dataclasses import dataclass

from appliance.guideline.retention import Kind
from appliance.runtime.journal import Journal
from appliance.runtime.video.volumes import Volumes


class NoPlace(Exception):
    """No volume can be used now; the message is a Chinese clause."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where files of a kind may lie: the places of the policy, and whether they can be used."""

    kind: Kind
    places: tuple[str, ...]
    volumes: Volumes

    def choose(self, journal: Journal) -> str:
        """The usable place with the most room. Raises NoPlace, OSError."""
        state = journal.storage()
        if state is not None and self.kind in state.stopped:
            raise NoPlace(f"磁盘已满，{self.kind.called}停止存入")
        troubles = {place: self.volumes.trouble(place) for place in self.places}
        usable = [place for place, trouble in troubles.items() if trouble is None]
        if not usable:
            raise NoPlace("；".join(each for each in troubles.values() if each))
        return max(usable, key=lambda place: self.volumes.space(place).free)
