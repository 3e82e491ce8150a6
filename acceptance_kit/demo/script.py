"""Which vehicles come by: the drawn ones of the demo, or real photos with their truth."""

import csv
from pathlib import Path

from acceptance_kit.peers.camera.scene import Vehicle
from appliance.guideline.dictionaries import PlateColour
from appliance.trouble import Trouble

Script = dict[str, tuple[Vehicle, ...]]
"""Vehicles by barrier, in the order they come."""

DRAWN: Script = {
    "A01": (
        Vehicle("宁A58D21", PlateColour.YELLOW, "day"),
        Vehicle("宁AD12345", PlateColour.GREEN, "day"),
        Vehicle("宁E37K06", PlateColour.YELLOW, "day"),
        Vehicle("宁C6N518", PlateColour.BLUE, "day"),
    ),
    "A02": (
        Vehicle("蒙B72F83", PlateColour.YELLOW, "dusk"),
        Vehicle("宁A12345D", PlateColour.YELLOW_GREEN, "dusk"),
        Vehicle("甘D8M662", PlateColour.BLUE, "dusk"),
        Vehicle("陕K90P17", PlateColour.YELLOW, "dusk"),
    ),
}

COLOURS = {colour.name.lower(): colour for colour in PlateColour} | {
    colour.value: colour for colour in PlateColour
}


class TruthFault(Trouble):
    """The truth table cannot be used; every fault in Chinese, a line each."""


def script_from_photos(truth: Path, barriers: tuple[str, ...], limit: int | None) -> Script:
    """One vehicle for each photo of a truth table (columns file, plate, colour; tab-separated).

    The photos are dealt out to the lanes in turn. A file that stands in several rows is one
    vehicle, with the first row's plate. Small crops (columns `file` under `crops/`) are photos
    like any other. Raises TruthFault.
    """
    try:
        rows = list(csv.DictReader(truth.read_text("utf-8-sig").splitlines(), delimiter="\t"))
    except (OSError, UnicodeDecodeError, csv.Error) as trouble:
        raise TruthFault(f"读不了 {truth}：{trouble}") from trouble
    if not rows or not {"file", "plate", "colour"} <= set(rows[0]):
        raise TruthFault(f"{truth} 第 1 行应有以制表符分隔的列 file、plate、colour")
    faults: list[str] = []
    vehicles: dict[Path, Vehicle] = {}
    for number, row in enumerate(rows, start=2):
        if None in row.values():
            faults.append(f"{truth}:{number} 列数不足，应有以制表符分隔的 {len(row)} 列")
            continue
        image = truth.parent / row["file"]
        colour = row["colour"].strip()
        if not image.is_file():
            faults.append(f"{truth}:{number} 没有图片 {row['file']}")
        elif colour and colour not in COLOURS:
            faults.append(f"{truth}:{number} 颜色 {colour} 不在 {'、'.join(COLOURS)} 之中")
        elif not row["plate"].strip():
            faults.append(f"{truth}:{number} 没有车牌")
        elif image not in vehicles:
            known = COLOURS.get(colour, PlateColour.OTHER)
            vehicles[image] = Vehicle(row["plate"].strip(), known, "day", image)
    if faults:
        raise TruthFault("\n".join(faults[:20]))
    chosen = list(vehicles.values())[:limit]
    return {
        barrier: tuple(chosen[place :: len(barriers)]) for place, barrier in enumerate(barriers)
    }
