"""hyperlpr3 without its surprise: importing it downloads unless a folder in HOME exists.

The import is made with HOME pointing at an empty folder that has the name it looks for, so that
it finds nothing to do; the networks themselves come from the model store. The library opens them
on every core of the machine; a box runs several lanes side by side, so they are opened anew on one.
"""

import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from appliance.runtime.vision.reading import Image
from appliance.runtime.vision.session import open_session

EXPECTED_FOLDER = ".hyperlpr3/20230229/onnx"


def multitask_detector(path: Path, side: int) -> Callable[[Image], NDArray[np.float32]]:
    """hyperlpr3's detector: image to rows of box 4, score, corners 8, layer (0 single)."""
    detector = _library().inference.multitask_detect.MultiTaskDetectorORT(
        str(path), input_size=(side, side)
    )
    detector.session = open_session(path)
    return lambda image: np.asarray(detector(image), np.float32).reshape(-1, 14)


def recogniser(path: Path) -> Callable[[Image], NDArray[np.float32]]:
    """hyperlpr3's recogniser: one straight row of a plate to steps x (blank + `characters`)."""
    network = _library().inference.recognition.PPRCNNRecognitionORT(str(path))
    network.session = open_session(path)

    def steps(row: Image) -> NDArray[np.float32]:
        return np.asarray(network._run_session(network._preprocess(row))[0][0], np.float32)

    return steps


def characters() -> tuple[str, ...]:
    """What the recogniser's classes behind blank stand for, in order."""
    return tuple(_library().common.tokenize.token[1:])


def classifier(path: Path) -> Callable[[Image], NDArray[np.float32]]:
    """hyperlpr3's classifier: a straight plate to the probabilities of blue, green, yellow."""
    network = _library().inference.classification.ClassificationORT(str(path))
    network.session = open_session(path)
    return lambda plate: np.asarray(network(plate), np.float32).ravel()


@cache
def _library() -> Any:
    home = os.environ.get("HOME")
    with tempfile.TemporaryDirectory(prefix="gatehouse-hyperlpr3-") as folder:
        (Path(folder) / EXPECTED_FOLDER).mkdir(parents=True)
        os.environ["HOME"] = folder
        try:
            import hyperlpr3.common.tokenize  # noqa: PLC0415 - see above
            import hyperlpr3.inference.classification  # noqa: PLC0415
            import hyperlpr3.inference.multitask_detect  # noqa: PLC0415
            import hyperlpr3.inference.recognition  # noqa: PLC0415
        finally:
            if home is None:
                del os.environ["HOME"]
            else:
                os.environ["HOME"] = home
    # As the library itself does: its files make the runtime warn a hundred times.
    onnxruntime.set_default_logger_severity(3)
    return hyperlpr3
