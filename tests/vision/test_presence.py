"""The empty lane as it is learnt: slow changes of light are followed, and nothing is forgotten."""

import numpy as np
import pytest

from appliance.runtime.vision.presence import Presence
from appliance.runtime.vision.reading import Image

PAUSE = 0.12
LOOKS = 600
"""More than a minute of an empty lane."""


def lane(noise: np.random.Generator, *, truck: bool = False) -> Image:
    """A road between grass under a sky, with a camera's noise; a grey truck hardly stands out."""
    picture = np.full((180, 320, 3), (210, 190, 170), np.int16)
    picture[70:] = (70, 120, 90)
    picture[70:, 90:230] = (100, 100, 100)
    if truck:
        picture[60:150, 110:210] = (140, 140, 140)
    noisy = picture + noise.integers(-12, 13, picture.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def test_a_lane_that_was_empty_for_long_sees_a_truck_as_well_as_at_first() -> None:
    noise = np.random.default_rng(3)
    fresh, long = Presence(), Presence()
    fresh.occupied_share(lane(noise), 0)
    for number in range(LOOKS):
        assert long.occupied_share(lane(noise), number * PAUSE) == 0
    truck = lane(noise, truck=True)
    assert long.empty is not None
    assert abs(float(long.empty[0].std()) - 1) < 0.02
    seen = long.occupied_share(truck, LOOKS * PAUSE)
    assert seen > 0.98 * fresh.occupied_share(truck, LOOKS * PAUSE) > 0.1


def test_dusk_that_falls_slowly_is_no_vehicle() -> None:
    noise = np.random.default_rng(4)
    watch = Presence()
    for number in range(400):
        darker = (lane(noise) * (1 - number / 500)).astype(np.uint8)
        assert watch.occupied_share(darker, number * PAUSE) < 0.01


@pytest.mark.parametrize("pause", [PAUSE, 1.0])
def test_a_shadow_that_moves_over_the_road_is_no_vehicle_however_often_it_is_looked_at(
    pause: float,
) -> None:
    noise = np.random.default_rng(5)
    watch = Presence()
    for number in range(round(10 / pause)):
        shade = lane(noise).astype(np.float32)
        shade[70:, 90:160] *= 1 - 0.05 * number * pause
        assert watch.occupied_share(shade.astype(np.uint8), number * pause) < 0.03
