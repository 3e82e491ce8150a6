"""hyperlpr3 without its surprise: importing it downloads unless a folder in HOME exists.

The import is made with HOME pointing at an empty folder that has the name it looks for, so that
it finds nothing to do; the networks themselves come from the model store.
"""

import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.runtime.vision.reading import Image

EXPECTED_FOLDER = ".hyperlpr3/20230229/onnx"


def multitask_detector(path: Path, side: int) -> Callable[[Image], NDArray[np.float32]]:
    """hyperlpr3's detector: image to rows of box 4, score, corners 8, layer (0 single)."""
    detector: Any = _library().MultiTaskDetectorORT(str(path), input_size=(side, side))
    return lambda image: np.asarray(detector(image), np.float32).reshape(-1, 14)


@cache
def _library() -> ModuleType:
    home = os.environ.get("HOME")
    with tempfile.TemporaryDirectory(prefix="gatehouse-hyperlpr3-") as folder:
        (Path(folder) / EXPECTED_FOLDER).mkdir(parents=True)
        os.environ["HOME"] = folder
        try:
            from hyperlpr3.inference import multitask_detect  # noqa: PLC0415 - see above
        finally:
            if home is None:
                del os.environ["HOME"]
            else:
                os.environ["HOME"] = home
    module: ModuleType = multitask_detect
    return module
