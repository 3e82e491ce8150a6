"""The models inside an image: what a machine that reaches registries alone can put there."""

from appliance.imaging.build import image_models
from appliance.models import locked_models
from appliance.profile.model import Reader

DETECTOR = "y5fu_640x_sim.onnx"


def test_an_image_needs_no_model_that_no_registry_has() -> None:
    inside = [locked_models()[name] for name in image_models(Reader.OWN)]
    assert len(inside) > 3
    assert all(model.package or model.packaged for model in inside)


def test_a_profile_that_asks_for_hyperlpr3_has_its_detector_inside() -> None:
    assert DETECTOR in image_models(Reader.HYPERLPR3)
