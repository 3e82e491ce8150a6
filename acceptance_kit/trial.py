"""识别试验: how many vehicles the gate recognised, and how many rightly (4.5.1-1, 4.4.1-3).

The engineer says of each passage, in the order of recording and without leaving one out, what the
plate truly was. 4.5.1-1 asks for a recognition rate and an accuracy of 99.5 % each; one lucky day
shows neither, so the demand is met when both exact one-sided 95 % bounds are (`bounds.py`).

    识别率 = vehicles of which a plate was read / vehicles
    准确率 = plates read rightly, number and colour / plates read
"""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Self

from acceptance_kit.bounds import cases_needed, disproves, lower_bound, shows
from acceptance_kit.evidence import EvidenceFolder, whole_file
from acceptance_kit.findings import Finding, Means, Verdict
from acceptance_kit.passages import PassageFacts
from acceptance_kit.proof import Proof
from acceptance_kit.subjects import About
from appliance.guideline.dictionaries import PlateColour
from appliance.trouble import Trouble

DEMAND = Fraction(995, 1000)
ACCURACY = Proof(
    "trial.accuracy",
    ("4.5.1-1", "4.4.1-3"),
    "车牌识别率和准确率均达到 99.5 %",
    Means.TRIAL,
    About.MACHINE,
)
DEMANDS = (ACCURACY,)
METHOD = "按记录顺序逐条核对照片，与当时识别的号码和颜色比较，中间不跳过。"
COLUMNS = ("passage", "plate", "colour")
LONGEST_PLATE = 12
MISSED = "missed"
"""Stands for a passage's number: a vehicle that passed and was not recorded."""


class Special(StrEnum):
    """What the truth may be besides a plate."""

    AS_READ = "="
    ILLEGIBLE = "看不清"
    NO_VEHICLE = "无车"


@dataclass(frozen=True, slots=True)
class Truth:
    """What a passage truly was: a plate with its colour, or a special case without."""

    plate: str
    colour: PlateColour | None = None

    @classmethod
    def of(cls, plate: str, colour: str) -> Self:
        """As written in a table. Raises ValueError with a Chinese sentence."""
        plate = plate.strip().upper()
        if plate in set(Special):
            if colour.strip():
                raise ValueError(f"“{plate}”后面不写颜色")
            return cls(plate)
        if not plate:
            raise ValueError("没有写车牌号码")
        if len(plate) > LONGEST_PLATE or not plate.isprintable():
            raise ValueError(f"车牌号码不超过 {LONGEST_PLATE} 个字")
        try:
            return cls(plate, PlateColour(colour.strip()))
        except ValueError:
            known = "、".join(PlateColour)
            raise ValueError(f"没有号牌颜色“{colour}”，可写：{known}") from None


@dataclass(frozen=True, slots=True)
class Truths:
    """The truths by passage, and how many vehicles passed that were not recorded at all."""

    of: Mapping[int, Truth]
    missed: int = 0

    def told(self, passage: int, truth: Truth) -> "Truths":
        """With one more."""
        return Truths({**self.of, passage: truth}, self.missed)


@dataclass(frozen=True, slots=True)
class Score:
    """What a trial came to.

    `passages` are all in its span; `vehicles` those that count (with the missed ones), of which
    `recognised` were read and `right` rightly. `unanswered` are the numbers of passages within the
    span of which nobody said what they were. `illegible` ones nobody can read, so they do not
    count; `phantoms` are plates read where no vehicle was.
    """

    vehicles: int
    recognised: int
    right: int
    phantoms: int
    illegible: int
    missed: int
    unanswered: tuple[int, ...]

    @property
    def read(self) -> int:
        """All plates that the gate gave out, those of no vehicle too."""
        return self.recognised + self.phantoms

    @property
    def needed(self) -> int:
        """How many more vehicles, all without a fault, would show both shares."""
        if self.met:
            return 0
        rate = cases_needed(self.vehicles - self.recognised, DEMAND) - self.vehicles
        accuracy = cases_needed(self.read - self.right, DEMAND) - self.read
        return max(rate, accuracy, 0)

    @property
    def met(self) -> bool:
        """Whether both shares are shown."""
        return shows(self.recognised, self.vehicles, DEMAND) and shows(
            self.right, self.read, DEMAND
        )

    @property
    def missed_it(self) -> bool:
        """Whether it is shown not to do it, or did not in as many as a faultless gate needs."""
        pairs = ((self.recognised, self.vehicles), (self.right, self.read))
        enough = cases_needed(0, DEMAND)
        return any(
            disproves(good, cases, DEMAND) or (cases >= enough and good < DEMAND * cases)
            for good, cases in pairs
        )

    def in_words(self) -> str:
        """What was measured."""
        more = [
            *((f"另有 {self.illegible} 辆号牌人也无法辨认，不计",) if self.illegible else ()),
            *((f"漏记 {self.missed} 辆",) if self.missed else ()),
            *((f"无车误读 {self.phantoms} 次",) if self.phantoms else ()),
        ]
        rate, accuracy = _share(self.recognised, self.vehicles), _share(self.right, self.read)
        return "；".join(
            [
                f"识别 {self.recognised}/{self.vehicles} 辆，识别率 {rate}",
                f"正确 {self.right}/{self.read}，准确率 {accuracy}",
                *more,
            ]
        )


def score(passages: Iterable[PassageFacts], truths: Truths) -> Score:
    """Compare what was read with the truth, from the first to the last passage that has one."""
    by_id = {passage.id: passage for passage in passages}
    strangers = sorted(truths.of.keys() - by_id.keys())
    if strangers:
        raise Trouble(f"记录库中没有编号为 {strangers[0]} 的通行记录，请核对识别试验的答案和日期。")
    span = [
        by_id[number]
        for number in sorted(by_id)
        if truths.of and min(truths.of) <= number <= max(truths.of)
    ]
    vehicles = truths.missed
    recognised = right = phantoms = illegible = 0
    unanswered = []
    for passage in span:
        truth = truths.of.get(passage.id)
        if truth is None:
            unanswered.append(passage.id)
        elif truth.plate == Special.ILLEGIBLE:
            illegible += 1
        elif truth.plate == Special.NO_VEHICLE:
            phantoms += passage.read_plate is not None
        else:
            vehicles += 1
            if passage.read_plate is not None:
                recognised += 1
                right += _right(passage, truth)
            elif truth.plate == Special.AS_READ:
                raise Trouble(f"通行记录 {passage.id} 没有读出车牌，答案不能写“=”。")
    return Score(vehicles, recognised, right, phantoms, illegible, truths.missed, tuple(unanswered))


def finding(result: Score, machine: str, by: str, at: datetime) -> Finding:
    """The verdict: 是 when both bounds are met, 否 when they cannot be, else 未检."""
    verdict, reason = Verdict.YES, ""
    if result.missed_it:
        verdict = Verdict.NO
        reason = (
            "识别率或准确率低于 99.5 %。"
            "请检查相机角度、补光和识别区域（gatehouse lane tune），再做试验。"
        )
    elif result.unanswered:
        verdict = Verdict.UNTESTED
        first = "、".join(map(str, result.unanswered[:5]))
        reason = f"中间有 {len(result.unanswered)} 条记录没有确认（编号 {first} 等），请补上。"
    elif not result.met:
        verdict = Verdict.UNTESTED
        reason = f"样本不足：其余全部正确时，还需 {result.needed} 辆。"
    return Finding(
        item=ACCURACY.item,
        subject=machine,
        clauses=ACCURACY.clauses,
        title=ACCURACY.title,
        verdict=verdict,
        means=Means.TRIAL,
        by=by,
        at=at,
        measured=result.in_words() if result.vehicles or result.read else "",
        bound="两项的单侧 95 % 置信下限均 ≥ 99.5 %",
        reason=reason,
        method=METHOD,
        files=(file_of(machine),) if result.vehicles or result.read else (),
    )


def read_truths(text: str, source: str) -> Truths:
    """A table (TSV) with the header `passage plate colour`; a line `missed N` counts the missed.

    Raises Trouble that names the line.
    """
    lines = csv.reader(io.StringIO(text), delimiter="\t")
    found: dict[int, Truth] = {}
    missed = 0
    for number, cells in enumerate(lines, 1):
        if not cells or cells[0].startswith("#") or tuple(cells) == COLUMNS:
            continue
        passage, plate, colour = (*cells, "", "", "")[:3]
        try:
            if passage == MISSED:
                missed = int(plate)
            elif (key := int(passage)) in found:
                raise ValueError(f"编号 {key} 出现了两次")
            else:
                found[key] = Truth.of(plate, colour)
        except ValueError as error:
            why = str(error) if str(error).isascii() is False else "应为：编号、车牌、颜色"
            raise Trouble(f"{source} 第 {number} 行：{why}。") from error
    if missed < 0:
        raise Trouble(f"{source}：{MISSED} 不能是负数。")
    return Truths(found, missed)


def truths_as_text(truths: Truths) -> str:
    """The same table, by passage."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter="\t", lineterminator="\n")
    writer.writerow(COLUMNS)
    for number, truth in sorted(truths.of.items()):
        writer.writerow((number, truth.plate, truth.colour or ""))
    if truths.missed:
        writer.writerow((MISSED, truths.missed))
    return out.getvalue()


def file_of(machine: str) -> str:
    """What the table of a machine's trial is called: each numbers its passages for itself."""
    return f"trial-{machine}.tsv"


def kept_truths(folder: EvidenceFolder, machine: str) -> Truths:
    """What was answered in an earlier session of this acceptance."""
    file = folder.path / "work" / file_of(machine)
    return read_truths(file.read_text("utf-8"), str(file)) if file.is_file() else Truths({})


def keep_truths(folder: EvidenceFolder, machine: str, truths: Truths) -> None:
    """Keep the answers so far; whole or not at all."""
    work = folder.path / "work"
    work.mkdir(exist_ok=True)
    with whole_file(work / file_of(machine)) as file:
        file.write_text(truths_as_text(truths), "utf-8")


def conclude(
    folder: EvidenceFolder,
    passages: Iterable[PassageFacts],
    truths: Truths,
    *,
    machine: str,
    by: str,
    at: datetime,
) -> Finding:
    """Judge, and keep the table it rests on: each passage, read and true."""
    known = list(passages)
    result = finding(score(known, truths), machine, by, at)
    for name in result.files:
        folder.keep_file(name, _table(known, truths).encode("utf-8"))
    return result


def truths_of_file(file: Path) -> Truths:
    """The answers of an unattended run. Raises Trouble."""
    try:
        return read_truths(file.read_text("utf-8"), str(file))
    except UnicodeDecodeError as error:
        raise Trouble(f"{file} 不是 UTF-8 文本。") from error


def _table(passages: Iterable[PassageFacts], truths: Truths) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter="\t", lineterminator="\n")
    writer.writerow(("passage", "recorded_at", "barrier", "read", "read_colour", "true", "colour"))
    for passage in passages:
        truth = truths.of.get(passage.id)
        if truth is not None:
            writer.writerow(
                (
                    passage.id,
                    f"{passage.recorded_at:%Y-%m-%d %H:%M:%S}",
                    passage.barrier,
                    passage.read_plate or "",
                    passage.read_colour,
                    truth.plate,
                    truth.colour or "",
                )
            )
    if truths.missed:
        writer.writerow((MISSED, truths.missed))
    return out.getvalue()


def _right(passage: PassageFacts, truth: Truth) -> bool:
    if truth.plate == Special.AS_READ:
        return True
    return (passage.read_plate, passage.read_colour) == (truth.plate, truth.colour)


def _share(part: int, whole: int) -> str:
    """A share with its bound, both cut and never rounded up."""
    if not whole:
        return "—"
    bound = lower_bound(part, whole)
    return f"{_percent(Fraction(part, whole))}（95 % 下限 {_percent(bound)}）"


def _percent(share: Fraction) -> str:
    return f"{int(share * 10_000) / 100:.2f}%"
