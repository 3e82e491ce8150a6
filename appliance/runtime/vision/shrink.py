"""Making a picture much smaller without losing thin strokes, quickly."""

import cv2
import numpy as np

from appliance.runtime.vision.reading import Image


def halved(image: Image, scale: float) -> tuple[Image, float]:
    """The image halved as long as it may be on its way to `scale` (below 1) of its size, and the
    scale that is left to go (above a half).

    Halving averages over every pixel and takes a tenth of the time of any other mean.
    """
    small = image
    while scale <= 0.5 and min(small.shape[:2]) > 1:
        height, width = small.shape[0] // 2, small.shape[1] // 2
        even = small[: 2 * height, : 2 * width]  # a last odd pixel would cost what halving saves
        small = np.asarray(
            cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8
        )
        scale *= 2
    return small, scale
