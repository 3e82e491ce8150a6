"""Drawn scenes with more than one vehicle in the picture, and a reader that knows what is drawn."""

from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np

from acceptance_kit.peers.camera import gate, scene, trucks
from acceptance_kit.peers.camera.plates import draw_plate
from acceptance_kit.peers.camera.scene import Pose, Vehicle
from appliance.fonts import chinese_font
from appliance.runtime.vision.reading import Image, PlateReading

LEGIBLE = 60
"""Pixels of width from which a drawn plate is read."""


@dataclass(frozen=True)
class Placed:
    """A truck somewhere in the picture; `muddy` hides its plate, `lettering` stands on its cab."""

    vehicle: Vehicle
    at: Pose
    muddy: bool = False
    lettering: str = ""
    has_plate: bool = True

    @property
    def plate(self) -> tuple[float, float, float, float]:
        """Left, top, width, height."""
        return scene.plate_box(self.vehicle, self.at)


def at_distance(distance: float, aside: float = 0.0) -> Pose:
    """A truck so far away, in units of the place where it stands; `aside` in pixels there."""
    scale = 1 / distance
    x = gate.VANISHING[0] + aside * scale
    return Pose(scale, x, gate.HORIZON + (scene.STANDING_ROW - gate.HORIZON) * scale)


@lru_cache(maxsize=16)
def _layer(vehicle: Vehicle, muddy: bool, lettering: str, has_plate: bool) -> Image:
    sprite = trucks.truck(vehicle.plate, vehicle.colour, vehicle.light)
    layer = sprite.layer.copy()
    left, top, width, height = sprite.plate
    if muddy or not has_plate:
        layer[top - 6 : top + height + 6, left - 8 : left + width + 8, :3] = (52, 70, 84)
    if lettering:
        layer[345:440, 180:680, :3] = 235
        _write(layer, lettering, (195, 352), 74)
    return layer


def _write(image: Image, text: str, place: tuple[int, int], size: int) -> None:
    from PIL import Image as Pillow  # noqa: PLC0415
    from PIL import ImageDraw  # noqa: PLC0415

    canvas = Pillow.fromarray(np.ascontiguousarray(image[..., :3]))
    ImageDraw.Draw(canvas).text(place, text, font=chinese_font(size), fill=(20, 20, 160))
    image[..., :3] = np.asarray(canvas)


def picture(*placed: Placed, background: Image | None = None) -> Image:
    """The gate with these trucks, the farthest first."""
    view = (gate.gate("day") if background is None else background).copy()
    height, width = view.shape[:2]
    for one in sorted(placed, key=lambda one: one.at.scale):
        scale = one.at.scale
        move = np.array(
            (
                (scale, 0, one.at.x - trucks.MIDDLE * scale),
                (0, scale, one.at.y - trucks.GROUND * scale),
            ),
            np.float32,
        )
        layer = _layer(one.vehicle, one.muddy, one.lettering, one.has_plate)
        how = cv2.INTER_AREA if scale < 0.7 else cv2.INTER_LINEAR
        if scale < 0.7:
            small = cv2.resize(layer, None, fx=scale, fy=scale, interpolation=how)
            move[0, 0] = move[1, 1] = 1.0
            seen = cv2.warpAffine(np.asarray(small), move, (width, height))
        else:
            seen = cv2.warpAffine(layer, move, (width, height), flags=how)
        through = (255 - seen[..., 3:]).astype(np.float32) / 255
        view = np.clip(view * through + seen[..., :3], 0, 255).astype(np.uint8)
    return view


def with_trailer(view: Image, left: int) -> Image:
    """The side of a trailer passing close by the camera, whose near end is at column `left`."""
    seen = view.copy()
    right = left + 1500
    for start in range(max(left, 0), min(right, seen.shape[1])):
        shade = 120 + 25 * ((start - left) // 60 % 2)
        seen[90:700, start] = (shade, shade + 8, shade - 10)
    return seen


def parked_car(plate: str, colour: object, left: int, top: int, width: int = 150) -> Image:
    """The idle gate with a neighbour's car that has stood there all along."""
    view = gate.gate("day").copy()
    height = round(width * 140 / 440)
    cv2.rectangle(view, (left - 90, top - 120), (left + width + 90, top + height + 40), 90, -1)
    small = cv2.resize(draw_plate(plate, colour), (width, height), interpolation=cv2.INTER_AREA)
    view[top : top + height, left : left + width] = small
    return view


class DrawnReader:
    """Reads the plates that are drawn, where they are not muddy, small, or hidden."""

    def __init__(self) -> None:
        self.placed: tuple[Placed, ...] = ()
        self.painted: list[PlateReading] = []

    def read(self, image: Image) -> list[PlateReading]:
        found = list(self.painted)
        for one in self.placed:
            left, top, width, height = one.plate
            inside = left >= 0 and left + width <= image.shape[1] and top + height < image.shape[0]
            hidden = any(
                other.at.scale > one.at.scale
                and abs(other.at.x - left - width / 2) < 330 * other.at.scale
                for other in self.placed
            )
            if one.muddy or not one.has_plate or width < LEGIBLE or hidden or not inside:
                continue
            found.append(reading(one.vehicle, left, top, width, height))
        return found


def reading(
    vehicle: Vehicle, left: float, top: float, width: float, height: float, *, sure: float = 0.9
) -> PlateReading:
    """What a reader says of a plate at that place."""
    corners = [
        (left, top),
        (left + width, top),
        (left + width, top + height),
        (left, top + height),
    ]
    peaks = (sure,) * len(vehicle.plate)
    return PlateReading(vehicle.plate, vehicle.colour, peaks, np.array(corners, np.float32), 1)


def moved(placed: Placed, at: Pose) -> Placed:
    """The same truck elsewhere."""
    return replace(placed, at=at)
