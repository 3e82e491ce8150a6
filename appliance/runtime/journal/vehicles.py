"""What is known of vehicles (Table 2), by plate and colour, and the file it is read from."""

import csv
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from sqlite_utils import Database

from appliance.clock import BEIJING
from appliance.guideline.dictionaries import EmissionStage, PlateColour
from appliance.runtime.journal.database import row, rows, writing
from appliance.runtime.journal.records import vehicle_from_fields, vehicle_to_fields
from appliance.runtime.journal.values import Vehicle
from appliance.trouble import Trouble

COLUMNS = (
    "plate",
    "plate_colour",
    "vin",
    "registered_on",
    "vehicle_type",
    "model",
    "fuel",
    "emission_stage",
    "networked",
    "use",
    "fleet",
    "terminal_ok",
)

# 7.3.1 gives these fields so many characters on the wire.
LENGTHS = {"vehicle_type": 100, "model": 100, "fuel": 50, "use": 100, "fleet": 100}

YES_NO = {"是": True, "否": False}

Word = TypeVar("Word", bound=StrEnum)


def put(database: Database, vehicles: Iterable[Vehicle]) -> int:
    """Add vehicles, or replace what was known of them; returns how many."""
    fields = [vehicle_to_fields(vehicle) for vehicle in vehicles]
    if fields:
        with writing(database):
            database.table("vehicles").upsert_all(fields, pk=("plate", "plate_colour"))
    return len(fields)


def find(database: Database, plate: str, plate_colour: PlateColour) -> Vehicle | None:
    """What is known of one vehicle, or None."""
    found = row(
        database,
        "SELECT * FROM vehicles WHERE plate = :plate AND plate_colour = :colour",
        {"plate": plate, "colour": plate_colour.value},
    )
    return vehicle_from_fields(found) if found else None


def of_plate(database: Database, plate: str) -> tuple[Vehicle, ...]:
    """All that have this number: a blue and a yellow plate may."""
    found = rows(database, "SELECT * FROM vehicles WHERE plate = :plate", {"plate": plate})
    return tuple(vehicle_from_fields(each) for each in found)


def count(database: Database) -> int:
    """How many vehicles are known."""
    return database.table("vehicles").count


@dataclass(frozen=True, slots=True)
class CsvFault:
    """One thing wrong with a vehicle file, in Chinese; `column` is empty for a whole line, `line`
    0 for the whole file."""

    line: int
    column: str
    wrong: str
    allowed: str


class VehicleFileError(Trouble):
    """A vehicle file with faults; the message lists all of them in Chinese, a line each."""

    def __init__(self, path: Path, faults: Iterable[CsvFault]) -> None:
        self.path = path
        self.faults = tuple(faults)
        super().__init__("\n".join(self._sentence(fault) for fault in self.faults))

    def _sentence(self, fault: CsvFault) -> str:
        column = f"，{fault.column} 列" if fault.column else ""
        line = f" 第 {fault.line} 行" if fault.line else ""
        return f"{self.path}{line}{column}：{fault.wrong}；{fault.allowed}。"


def read_vehicles_csv(path: Path) -> list[Vehicle]:
    """Read Table 2 from a CSV file with a header line of COLUMNS, in UTF-8 with or without BOM.

    Only plate and plate_colour must be filled. Dates are YYYY-MM-DD or YYYYMMDD, networked and
    terminal_ok 是 or 否. Raises VehicleFileError with every fault.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        fault = CsvFault(0, "", f"读不了这个文件（{error.strerror}）", "核对路径和文件名")
        raise VehicleFileError(path, [fault]) from error
    except UnicodeDecodeError as error:
        number = error.object[: error.start].count(b"\n") + 1
        fault = CsvFault(number, "", "不是 UTF-8 编码", "请在表格软件中另存为“CSV UTF-8”")
        raise VehicleFileError(path, [fault]) from error
    reader = csv.reader(text.splitlines(keepends=True))
    header = [name.strip() for name in next(reader, [])]
    faults = _header_faults(header)
    if faults:
        raise VehicleFileError(path, faults)
    vehicles: list[Vehicle] = []
    lines: dict[tuple[str, PlateColour], int] = {}
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        line = _Line(reader.line_num, header, cells)
        vehicle = line.vehicle()
        faults += line.faults
        if vehicle is None:
            continue
        first = lines.setdefault((vehicle.plate, vehicle.plate_colour), line.number)
        if first != line.number:
            faults.append(
                CsvFault(
                    line.number,
                    "plate",
                    f"“{vehicle.plate}”（{vehicle.plate_colour}）与第 {first} 行重复",
                    "同一号码和颜色只能出现一次",
                )
            )
        vehicles.append(vehicle)
    if faults:
        raise VehicleFileError(path, faults)
    return vehicles


def _header_faults(header: list[str]) -> list[CsvFault]:
    allowed = f"首行应为：{','.join(COLUMNS)}"
    missing = [CsvFault(1, name, "缺少此列", allowed) for name in COLUMNS if name not in header]
    unknown = [CsvFault(1, name, "未知的列", allowed) for name in header if name not in COLUMNS]
    twice = [
        CsvFault(1, name, "此列出现多次", allowed) for name in COLUMNS if header.count(name) > 1
    ]
    return missing + unknown + twice


class _Line:
    """One line being read; faults gather instead of stopping at the first."""

    def __init__(self, number: int, header: list[str], cells: list[str]) -> None:
        self.number = number
        self.faults: list[CsvFault] = []
        if len(cells) != len(header):
            self._fault("", f"有 {len(cells)} 个单元格", f"应有 {len(header)} 个")
        self._cells = dict(zip(header, (cell.strip() for cell in cells), strict=False))

    def vehicle(self) -> Vehicle | None:
        """The vehicle of this line, or None when it has faults."""
        if self.faults:
            return None  # the cells may stand under the wrong names
        plate = self._plate()
        colour = self._one_of("plate_colour", PlateColour, required=True)
        vin = self._matching("vin", r"[A-HJ-NPR-Z0-9]{17}", "17 位字母和数字，不含 I、O、Q")
        registered_on = self._date("registered_on")
        texts = {name: self._text(name) for name in LENGTHS}
        stage = self._one_of("emission_stage", EmissionStage)
        networked, terminal_ok = self._yes_no("networked"), self._yes_no("terminal_ok")
        if self.faults or plate is None or colour is None:
            return None
        return Vehicle(
            plate=plate,
            plate_colour=colour,
            vin=vin,
            registered_on=registered_on,
            emission_stage=stage,
            networked=networked,
            terminal_ok=terminal_ok,
            **texts,
        )

    def _fault(self, column: str, wrong: str, allowed: str) -> None:
        self.faults.append(CsvFault(self.number, column, wrong, allowed))

    def _plate(self) -> str | None:
        allowed = "应填写 5 至 10 个字符的车牌号码，中间没有空格"
        if not self._cells["plate"]:
            self._fault("plate", "没有填写", allowed)
            return None
        return self._matching("plate", r"\S{5,10}", allowed)

    def _matching(self, column: str, pattern: str, allowed: str) -> str | None:
        value = self._cells[column]
        if not value:
            return None
        if not re.fullmatch(pattern, value):
            self._fault(column, f"“{value}”不符合格式", allowed)
        return value

    def _text(self, column: str) -> str | None:
        value = self._cells[column]
        if len(value) > LENGTHS[column]:
            self._fault(column, f"有 {len(value)} 个字符", f"最多 {LENGTHS[column]} 个")
        return value or None

    def _one_of(self, column: str, words: type[Word], *, required: bool = False) -> Word | None:
        value = self._cells[column]
        allowed = f"只能是：{'、'.join(words)}"
        if not value:
            if required:
                self._fault(column, "没有填写", allowed)
            return None
        with suppress(ValueError):
            return words(value)
        self._fault(column, f"“{value}”不在允许的取值中", allowed)
        return None

    def _yes_no(self, column: str) -> bool | None:
        value = self._cells[column]
        if value and value not in YES_NO:
            self._fault(column, f"“{value}”不在允许的取值中", "只能是：是、否，或留空")
        return YES_NO.get(value)

    def _date(self, column: str) -> date | None:
        value = self._cells[column]
        if not value:
            return None
        for pattern, form in ((r"\d{4}-\d\d-\d\d", "%Y-%m-%d"), (r"\d{8}", "%Y%m%d")):
            if re.fullmatch(pattern, value):
                with suppress(ValueError):
                    return datetime.strptime(value, form).replace(tzinfo=BEIJING).date()
        self._fault(column, f"“{value}”不是日期", "格式为 2021-03-25 或 20210325")
        return None
