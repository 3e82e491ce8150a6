"""What the own reader is trained on: legal numbers, the right pictures, nothing held out."""

import numpy as np
import pytest

from appliance.guideline.dictionaries import PlateColour
from appliance.runtime.vision.grammar import ALPHABET, is_plate, patterns_of
from training import held_out, weather
from training.evaluate import wilson
from training.plates import KINDS, Kind


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_drawn_text_is_numbered_as_a_plate_of_its_colour(kind: Kind) -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        text = kind.text(rng)
        assert is_plate(text, patterns_of(kind.colour)), text


def test_every_colour_of_the_guideline_is_drawn() -> None:
    assert {kind.colour for kind in KINDS} == set(PlateColour)


def test_a_source_is_trained_on_or_held_out_by_the_committed_rules() -> None:
    def row(source: str) -> held_out.Row:
        return {"file": "photos/0001.jpg", "source": source}

    assert not held_out.is_held_out(row("sirius-ai/LPRNet_Pytorch"))
    assert held_out.is_held_out(row("liuruoze/EasyPR"))
    assert held_out.is_held_out(row("a source that nobody thought of"))


def test_the_bounds_of_a_share_are_wilsons() -> None:
    # Worked by hand for 9 of 10.
    assert wilson(9, 10) == pytest.approx((0.596, 0.982), abs=1e-3)
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.shared
def test_the_same_seed_draws_the_same_batch_and_labels_that_the_network_knows() -> None:
    if not held_out.PLATES.is_dir():
        pytest.skip("glyphs and crops lie in ../shared, which is absent")
    from training.dataset import batch, real_crops  # noqa: PLC0415 - reads ../shared

    crops = real_crops()
    first, again, other = (batch(crops, 12, 5, index) for index in (3, 3, 4))
    assert np.array_equal(first.pictures, again.pictures)
    assert not np.array_equal(first.pictures, other.pictures)
    assert first.labels.min() >= 1
    assert first.labels.max() <= len(ALPHABET)
    assert first.lengths.sum() == len(first.labels) == len(first.middles)


@pytest.mark.shared
def test_no_held_out_plate_is_among_the_crops_that_are_trained_on() -> None:
    if not held_out.PLATES.is_dir():
        pytest.skip("the crops lie in ../shared, which is absent")
    from training.dataset import real_crops  # noqa: PLC0415 - reads ../shared

    apart = {row["plate"] for row in held_out.rows() if held_out.is_held_out(row)}
    assert apart.isdisjoint(crop.text for crop in real_crops())


@pytest.mark.shared
def test_the_cuts_for_the_corner_network_are_drawn_alike_for_the_same_seed() -> None:
    if not held_out.PLATES.is_dir():
        pytest.skip("the glyphs lie in ../shared, which is absent")
    from training.scenes import cut  # noqa: PLC0415 - reads ../shared

    def drawn(seed: int) -> list[tuple[bytes, int, bytes]]:
        rng = np.random.default_rng(seed)
        cuts = [cut(rng) for _ in range(40)]
        return [(each.picture.tobytes(), each.rows, each.corners.tobytes()) for each in cuts]

    first = drawn(5)
    assert first == drawn(5)
    assert first != drawn(6)
    assert {rows for _, rows, _ in first} == {0, 1, 2}


@pytest.mark.parametrize(("share", "grey"), [(1.0, True), (0.0, False)])
def test_a_picture_of_infrared_light_has_no_colour_in_its_noise_either(
    share: float, grey: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weather, "INFRARED_SHARE", share)
    coloured = np.full((30, 90, 3), (190, 70, 20), np.float32)
    pictures = [weather.sensor(coloured, np.random.default_rng(seed), 0.5) for seed in range(20)]
    assert all((np.ptp(picture, axis=2).max() <= 1) == grey for picture in pictures)
