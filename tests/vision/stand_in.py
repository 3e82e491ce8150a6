"""A network with the face of HyperLPR3's recogniser, whose own file could not be had.

It is a real ONNX file that the library opens and runs; only what it spells is not read from the
picture but told: one text for a bright picture, another for a dark one.
"""

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

STEPS, CLASSES = 20, 78


def write_recogniser(path: Path, characters: tuple[str, ...], *, bright: str, dark: str) -> None:
    """Write the file; `characters` are those of the classes behind blank."""
    nodes = [
        helper.make_node("ReduceMean", ["data"], ["mean"], keepdims=0),
        helper.make_node("Greater", ["mean", "nought"], ["is_bright"]),
        helper.make_node("Where", ["is_bright", "bright", "dark"], ["output"]),
    ]
    told = {
        "nought": np.float32(0),
        "bright": _spelled(bright, characters),
        "dark": _spelled(dark, characters),
    }
    graph = helper.make_graph(
        nodes,
        "stand-in",
        [helper.make_tensor_value_info("data", TensorProto.FLOAT, (1, 3, 48, 160))],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, (1, STEPS, CLASSES))],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in told.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())


def _spelled(text: str, characters: tuple[str, ...]) -> NDArray[np.float32]:
    """A character every other step, blank between them; with a dot before it, as late as can be."""
    spoken = text.removeprefix("·")
    first = STEPS + 1 - 2 * len(spoken) if spoken != text else 0
    places = {first + 2 * place: characters.index(each) + 1 for place, each in enumerate(spoken)}
    output = np.zeros((1, STEPS, CLASSES), np.float32)
    for step in range(STEPS):
        output[0, step, places.get(step, 0)] = 1.0
    return output
