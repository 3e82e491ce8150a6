"""How often a reader answers, and how often its answers are right (4.5.1-1: both 99.5 %).

A plate of the truth table is *answered* when the reader gave a sure reading for it: one that is
exactly right, or else one that no other plate of the photo explains. A photo that cannot be opened
answers for none of its plates. Rate = answered / plates; accuracy = right / answered. The colour
counts among the plates whose text is right.
"""

import csv
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from appliance.guideline.dictionaries import PlateColour
from appliance.runtime.vision.colour import NEW_ENERGY_LENGTH
from appliance.runtime.vision.grammar import DIGITS, LETTERS, alike, spelled
from appliance.runtime.vision.photo_files import PhotoAnswer
from appliance.runtime.vision.reading import PlateReading
from appliance.trouble import Trouble

Z95 = 1.959964
"""Two-sided 95 % of the normal distribution."""

LAST_WORDS = {
    "挂": "挂车",
    "学": "教练车",
    "警": "警车",
    "港": "港澳",
    "澳": "港澳",
    "领": "领馆",
    "使": "使馆",
}

COLOURS = {colour.name.lower().replace("_", "-"): colour for colour in PlateColour}


class BadTruth(Trouble):
    """A truth table that cannot be used; one Chinese sentence."""


@dataclass(frozen=True, slots=True)
class TruePlate:
    """One row of a truth table: a plate that is to be seen in a photo; colour where known."""

    file: Path
    text: str
    colour: PlateColour | None


@dataclass(frozen=True, slots=True)
class Judged:
    """One true plate and what the reader made of it; `answer` is None when it gave none."""

    truth: TruePlate
    answer: PlateReading | None

    @property
    def right(self) -> bool:
        """Whether the whole text is exactly right."""
        return self.answer is not None and alike(self.answer.text) == alike(self.truth.text)

    @property
    def colour_right(self) -> bool | None:
        """Whether the colour is right; None where the text is not, or the truth is not known."""
        if not self.right or self.answer is None or self.truth.colour is None:
            return None
        return self.answer.colour is self.truth.colour


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `total`, with Wilson's 95 % bounds."""

    count: int
    total: int

    def as_dict(self) -> dict[str, float | int | None]:
        """`{"count", "total", "share", "low", "high"}`; the last three None when total is 0."""
        low, high = self.bounds()
        share = self.count / self.total if self.total else None
        return {
            "count": self.count,
            "total": self.total,
            "share": _rounded(share),
            "low": _rounded(low),
            "high": _rounded(high),
        }

    def bounds(self) -> tuple[float | None, float | None]:
        """Wilson's interval, which stays honest near 0 and 1 and for few plates."""
        n = self.total
        if n == 0:
            return None, None
        share = self.count / n
        middle = (share + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
        spread = math.sqrt(share * (1 - share) / n + Z95**2 / (4 * n * n)) * Z95 / (1 + Z95**2 / n)
        return max(0.0, middle - spread), min(1.0, middle + spread)


@dataclass(frozen=True, slots=True)
class Figures:
    """Rate, accuracy and colour of a group of plates; `exact` is right / plates."""

    group: str
    rate: Share
    accuracy: Share
    exact: Share
    colour: Share

    @classmethod
    def of(cls, group: str, judged: Iterable[Judged]) -> "Figures":
        """Count one group."""
        plates = list(judged)
        answered = sum(each.answer is not None for each in plates)
        right = sum(each.right for each in plates)
        colours = [each.colour_right for each in plates if each.colour_right is not None]
        return cls(
            group,
            rate=Share(answered, len(plates)),
            accuracy=Share(right, answered),
            exact=Share(right, len(plates)),
            colour=Share(sum(colours), len(colours)),
        )

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {
            "group": self.group,
            "rate": self.rate.as_dict(),
            "accuracy": self.accuracy.as_dict(),
            "exact": self.exact.as_dict(),
            "colour": self.colour.as_dict(),
        }


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What became of a truth table: every plate judged, files that are no pictures, and how many
    sure readings belong to no plate of the table."""

    judged: tuple[Judged, ...]
    unreadable: tuple[PhotoAnswer, ...]
    extra: int

    def as_dict(self) -> dict[str, object]:
        """`{"groups": […], "wrong": [{"file", "plate", "read"}], "extra", "unreadable": […]}`."""
        return {
            "groups": [group.as_dict() for group in figures(self.judged)],
            "wrong": [
                {
                    "file": str(each.truth.file),
                    "plate": each.truth.text,
                    "read": each.answer.text if each.answer else None,
                }
                for each in self.judged
                if not each.right
            ],
            "extra": self.extra,
            "unreadable": [str(answer.file) for answer in self.unreadable],
        }

    def as_table(self) -> Table:
        """A line a group: how many, rate, accuracy and colour with their bounds."""
        caption = f"括号内为 95 % 置信区间；另有 {self.extra} 个确定的读数不属于真值表中的车牌"
        table = Table("分组", "车牌数", "识别率", "准确率", "颜色", caption=caption)
        for group in figures(self.judged):
            shares = (group.rate, group.accuracy, group.colour)
            table.add_row(group.group, str(group.rate.total), *map(_worded, shares))
        return table


def read_truth(table: Path) -> list[TruePlate]:
    """The rows of a TSV with the columns file, plate and, if wanted, colour; raises BadTruth.

    Files are relative to the table. A colour is a name of `PlateColour` in lower case (`blue`,
    `yellow-green`) or the guideline's own word (蓝). A plate may be written with a dot, spaces and
    small letters; numbered as a plate it must be.
    """
    try:
        # Spreadsheets put a byte order mark before UTF-8.
        with table.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, delimiter="\t")
            rows = [(reader.line_num, row) for row in reader]
    except UnicodeDecodeError:
        raise BadTruth(f"{table} 的编码不是 UTF-8。请另存为 UTF-8 编码。") from None
    except csv.Error as error:
        raise BadTruth(f"{table} 不是制表符分隔的表格（{error}）。") from None
    if not rows or not {"file", "plate"} <= set(reader.fieldnames or ()):
        raise BadTruth(
            f"{table} 的首行要有 file、plate（和 colour）列，用制表符分隔，并且至少一行。"
        )
    return [_true_plate(table, number, row) for number, row in rows]


def photos_of(truth: Iterable[TruePlate]) -> list[Path]:
    """Every photo of a truth table once, in its order."""
    return list(dict.fromkeys(plate.file for plate in truth))


def evaluate(truth: Iterable[TruePlate], answers: Iterable[PhotoAnswer]) -> Evaluation:
    """Judge the answers to the photos of a truth table."""
    wanted: dict[Path, list[TruePlate]] = defaultdict(list)
    for plate in truth:
        wanted[plate.file].append(plate)
    judged: list[Judged] = []
    unreadable = []
    extra = 0
    for answer in answers:
        if answer.trouble is not None:
            unreadable.append(answer)
        free = [reading for reading in answer.plates if reading.sure]
        judged += _judge(wanted[answer.file], free)
        extra += len(free)
    return Evaluation(tuple(judged), tuple(unreadable), extra)


def _judge(truth: list[TruePlate], free: list[PlateReading]) -> Iterator[Judged]:
    """Each true plate of a photo with its answer, which is taken from `free`."""
    missed = []
    for plate in truth:
        exact = next((r for r in free if alike(r.text) == alike(plate.text)), None)
        if exact is None:
            missed.append(plate)
            continue
        free.remove(exact)
        yield Judged(plate, exact)
    for plate in missed:
        # What is left over was said of some plate: that it was another car's is not assumed.
        nearest = min(free, key=lambda r: _unlike(r.text, plate.text), default=None)
        if nearest is not None:
            free.remove(nearest)
        yield Judged(plate, nearest)


def figures(judged: Iterable[Judged]) -> list[Figures]:
    """All plates first, then by colour, then by kind of plate."""
    plates = list(judged)
    groups: dict[str, list[Judged]] = defaultdict(list)
    for each in plates:
        colour = each.truth.colour
        groups[f"颜色 {colour.value if colour else '不明'}"].append(each)
    for each in plates:
        groups[f"种类 {plate_kind(each.truth.text)}"].append(each)
    return [Figures.of("全部", plates), *(Figures.of(name, each) for name, each in groups.items())]


def plate_kind(text: str) -> str:
    """The kind of plate that a text is numbered as (GA 36), by the words people use for it."""
    if text[-1] in LAST_WORDS:
        return LAST_WORDS[text[-1]]
    if text.startswith("使"):
        return "使馆"
    if text.startswith("WJ"):
        return "武警"
    if text[0] in LETTERS + DIGITS:
        return "军车"
    return "新能源" if len(text) == NEW_ENERGY_LENGTH else "普通"


def _true_plate(table: Path, number: int, row: dict[str, str | None]) -> TruePlate:
    file, text, colour = (row.get(name) or "" for name in ("file", "plate", "colour"))
    if not file or not text:
        raise BadTruth(f"{table} 第 {number} 行缺少 file 或 plate。")
    plate = spelled(text)
    if plate is None:
        raise BadTruth(f"{table} 第 {number} 行的“{text}”不是车牌号码，请核对。")
    known = {**COLOURS, **{each.value: each for each in PlateColour}}
    if colour and colour not in known:
        allowed = "、".join(COLOURS)
        raise BadTruth(f"{table} 第 {number} 行的颜色“{colour}”不认识，可写 {allowed}。")
    return TruePlate(table.parent / file, plate, known.get(colour))


def _unlike(left: str, right: str) -> int:
    return sum(a != b for a, b in zip(left, right, strict=False)) + abs(len(left) - len(right))


def _worded(share: Share) -> str:
    low, high = share.bounds()
    if low is None or high is None:
        return "—"
    return f"{share.count / share.total:.1%}（{low:.1%}–{high:.1%}）\n{share.count}/{share.total}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
