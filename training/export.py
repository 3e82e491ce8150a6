"""Write trained weights as ONNX. Run: python -m training.export [--kind KIND] WEIGHTS.pt OUT.onnx

The reader takes a straightened plate as bytes (N x 48 x 168 x 3, blue first) and gives
probabilities; its alphabet and colours stand in its metadata. The corner network takes a cut
(N x 96 x 128 x 3) and gives corners in the cut's pixels and probabilities of no plate, one row, two
rows. The finder takes a picture of any size that is a multiple of 32 (N x H x W x 3) and gives a
likelihood of a plate's middle and its place and size for each cell (N x 5 x H/8 x W/8). Weights are
stored as 16-bit numbers and widened when the file is opened: half the size, the same
arithmetic.
"""

import argparse
import hashlib
import io
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn

from appliance.runtime.vision import corners
from appliance.runtime.vision.grammar import ALPHABET
from appliance.runtime.vision.own import COLOURS, HEIGHT, WIDTH
from training import pictures
from training.corner_network import CornerNetwork, places
from training.finder_network import FinderNetwork
from training.network import OwnReader

OPSET = 17


class Deployed(nn.Module):
    """The network with the appliance's input and output around it."""

    def __init__(self, network: OwnReader) -> None:
        super().__init__()
        self.network = network

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Bytes N x H x W x 3 to probabilities of characters and of colours."""
        text, colour = self.network(picture.permute(0, 3, 1, 2).float() / 255)
        return text.softmax(2), colour.softmax(1)


class DeployedCorners(nn.Module):
    """The corner network with the appliance's input and output around it."""

    def __init__(self, network: CornerNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Bytes N x H x W x 3 to corners (N x 4 x 2) and probabilities (N x 3)."""
        maps, kinds = self.network(picture.permute(0, 3, 1, 2).float() / 255)
        return places(maps), kinds.softmax(1)


class DeployedFinder(nn.Module):
    """The finder with the appliance's input and output around it."""

    def __init__(self, network: FinderNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, picture: Tensor) -> Tensor:
        """Bytes N x H x W x 3 to N x 5 x H/8 x W/8, the first of the five a probability."""
        told = self.network(picture.permute(0, 3, 1, 2).float() / 255)
        return torch.cat((told[:, :1].sigmoid(), told[:, 1:]), 1)


def export_reader(weights: Path, target: Path) -> None:
    """Write the reader."""
    network = OwnReader().eval()
    network.load_state_dict(torch.load(weights, weights_only=True))
    facts = {"characters": ALPHABET, "colours": ",".join(COLOURS)}
    _write(Deployed(network), (HEIGHT, WIDTH), ["text", "colour"], facts, target)


def export_corners(weights: Path, target: Path) -> None:
    """Write the corner network."""
    network = CornerNetwork().eval()
    network.load_state_dict(torch.load(weights, weights_only=True))
    size = (corners.HEIGHT, corners.WIDTH)
    _write(DeployedCorners(network), size, ["corners", "kinds"], {}, target)


def export_finder(weights: Path, target: Path) -> None:
    """Write the finder."""
    network = FinderNetwork().eval()
    network.load_state_dict(torch.load(weights, weights_only=True))
    size = (pictures.HEIGHT, pictures.WIDTH)
    _write(DeployedFinder(network), size, ["told"], {}, target, any_size=True)


def _write(
    network: nn.Module,
    size: tuple[int, int],
    outputs: list[str],
    facts: dict[str, str],
    target: Path,
    *,
    any_size: bool = False,
) -> None:
    """Write `target`; raises ValueError when it is larger than the appliance wants."""
    buffer = io.BytesIO()
    axes = {name: {0: "n"} for name in ("picture", *outputs)}
    if any_size:
        axes["picture"] |= {1: "height", 2: "width"}
        axes[outputs[0]] |= {2: "rows", 3: "columns"}
    torch.onnx.export(
        network.eval(),
        (torch.zeros(1, *size, 3, dtype=torch.uint8),),
        buffer,
        input_names=["picture"],
        output_names=outputs,
        dynamic_axes=axes,
        opset_version=OPSET,
        dynamo=False,
    )
    model = onnx.load_from_string(buffer.getvalue())
    halve(model)
    for key, value in facts.items():
        model.metadata_props.add(key=key, value=value)
    model.doc_string = "one of gatehouse's own networks; see docs/model-card.md"
    onnx.checker.check_model(model)
    data = model.SerializeToString()
    if len(data) > 3_000_000:
        raise ValueError(f"{len(data)} bytes are more than three megabytes")
    target.write_bytes(data)
    print(f"{target}: {len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}")


def halve(model: onnx.ModelProto) -> None:
    """Store large weights as 16-bit floats, each behind a Cast that opening folds away."""
    graph = model.graph
    casts = []
    for weights in graph.initializer:
        values = numpy_helper.to_array(weights)
        if values.dtype == np.float32 and values.size > 256:
            name = weights.name
            weights.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_16"))
            casts.append(
                helper.make_node("Cast", [f"{name}_16"], [name], to=onnx.TensorProto.FLOAT)
            )
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("target", type=Path)
    kinds = {"reader": export_reader, "corners": export_corners, "finder": export_finder}
    parser.add_argument("--kind", choices=kinds, default="reader", help="which network's weights")
    options = parser.parse_args()
    kinds[options.kind](options.weights, options.target)


if __name__ == "__main__":
    main()
