"""Write trained weights as ONNX. Run: python -m training.export var/training/weights.pt OUT.onnx

The file takes a straightened plate as bytes (N x 48 x 168 x 3, blue first) and gives
probabilities; its alphabet and colours stand in its metadata. Weights are stored as 16-bit
numbers and widened when the file is opened: half the size, the same arithmetic.
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

from appliance.runtime.vision.grammar import ALPHABET
from appliance.runtime.vision.own import COLOURS, HEIGHT, WIDTH
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


def export(weights: Path, target: Path) -> None:
    """Write `target`; raises ValueError when it is larger than the appliance wants."""
    network = OwnReader().eval()
    network.load_state_dict(torch.load(weights, weights_only=True))
    buffer = io.BytesIO()
    torch.onnx.export(
        Deployed(network).eval(),
        (torch.zeros(1, HEIGHT, WIDTH, 3, dtype=torch.uint8),),
        buffer,
        input_names=["picture"],
        output_names=["text", "colour"],
        dynamic_axes={name: {0: "n"} for name in ("picture", "text", "colour")},
        opset_version=OPSET,
        dynamo=False,
    )
    model = onnx.load_from_string(buffer.getvalue())
    halve(model)
    for key, value in (("characters", ALPHABET), ("colours", ",".join(COLOURS))):
        model.metadata_props.add(key=key, value=value)
    model.doc_string = "gatehouse's own plate reader; see docs/model-card.md"
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
    options = parser.parse_args()
    export(options.weights, options.target)


if __name__ == "__main__":
    main()
