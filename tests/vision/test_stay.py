"""One vehicle's stay: what is kept of it, and what of its camera's word is another vehicle's."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from appliance.clock import BEIJING
from appliance.guideline.dictionaries import PlateColour
from appliance.runtime.vision.camera_word import CameraWord
from appliance.runtime.vision.reading import Frame, PlateReading
from appliance.runtime.vision.report import Heard, PlateReport
from appliance.runtime.vision.stay import MOST_SHOTS, Visit
from appliance.runtime.vision.tracks import Tracker

START = datetime(2026, 12, 1, 8, 0, tzinfo=BEIJING)
FRAME = Frame(np.zeros((90, 160, 3), np.uint8), START, 10.0)
CORNERS = np.array([(40, 60), (120, 60), (120, 85), (40, 85)], np.float32)
READING = PlateReading("宁A58D20", PlateColour.YELLOW, (0.99,) * 7, CORNERS, 1)


def visit() -> Visit:
    return Visit(START, FRAME, FRAME, stirred=10.0)


def test_of_a_plate_that_is_read_otherwise_each_time_a_few_pictures_are_kept() -> None:
    stay = visit()
    (track,) = Tracker().update(FRAME, [READING]).values()
    for digit in range(9):
        stay.keep_front(track, FRAME, replace(READING, text=f"宁A58D2{digit}"))
    assert len(stay.fronts[track.number]) == MOST_SHOTS


@pytest.mark.parametrize(("told_at", "next_hears_it"), [(11.0, False), (9.0, True)])
def test_a_report_that_came_before_a_vehicle_was_told_of_is_not_the_next_one_s(
    told_at: float, next_hears_it: bool
) -> None:
    word = CameraWord(lambda _report, _plate: None)
    heard = Heard(PlateReport("宁A58D21", START, 10.0), last=10.0)
    word.hear(heard, None)
    stay = visit()
    stay.told_at = told_at
    assert word.about(stay.next(), None) is (heard if next_hears_it else None)
