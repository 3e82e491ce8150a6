"""Sixteen days that a gate has behind it, and what its vehicles truly were.

No bed waits for fifteen days of stable transmission (9.1), nor for 598 vehicles (4.5.1-1). So the
journal of a site whose gate has been at work that long is written by the box's own journal, with a
clock that runs ahead by hand: passages with photos and clips, receipts, a status message an hour.
It is laid under the programs of the box, which go on from there.
"""

import hashlib
import io
import itertools
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import cv2
from hand_clock import ClockByHand

from acceptance_kit.peers.camera.scene import Scene
from acceptance_kit.peers.camera.scene import Vehicle as Drawn
from appliance.clock import SystemClock
from appliance.guideline.dictionaries import EmissionStage, PlateColour, RaiseMethod
from appliance.guideline.messages import STATUS, Result
from appliance.profile.loading import load_profile
from appliance.profile.model import Lane
from appliance.runtime.journal import Journal
from appliance.runtime.journal.values import (
    Admission,
    Decision,
    OutboxItem,
    OutboxState,
    Passage,
    Photo,
    PhotoKind,
    Receipt,
    Vehicle,
)
from appliance.runtime.journal.vehicles import read_vehicles_csv
from appliance.runtime.journal.video import Clip

from .bed import Bed
from .bed.places import REPOSITORY
from .installer import SITE

DAYS = 16
REGISTER = REPOSITORY / "site_profiles" / "demo-vehicles.csv"
STORE = "/var/lib/gatehouse"
JOURNAL = "journal.sqlite3"
PARTS = (JOURNAL, "photos", "clips")
HOUR, STEP = timedelta(hours=1), timedelta(minutes=30)
DAYLIGHT = range(8, 18)
"""Hours in which a vehicle passes each barrier every half an hour: 640 in sixteen days."""

ADMITTED = {EmissionStage.CHINA_5, EmissionStage.CHINA_6, EmissionStage.ELECTRIC}
STATE = '{"state": "正常", "production": "正常"}'
STANDS = 4.5
"""Seconds into a drawn truck's scene: it stands before the camera."""

CLIP_SECONDS = 12.0


@dataclass(frozen=True, slots=True)
class Past:
    """`store` is what lies in the box's store, `truths` the table of an accuracy trial over it."""

    store: Path
    truths: Path

    def lay_under(self, box: Bed) -> None:
        """Put it in the place of what the box's programs have recorded so far."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for name in PARTS:
                archive.add(self.store / name, name)
        places = [f"{STORE}/{name}" for name in PARTS]
        box.run(["systemctl", "stop", "gatehouse.service"])
        box.run(["rm", "-rf", *places, *(f"{STORE}/{JOURNAL}{end}" for end in ("-wal", "-shm"))])
        unpack = ["tar", "--extract", "--no-same-owner", "--same-permissions", "-C", STORE]
        box.run(unpack, input=packed.getvalue(), text=False)
        box.run(["chown", "-R", "gatehouse:gatehouse", *places])
        box.run(["systemctl", "start", "gatehouse.service"])


def past(folder: Path) -> Past:
    """Write it below `folder`."""
    store = folder / "store"
    now = SystemClock().now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    clock = ClockByHand(midnight - timedelta(days=DAYS))
    register = read_vehicles_csv(REGISTER)
    with Journal.open(store, clock) as journal:
        journal.put_vehicles(register)
        gate = _Gate(journal, store, clock, _film(folder))
        coming = itertools.cycle(_admitted(register))
        for hour in _hours(clock.time, now):
            clock.time = hour
            gate.tells_how_it_is()
            if hour.hour in DAYLIGHT and hour < midnight:
                for at, lane in itertools.product((hour, hour + STEP), load_profile(SITE).lanes()):
                    gate.lets_pass(next(coming), lane, at)
    truths = folder / "truths.tsv"
    rows = "".join(f"{number}\t=\t\n" for number in range(1, gate.passed + 1))
    truths.write_text(f"passage\tplate\tcolour\n{rows}", "utf-8")
    return Past(store, truths)


@dataclass
class _Gate:
    """The gate of that time; `film` is what each clip shows."""

    journal: Journal
    store: Path
    clock: ClockByHand
    film: bytes
    passed: int = 0

    def tells_how_it_is(self) -> None:
        """The state message of the hour."""
        self._taken(self.journal.owe_news(STATUS, STATE))

    def lets_pass(self, vehicle: Vehicle, lane: Lane, at: datetime) -> None:
        """One vehicle, of which the platform is told at once."""
        self.passed += 1
        self.clock.time = at
        passage, _ = self.journal.record(
            Passage(
                key=f"past-{self.passed}",
                entrance=lane.entrance.id,
                barrier=lane.barrier.id,
                position=lane.barrier.position,
                direction=lane.barrier.direction,
                passed_at=at,
                plate=vehicle.plate,
                plate_colour=vehicle.plate_colour,
                confidence=0.99,
                admission=Admission(Decision.ADMIT, "stage", "符合排放标准"),
                raise_method=RaiseMethod.AUTOMATIC,
                vehicle=vehicle,
                photos=tuple(
                    Photo(kind, _picture(vehicle.plate, vehicle.plate_colour, kind))
                    for kind in PhotoKind
                ),
            )
        )
        (message,) = self.journal.messages(passage.id)
        self._taken(message)
        path = f"clips/{at:%Y-%m-%d}/{passage.id:08d}-{lane.camera.id}.mp4"
        file = self.store / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(self.film)
        self.journal.video().add_clip(
            Clip(
                passage_id=passage.id,
                camera=lane.camera.id,
                began_at=at - timedelta(seconds=CLIP_SECONDS / 2),
                seconds=CLIP_SECONDS,
                volume="root",
                path=path,
                sha256=hashlib.sha256(self.film).hexdigest(),
                bytes=len(self.film),
            )
        )

    def _taken(self, message: OutboxItem) -> None:
        at = self.clock.time + timedelta(seconds=2)
        sent = self.journal.begin_attempt(message)
        self.journal.receive(sent, Receipt(Result.RECEIVED, "", at), state=OutboxState.DONE)


def _hours(first: datetime, last: datetime) -> Iterator[datetime]:
    return itertools.takewhile(
        lambda hour: hour < last, (first + HOUR * n for n in itertools.count())
    )


def _admitted(register: list[Vehicle]) -> list[Vehicle]:
    """Those of the register that the site lets in."""
    return [each for each in register if each.emission_stage in ADMITTED]


@cache
def _picture(plate: str, colour: PlateColour, kind: PhotoKind) -> bytes:
    """The truck as a simulated camera shows it: whole, or from the front."""
    picture = Scene((Drawn(plate, colour),)).frame_at(STANDS)
    if kind is PhotoKind.FRONT:
        height, width = picture.shape[:2]
        picture = picture[height // 4 :, width // 4 : -width // 4]
    small = cv2.resize(picture, (320, 180), interpolation=cv2.INTER_AREA)
    return bytes(cv2.imencode(".jpg", small)[1].tobytes())


def _film(folder: Path) -> bytes:
    """Some seconds of a grey lane."""
    file = folder / "clip.mp4"
    source = f"color=gray:size=64x36:rate=5:duration={CLIP_SECONDS}"
    command = ["ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", source, "-c:v", "libx264"]
    subprocess.run([*command, "-y", file], check=True, stdin=subprocess.DEVNULL)
    return file.read_bytes()
