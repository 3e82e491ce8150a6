"""The models inside an image: what a machine that reaches registries alone can put there."""

from pathlib import Path

from appliance.imaging.build import image_models
from appliance.models import ModelStore, locked_models
from appliance.profile.model import Reader

DETECTOR = "y5fu_640x_sim.onnx"
NOTHING_HERE = ModelStore((), cache=Path("/nonexistent"))


def test_an_image_needs_no_model_that_no_registry_has() -> None:
    inside = [locked_models()[name] for name in image_models(Reader.OWN, NOTHING_HERE)]
    assert len(inside) > 3
    assert all(model.package or model.packaged for model in inside)


def test_a_profile_that_asks_for_hyperlpr3_has_its_detector_inside() -> None:
    assert DETECTOR in image_models(Reader.HYPERLPR3, NOTHING_HERE)
