"""A script of vehicles before the camera, answering with one picture for any instant.

Everything follows from the arguments: the same scene shows the same picture at the same second.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import cv2
import numpy as np

from acceptance_kit.peers.camera import gate as ground
from acceptance_kit.peers.camera import trucks
from acceptance_kit.peers.camera.brush import Picture
from acceptance_kit.peers.camera.plates import check_plate
from acceptance_kit.peers.camera.trucks import Light, Sprite
from appliance.guideline.dictionaries import PlateColour
from appliance.trouble import Trouble

WIDTH, HEIGHT = ground.WIDTH, ground.HEIGHT
APPROACH_SECONDS, STAND_SECONDS, LEAVE_SECONDS = 2.8, 2.6, 1.4
DRIVE_SECONDS = APPROACH_SECONDS + STAND_SECONDS + LEAVE_SECONDS
# Distances from the camera are in units of the place where a vehicle stands.
FARTHEST, NEAREST = 7.0, 0.45
STANDING_ROW = 704.0  # where the front tyres touch the road then


class PhotoUnreadable(Trouble):
    """A vehicle's photo is not there, or no picture; one Chinese sentence."""


@dataclass(frozen=True, slots=True)
class Vehicle:
    """What comes to the gate: drawn with its plate, or a real photo of it when `image` is set."""

    plate: str
    colour: PlateColour
    light: Light = "day"
    image: Path | None = None


@dataclass(frozen=True, slots=True)
class Appearance:
    """A vehicle is in the picture from `enters_at` until just before `leaves_at` (seconds)."""

    vehicle: Vehicle
    enters_at: float
    leaves_at: float


@dataclass(frozen=True, slots=True)
class Pose:
    """How large a truck is seen, and where the middle of its front axle stands in the picture."""

    scale: float
    x: float
    y: float


class Scene:
    """Idle gate, vehicle, idle gate, next vehicle; over and over when `repeat` is set.

    A drawn truck approaches, stands and drives on past the camera (6.8 s); a photo is shown steady
    for `photo_seconds`. `lead_seconds` of idle gate come first, and after every vehicle
    `gap_seconds` (`photo_gap_seconds` after a photo). Raises ValueError for a plate that cannot
    be drawn and PhotoUnreadable for a photo that is not there.
    """

    def __init__(
        self,
        vehicles: Sequence[Vehicle],
        *,
        repeat: bool = False,
        lead_seconds: float = 1.0,
        gap_seconds: float = 2.0,
        photo_seconds: float = 2.0,
        photo_gap_seconds: float = 1.6,
    ) -> None:
        script = []
        now = lead_seconds
        for vehicle in vehicles:
            enters = now
            if vehicle.image is None:
                check_plate(vehicle.plate, vehicle.colour)
                now += DRIVE_SECONDS
            else:
                _decode(vehicle.image, cv2.IMREAD_REDUCED_GRAYSCALE_8)  # now, and not on air
                now += photo_seconds
            script.append(Appearance(vehicle, enters, now))
            now += gap_seconds if vehicle.image is None else photo_gap_seconds
        self.appearances = tuple(script)
        self.seconds = now  # with `repeat` the script begins again then
        self.ends_at = script[-1].leaves_at if script else 0.0
        self.repeat = repeat
        self._last: tuple[object, Picture] | None = None
        for light in {"day": None, **{one.light: None for one in vehicles}}:
            idle(light)  # now, and not between two live pictures

    def showing(self, seconds: float) -> tuple[int, Appearance] | None:
        """Which appearance is in the picture; None for the idle gate.

        The number counts on through repetitions: in the second round of three vehicles it is
        3, 4 and 5, and the appearance's instants are those of that round.
        """
        done, within = self._round(seconds)
        for place, one in enumerate(self.appearances):
            if one.enters_at <= within < one.leaves_at:
                start = done * self.seconds
                this_time = Appearance(one.vehicle, start + one.enters_at, start + one.leaves_at)
                return done * len(self.appearances) + place, this_time
        return None

    def frame_at(self, seconds: float) -> Picture:
        """The picture of that instant: BGR, 1280x720, not to be written to.

        A picture that did not change is the same object as before, so that the caller can spare
        itself the conversion. Raises PhotoUnreadable.
        """
        _, within = self._round(seconds)
        coming = self._coming(within)
        if coming is None or within < coming.enters_at or within >= coming.leaves_at:
            return idle(coming.vehicle.light if coming else "day")
        vehicle = coming.vehicle
        if vehicle.image is not None:
            return photo(vehicle.image)
        at = pose(within - coming.enters_at)
        if self._last is None or self._last[0] != (vehicle, at):
            self._last = ((vehicle, at), _compose(vehicle, at))
        return self._last[1]

    def prepare(self, seconds: float) -> None:
        """Draw the vehicle that comes next (about 0.2 s), while the gate is idle.

        For a live caller, who has just shown `frame_at(seconds)` and has time; without it the
        vehicle's first picture is late.
        """
        coming = self._coming(self._round(seconds)[1])
        if coming is not None and coming.vehicle.image is None and self.showing(seconds) is None:
            _sprite(coming.vehicle)

    def _round(self, seconds: float) -> tuple[int, float]:
        """How many rounds are done, and the seconds within this one; idle before second 0."""
        if self.repeat and seconds >= 0 and self.appearances:
            done, within = divmod(seconds, self.seconds)
            return int(done), within
        return 0, seconds

    def _coming(self, within: float) -> Appearance | None:
        """The vehicle that is there or comes next; after the last one still the last.

        The light of the idle gate is that of the vehicle it waits for.
        """
        for one in self.appearances:
            if within < one.leaves_at:
                return one
        return self.appearances[-1] if self.appearances else None


def pose(seconds: float) -> Pose:
    """Where a drawn truck is, so many seconds after it came into the picture."""
    standing = seconds - APPROACH_SECONDS
    leaving = (standing - STAND_SECONDS) / LEAVE_SECONDS
    distance, aside = 1.0, 0.0
    if standing < 0:  # brakes evenly
        distance += (FARTHEST - 1) * (standing / APPROACH_SECONDS) ** 2
    elif leaving > 0:  # past the camera on the left, until the sprite's last column is out
        distance -= (1 - NEAREST) * leaving**1.7
        aside = -leaving * leaving * (ground.VANISHING[0] * NEAREST + trucks.MIDDLE)
    scale = 1 / distance
    x = ground.VANISHING[0] + aside * scale
    return Pose(scale, x, ground.HORIZON + (STANDING_ROW - ground.HORIZON) * scale)


@cache
def idle(light: Light) -> Picture:
    """The gate with nobody there."""
    return _noted(ground.gate(light).copy(), ground.DRAWN_NOTE)


@lru_cache(maxsize=2)
def photo(path: Path) -> Picture:
    """A real photo, whole, as large as the picture holds it, on black."""
    raw = _decode(path, cv2.IMREAD_COLOR)
    scale = min(WIDTH / raw.shape[1], HEIGHT / raw.shape[0])
    width, height = (max(1, round(side * scale)) for side in (raw.shape[1], raw.shape[0]))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    view = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    left, top = (WIDTH - width) // 2, (HEIGHT - height) // 2
    view[top : top + height, left : left + width] = cv2.resize(
        raw, (width, height), interpolation=how
    )
    return _noted(view, ground.PHOTO_NOTE)


def _decode(path: Path, how: int) -> Picture:
    """The picture in a file; raises PhotoUnreadable."""
    try:
        raw = cv2.imdecode(np.fromfile(path, np.uint8), how)
    except (OSError, cv2.error):  # not there, or empty
        raw = None
    if raw is None:
        raise PhotoUnreadable(f"{path} 不存在或不是图片，请更换。")
    return np.asarray(raw, np.uint8)


def plate_box(vehicle: Vehicle, at: Pose) -> tuple[float, float, float, float]:
    """Where a drawn vehicle's plate is in the picture: left, top, width, height in pixels."""
    left, top, width, height = _sprite(vehicle).plate
    return (
        at.x + (left - trucks.MIDDLE) * at.scale,
        at.y + (top - trucks.GROUND) * at.scale,
        width * at.scale,
        height * at.scale,
    )


def _sprite(vehicle: Vehicle) -> Sprite:
    return trucks.truck(vehicle.plate, vehicle.colour, vehicle.light)


def _compose(vehicle: Vehicle, at: Pose) -> Picture:
    """The truck over the gate. Only the part of the picture that it covers is touched."""
    sprite = _sprite(vehicle)
    view = ground.gate(vehicle.light).copy()
    left, right = _span(at.x - trucks.MIDDLE * at.scale, trucks.WIDTH * at.scale, WIDTH)
    top, bottom = _span(at.y - trucks.GROUND * at.scale, trucks.HEIGHT * at.scale, HEIGHT)
    if left < right and top < bottom:
        layer, shrunk = sprite.layer, 1.0
        for smaller, factor in zip(sprite.smaller, (0.5, 0.25), strict=True):
            if at.scale <= factor:  # thinned out from full size, the plate would flicker
                layer, shrunk = smaller, factor
        scale = at.scale / shrunk
        across = at.x - trucks.MIDDLE * at.scale - left
        down = at.y - trucks.GROUND * at.scale - top
        move = np.array(((scale, 0, across), (0, scale, down)), np.float32)
        seen = cv2.warpAffine(layer, move, (right - left, bottom - top), flags=cv2.INTER_LINEAR)
        part = view[top:bottom, left:right]
        shine_through = cv2.cvtColor(255 - seen[:, :, 3], cv2.COLOR_GRAY2BGR)
        behind = cv2.multiply(part, shine_through, scale=1 / 255)
        cv2.add(behind, cv2.cvtColor(seen, cv2.COLOR_BGRA2BGR), dst=part)
    return _noted(view, ground.DRAWN_NOTE)


def _span(start: float, length: float, limit: int) -> tuple[int, int]:
    """The whole pixels of a stretch that lie within the picture."""
    return max(0, math.floor(start)), min(limit, math.ceil(start + length))


def _noted(view: Picture, words: str) -> Picture:
    strip = ground.note(words)
    view[: strip.shape[0], : strip.shape[1]] = strip
    view.setflags(write=False)
    return view
