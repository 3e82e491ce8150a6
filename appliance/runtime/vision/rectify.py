"""Turning a plate seen aslant into a straight single line of characters."""

import cv2
import numpy as np

from appliance.runtime.vision.reading import Image, PlateBox

UPPER_SHARE = 0.44
"""Where a double-row plate parts, as a share of its height (PLATES.md)."""


def straighten(image: Image, box: PlateBox) -> Image:
    """Cut a plate out along its corners; the result is at least 1 x 1."""
    left_top, right_top, right_bottom, left_bottom = box.corners
    width = max(np.linalg.norm(right_top - left_top), np.linalg.norm(right_bottom - left_bottom))
    height = max(np.linalg.norm(left_bottom - left_top), np.linalg.norm(right_bottom - right_top))
    across, down = max(int(width), 1), max(int(height), 1)
    target = np.array([(0, 0), (across, 0), (across, down), (0, down)], np.float32)
    matrix = cv2.getPerspectiveTransform(box.corners, target)
    return _image(
        cv2.warpPerspective(image, matrix, (across, down), borderMode=cv2.BORDER_REPLICATE)
    )


def one_line(plate: Image, rows: int) -> Image:
    """Lay the upper row of a double-row plate beside the lower one; single rows stay."""
    height, width = plate.shape[:2]
    if rows == 1 or height < 4:
        return plate
    cut = int(height * UPPER_SHARE)
    lower = plate[cut:]
    upper = cv2.resize(plate[:cut], (width, lower.shape[0]))
    return _image(np.hstack((upper, lower)))


def _image(array: object) -> Image:
    return np.asarray(array, np.uint8)
