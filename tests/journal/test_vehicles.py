"""Vehicles (Table 2) and the file they are read from."""

from dataclasses import replace

import pytest

from appliance.guideline.dictionaries import PlateColour
from appliance.runtime.journal import VehicleFileError, read_vehicles_csv
from appliance.runtime.journal.values import Vehicle

from .samples import LORRY

HEADER = (
    "plate,plate_colour,vin,registered_on,vehicle_type,model,fuel,emission_stage,networked,use,"
    "fleet,terminal_ok\n"
)
FULL = "宁A12345,黄牌,LFWSRXSJ0M1E12345,2021-03-25,H11,解放_J6P,B,国六,是,A,自有,否\n"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "vehicles.csv"


def faults(file, text: str) -> list[str]:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(VehicleFileError) as caught:
        read_vehicles_csv(file)
    lines = str(caught.value).split("\n")
    assert all(line.startswith(f"{file} 第 ") for line in lines)
    return [line.removeprefix(f"{file} ") for line in lines]


def test_a_vehicle_is_found_by_plate_and_colour(journal):
    bare = Vehicle("宁A12345", PlateColour.BLUE)
    assert journal.put_vehicles([LORRY, bare]) == 2
    assert journal.find_vehicle("宁A12345", PlateColour.YELLOW) == LORRY
    assert journal.find_vehicle("宁A12345", PlateColour.BLUE) == bare
    assert journal.find_vehicle("宁A12345", PlateColour.GREEN) is None
    assert journal.count_vehicles() == 2


def test_putting_a_vehicle_again_replaces_all_that_was_known(journal):
    journal.put_vehicles([LORRY])
    changed = replace(LORRY, vin=None, fleet="个人", terminal_ok=None)
    journal.put_vehicles([changed])
    assert journal.find_vehicle(LORRY.plate, LORRY.plate_colour) == changed
    assert journal.count_vehicles() == 1
    assert journal.put_vehicles([]) == 0


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_file_is_read_with_or_without_bom(file, encoding, ending):
    text = HEADER + FULL + "宁B54321,蓝牌,,,,,,,,,,\n\n"
    file.write_bytes(text.replace("\n", ending).encode(encoding))
    assert read_vehicles_csv(file) == [LORRY, Vehicle("宁B54321", PlateColour.BLUE)]


def test_columns_may_stand_in_any_order_and_dates_in_the_guidelines_form(file):
    names = HEADER.strip().split(",")
    cells = FULL.strip().replace("2021-03-25", "20210325").split(",")
    backwards = (",".join(reversed(names)), ",".join(reversed(cells)))
    file.write_text("\n".join(backwards), encoding="utf-8")
    assert read_vehicles_csv(file) == [LORRY]


def test_every_faulty_cell_is_named_with_what_is_allowed(file):
    assert faults(
        file,
        HEADER
        + FULL
        + ",红牌,123,2021-02-30,,,,国七,true,,,0\n"
        + "宁 A1234,黄牌,,25/3/2021,,,B"
        + "B" * 50
        + ",,,,,\n",
    ) == [
        "第 3 行，plate 列：没有填写；应填写 5 至 10 个字符的车牌号码，中间没有空格。",
        "第 3 行，plate_colour 列：“红牌”不在允许的取值中；"
        "只能是：蓝牌、黄牌、白牌、黑牌、新能源绿牌、新能源绿黄牌、其他。",
        "第 3 行，vin 列：“123”不符合格式；17 位字母和数字，不含 I、O、Q。",
        "第 3 行，registered_on 列：“2021-02-30”不是日期；格式为 2021-03-25 或 20210325。",
        "第 3 行，emission_stage 列：“国七”不在允许的取值中；"
        "只能是：国零、国一、国二、国三、国四、国五、国六、电动。",
        "第 3 行，networked 列：“true”不在允许的取值中；只能是：是、否，或留空。",
        "第 3 行，terminal_ok 列：“0”不在允许的取值中；只能是：是、否，或留空。",
        "第 4 行，plate 列：“宁 A1234”不符合格式；应填写 5 至 10 个字符的车牌号码，中间没有空格。",
        "第 4 行，registered_on 列：“25/3/2021”不是日期；格式为 2021-03-25 或 20210325。",
        "第 4 行，fuel 列：有 51 个字符；最多 50 个。",
    ]


def test_a_missing_colour_a_doubled_vehicle_and_a_short_line_are_named(file):
    assert faults(file, HEADER + FULL + "宁B54321,,,,,,,,,,,\n" + FULL + "宁C1,黄牌\n") == [
        "第 3 行，plate_colour 列：没有填写；"
        "只能是：蓝牌、黄牌、白牌、黑牌、新能源绿牌、新能源绿黄牌、其他。",
        "第 4 行，plate 列：“宁A12345”（黄牌）与第 2 行重复；同一号码和颜色只能出现一次。",
        "第 5 行：有 2 个单元格；应有 12 个。",
    ]


def test_a_missing_an_unknown_and_a_doubled_column_are_named(file):
    first = f"首行应为：{HEADER.strip()}。"
    assert faults(file, HEADER.replace("fuel", "燃料").replace("use", "model") + FULL) == [
        f"第 1 行，fuel 列：缺少此列；{first}",
        f"第 1 行，use 列：缺少此列；{first}",
        f"第 1 行，燃料 列：未知的列；{first}",
        f"第 1 行，model 列：此列出现多次；{first}",
    ]


def test_an_empty_file_lacks_every_column(file):
    assert len(faults(file, "")) == 12


def test_a_file_in_another_encoding_is_told_how_to_be_saved(file):
    file.write_bytes((HEADER + FULL).encode("gbk"))
    with pytest.raises(VehicleFileError, match=r"第 2 行：不是 UTF-8 编码.*CSV UTF-8"):
        read_vehicles_csv(file)
