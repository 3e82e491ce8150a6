"""Entry by hand of what the camera could not read (人工补录, 4.5.1-1)."""

from appliance.guideline.dictionaries import PlateColour
from appliance.profile.identifiers import plausible_plate
from appliance.runtime.journal.journal import Journal
from appliance.runtime.journal.values import RecordedPassage
from appliance.trouble import Trouble

WHY = "人工补录"
REVIEWS = ("无法辨认", "无号牌", "不是车辆")
"""What a gatekeeper may say of a plate that cannot be entered."""


class NotAPlate(Trouble):
    """A text that is no plate number; one Chinese sentence."""


def enter_plate(
    journal: Journal, passage_id: int, plate: str, colour: PlateColour, *, by: str, why: str = WHY
) -> RecordedPassage:
    """Enter the plate of a passage, with what the register knows of the vehicle.

    A vehicle that was kept out stays so: its message is held until the bar is raised by hand.
    Raises NotAPlate, UnknownPassage, NothingToCorrect.
    """
    plate = plate.strip().upper()
    if not plausible_plate(plate):
        raise NotAPlate(f"“{plate}”不是车牌号码，例：宁A58D21。")
    return journal.correct(
        passage_id,
        plate=plate,
        plate_colour=colour,
        vehicle=journal.find_vehicle(plate, colour),
        by=by,
        why=why,
        release=False,
    )


def give_up(journal: Journal, passage_id: int, review: str, *, by: str) -> RecordedPassage:
    """Take a passage off the queue whose plate nobody can read. Raises ValueError for a review
    that is none of `REVIEWS`, UnknownPassage, NothingToCorrect."""
    if review not in REVIEWS:
        raise ValueError(f"no such review: {review}")
    return journal.correct(passage_id, review=review, by=by, why="人工复核")
