"""A passage as one line of the terminal: time, lane, plate, colour, decision, receipt."""

from rich.cells import cell_len
from rich.text import Text

from acceptance_kit.demo.summary import Outcome
from appliance.guideline.dictionaries import PlateColour
from appliance.runtime.journal.values import Decision, Receipt, RecordedPassage

PLATE_STYLES = {
    PlateColour.BLUE: "bold white on blue",
    PlateColour.YELLOW: "bold black on yellow",
    PlateColour.GREEN: "bold black on green",
    PlateColour.YELLOW_GREEN: "bold black on bright_green",
    PlateColour.WHITE: "bold black on white",
    PlateColour.BLACK: "bold white on black",
    PlateColour.OTHER: "bold",
}
UNREAD = "未识别"


def passage_line(passage: RecordedPassage, receipt: Receipt) -> Text:
    """The line of a passage that the platform has acknowledged; 80 columns are enough."""
    refused = passage.admission.decision is Decision.REFUSE
    plate = passage.plate or UNREAD
    line = Text(f"{passage.passed_at:%H:%M:%S} {passage.barrier}{passage.direction} ")
    line.append(f" {plate} ", PLATE_STYLES[passage.plate_colour])
    line.append(_pad(plate, 10) + passage.plate_colour + _pad(passage.plate_colour, 13))
    line.append(passage.admission.decision, "red" if refused else "green")
    detail = f" {passage.admission.reason}，{passage.raise_method}"
    line.append(detail + _pad(detail, 25))
    line.append(f"回执{receipt.code}", "green")
    return line


def truth_line(outcome: Outcome) -> Text:
    """The line of a vehicle that was not read rightly, or not acknowledged."""
    wanted = outcome.shown.vehicle
    line = Text(f"{outcome.barrier} 实际 {wanted.plate} {wanted.colour}", "yellow")
    read = "、".join(f"{p.plate or UNREAD} {p.plate_colour}" for p in outcome.passages)
    line.append(f"，记录为 {read or '没有记录'}")
    if wanted.image:
        line.append(f"（{wanted.image.name}）", "dim")
    if not outcome.acknowledged:
        line.append("，没有回执", "red")
    return line


def _pad(text: str, width: int) -> str:
    return " " * max(width - cell_len(text), 1)
