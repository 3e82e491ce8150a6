"""A storage root with real files, rows that speak of them, and a clock the test turns.

`python -m video.archive ROOT MOMENT [STEP NUMBER]`, in the folder of the tests, sweeps a root as
a process of its own; with STEP it kills itself at the NUMBER-th time of that step.
"""

import os
import signal
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from hand_clock import ClockByHand
from journal.samples import numbered, receipt
from sites import demo_profile

from appliance.clock import BEIJING
from appliance.profile.model import Profile
from appliance.profile.storage import ROOT
from appliance.runtime.journal import Journal
from appliance.runtime.journal.values import OutboxState
from appliance.runtime.journal.video import Clip, Fragment, fragment_path
from appliance.runtime.video.sweeper import Sweeper, SweepStep
from appliance.runtime.video.trust import ClockTrust
from appliance.runtime.video.volumes import Volumes

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=BEIJING)
DAY = timedelta(days=1)


class TwoClocks(ClockByHand):
    """A wall clock that can be set without time passing."""

    def __init__(self, now: datetime) -> None:
        super().__init__(now)
        self.set_by = timedelta(0)

    def monotonic(self) -> float:
        return (self.time - self.set_by).timestamp()

    def step(self, by: timedelta) -> None:
        """Set the wall clock; no time passes."""
        self.time += by
        self.set_by += by


@dataclass
class Archive:
    """What a test fills and sweeps."""

    profile: Profile
    journal: Journal
    clock: TwoClocks
    volumes: Volumes
    agreed: bool = True

    @property
    def root(self) -> Path:
        return Path(self.profile.storage.root)

    def film(self, age: timedelta, minutes: int = 1, volume: str = ROOT, size: int = 100) -> None:
        """Fragments of one camera that began so long ago, with their files."""
        fragments = []
        for minute in range(minutes):
            at = self.clock.now() - age + timedelta(minutes=minute)
            path = fragment_path("a01-plate", at)
            file = self.journal.file_path(volume, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(os.urandom(size))
            fragments.append(Fragment("a01-plate", at, 60.0, volume, path, size))
        self.journal.video().add_fragments(fragments)

    def passage(self, number: int, age: timedelta) -> int:
        """A passage that old, delivered, with photos and a clip."""
        now, self.clock.time = self.clock.time, self.clock.time - age
        made = numbered("A01", number)
        made = type(made)(
            **{
                name: getattr(made, name)
                for name in made.__dataclass_fields__
                if name != "passed_at"
            },
            passed_at=self.clock.now(),
        )
        recorded, _ = self.journal.record(made)
        (message,) = self.journal.messages(recorded.id)
        self.journal.receive(message, receipt(), state=OutboxState.DONE)
        path = f"clips/{self.clock.now():%Y-%m-%d}/{number}.mp4"
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"clip")
        self.journal.video().add_clip(
            Clip(recorded.id, "a01-plate", made.passed_at, 12.0, ROOT, path, "0" * 64, 4)
        )
        self.clock.time = now
        return recorded.id

    def sweeper(self, **more) -> Sweeper:
        trust = ClockTrust(self.journal, self.clock, lambda: self.agreed)
        return Sweeper(self.profile, self.journal, self.clock, self.volumes, trust, **more)

    def files(self) -> set[str]:
        """Every file below the root but the journal's own."""
        return {
            file.relative_to(self.root).as_posix()
            for folder in ("video", "photos", "clips")
            for file in (self.root / folder).rglob("*")
            if file.is_file()
        }

    def named(self) -> set[str]:
        """Every file that a row says is there."""
        names = set()
        for table in ("fragments", "clips"):
            names |= {row["path"] for row in self.journal._database[table].rows}
        names |= {
            row["path"]
            for row in self.journal._database.query(
                "SELECT path FROM photos JOIN photo_shelf USING (passage_id)"
            )
        }
        return names


def open_archive(root: Path, now: datetime = NOW, **changes) -> Archive:
    """The archive at a root; everything lies in the data root unless `changes` add disks."""
    profile = demo_profile(root, **changes)
    clock = TwoClocks(now)
    return Archive(profile, Journal.open(root, clock), clock, Volumes.of(profile))


def main(root: str, moment: str, die_at: str = "", number: str = "1") -> None:
    seen = 0

    def step(now: SweepStep) -> None:
        nonlocal seen
        seen += now == die_at
        if now == die_at and seen == int(number):
            os.kill(os.getpid(), signal.SIGKILL)

    archive = open_archive(Path(root), datetime.fromisoformat(moment))
    archive.sweeper(step=step).sweep()


if __name__ == "__main__":
    main(*sys.argv[1:])
