"""The forms as files: DOCX and PDF/A say what the data says, byte for byte the same twice."""

import hashlib
import io
import os
import re
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fontTools.ttLib import TTFont
from lxml import etree
from sites import DEMO, demo_profile

from acceptance_kit.evidence import EvidenceFolder
from acceptance_kit.findings import Finding, Verdict
from acceptance_kit.forms import filled_forms, typeface, write_forms
from acceptance_kit.forms.layout import Sheet
from acceptance_kit.forms.package import BOLD, BOXES, FACE_KEYS, REGULAR, W14, W, scrambled
from acceptance_kit.forms.typeface import NO_SORT, printable
from appliance.fonts import FontMissing
from appliance.profile import Profile, load_profile

from .form_cells import (
    NOON,
    TICKS,
    all_shown,
    docx_cells,
    expected_cells,
    finding,
    pdf_text,
    pdf_words,
    tight,
)

CEMENT = DEMO.with_name("yinchuan-cement.yaml")
POINTS = 72 / 25.4
A4 = (210 * POINTS, 297 * POINTS)

HOSTILE = (
    '#panic("x") *b* _i_ $x$ @ref <lab> // c',
    "{{ 7*7 }}{% for %}{# #}{_{ a }_} {_% b %_}",
    "</w:t><w:br/>&amp;&#65;]]><!--",
    "\u202eright\u200bzero\x07bell\x0bfeed\U0001f600",
)


def some_findings() -> tuple[Finding, ...]:
    """Something of everything: 是, 否 with short and long reasons, 未检."""
    return (
        *all_shown(),
        finding("4.4.6-1", Verdict.NO, item="ups.runtime", reason="电池只够 95 分钟。"),
        finding("7.4", Verdict.NO, item="messages.replies", reason="很长的原因，" * 40),
        finding("4.4.1-6", Verdict.UNTESTED, item="camera.night", subject="a02-plate"),
        finding("5.1.4", Verdict.NO, item="site.bandwidth", reason=" & <带宽> 只有 {{ 8 }} Mbps"),
    )


@pytest.fixture(scope="module")
def cement() -> Profile:
    return load_profile(CEMENT)


@pytest.fixture(scope="module")
def written(cement: Profile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = EvidenceFolder.open(tmp_path_factory.mktemp("forms") / "site")
    write_forms(folder, cement, some_findings(), NOON, "0123 4567 89AB CDEF")
    return folder.path / "forms"


def forms_of(cement: Profile) -> dict[str, tuple[Sheet, Any]]:
    return {
        name: (sheet, form)
        for name, sheet, form in filled_forms(cement, some_findings(), NOON, "0123 4567 89AB CDEF")
    }


NAMES = (
    "cover",
    "table-5",
    "table-6",
    "table-6-A02",
    "table-6-B01",
    "table-6-B02",
    "table-7",
    "table-8",
    "table-9",
)


@pytest.mark.slow
def test_there_is_one_table_6_a_barrier_and_every_form_twice(written: Path) -> None:
    assert sorted(each.name for each in written.iterdir()) == sorted(
        f"{name}.{kind}" for name in NAMES for kind in ("docx", "pdf")
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_cell_of_a_docx_says_what_the_data_says(
    written: Path, cement: Profile, name: str
) -> None:
    sheet, form = forms_of(cement)[name]
    assert docx_cells(written / f"{name}.docx") == expected_cells(sheet, form)


@pytest.mark.parametrize("name", NAMES)
def test_every_cell_of_a_pdf_says_what_the_data_says_and_nothing_else_is_there(
    written: Path, cement: Profile, name: str
) -> None:
    sheet, form = forms_of(cement)[name]
    cells = "".join(expected_cells(sheet, form))
    printed = pdf_text(written / f"{name}.pdf")
    # The page numbers stand below the table.
    printed = re.sub(r"^\s*[0-9] ?/ ?[0-9]\s*$", "", printed, flags=re.MULTILINE)
    assert tight(printed) == tight(sheet.caption) + cells + tight("".join(sheet.below))


@pytest.mark.parametrize(
    ("name", "label", "value"),
    [
        ("table-5", "地市", "银川市"),
        ("table-5", "所属县（市、区）", "永宁县"),
        ("table-5", "统一社会信用代码", "91640121MAYCEM0227"),
        ("table-5", "排污许可证编号", "91640121MAYCEM0227001P"),
        ("table-5", "法人代表", "马虚构"),
        ("table-5", "联系人", "王虚构"),
        ("table-5", "区域代码", "640121"),
        ("table-5", "地理坐标", "经度：106.276543纬度：38.321098"),
        ("table-5", "载货出入口数量（个）", "2"),
        ("table-5", "道闸数量（个）", "4"),
        ("table-5", "建设类别", "☐新建☑改造"),
        ("table-5", "完成时间", "2026年9月30日"),
        ("table-5", "各道闸编号", "A01、A02、B01、B02"),
        ("table-6-B01", "道闸编号", "B01"),
        ("table-6-B01", "出入口编号", "B"),
        ("table-6-B01", "安装位置", "南门岗亭机柜（gate-south）"),
        ("table-6-B01", "照片抓拍功能满足要求", "☑是☐否"),
        ("table-6-B01", "信息上传功能满足要求", "☐是☑否否：" + "很长的原因，" * 6 + "很长…"),
        ("table-7", "法定代表人", "马虚构"),
        ("table-7", "门禁厂商（提供营业执照）", "宁夏示例门禁科技有限公司"),
        ("table-8", "授权签字人", "李虚构"),
        ("table-8", "备案日期", "年月日"),
        ("table-9", "系统接入ID号", "91640121MAYCEM0227"),
        ("table-9", "数据传输方式", "无线☐/有线☑"),
        ("table-9", "监管平台端数据接收是否正确", "是☐/否☑"),
        ("cover", "签名密钥指纹", "0123456789ABCDEF"),
        ("cover", "填写时间", "2026年11月25日12:00"),
    ],
)
def test_a_value_stands_beside_its_label(written: Path, name: str, label: str, value: str) -> None:
    cells = docx_cells(written / f"{name}.docx")
    beside = cells[cells.index(label) + 1]
    assert beside.startswith(value.rstrip("…"))
    assert value.endswith("…") or beside == value


def test_a_line_of_hardware_has_count_maker_model_and_verdict(written: Path) -> None:
    cells = docx_cells(written / "table-6.docx")
    at = cells.index("24h不间断供电系统")
    assert cells[at + 1 : at + 5] == [
        "1",
        "示例电源有限公司",
        "EX-UPS10K（10000W，150min）",
        "☐是☑否否：电池只够95分钟",
    ]


def test_seals_opinions_and_dates_of_others_are_blank(written: Path) -> None:
    for kind in ("table-7", "table-8"):
        cells = docx_cells(written / f"{kind}.docx")
        opinion = cells[cells.index("各地市及宁东基地生态环境主管部门意见") + 1]
        assert opinion == "签名：盖章：年月日"


def test_a_tick_box_of_word_is_one_and_agrees_with_its_glyph(written: Path) -> None:
    with zipfile.ZipFile(written / "table-6.docx") as archive:
        document = etree.fromstring(archive.read("word/document.xml"))
    boxes = list(document.iter(f"{{{W14}}}checkbox"))
    assert len(boxes) == 2 * 14 + 2
    for box in boxes:
        checked = box.find(f"{{{W14}}}checked").get(f"{{{W14}}}val")
        around = box.getparent().getparent()
        assert around.findtext(f".//{{{W}}}t") == TICKS[checked == "1"]


@pytest.mark.slow
def test_the_same_evidence_gives_the_same_bytes_anywhere(
    written: Path, tmp_path: Path, cement: Profile
) -> None:
    """Another process, folder, time zone, locale, hash seed and umask."""
    script = (
        "import sys; from pathlib import Path\n"
        "from acceptance.test_form_files import *\n"
        "write_forms(EvidenceFolder.open(Path(sys.argv[1])), load_profile(CEMENT),"
        " some_findings(), NOON, '0123 4567 89AB CDEF')\n"
    )
    tests = Path(__file__).parents[1]
    environment = {
        **os.environ,
        "PYTHONPATH": f"{tests.parent}:{tests}",
        "TZ": "America/St_Johns",
        "LC_ALL": "C",
        "PYTHONHASHSEED": "7",
        "PYTHONUTF8": "0",
    }
    (tmp_path / "elsewhere").mkdir()
    subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "other")],
        cwd=tmp_path / "elsewhere",
        env=environment,
        check=True,
        umask=0o077,
    )
    assert digests(tmp_path / "other" / "forms") == digests(written)


@pytest.mark.slow
def test_another_time_and_another_verdict_give_other_bytes(
    written: Path, tmp_path: Path, cement: Profile
) -> None:
    folder = EvidenceFolder.open(tmp_path / "later")
    write_forms(folder, cement, all_shown(), NOON + timedelta(days=1), "0123 4567 89AB CDEF")
    before, after = digests(written), digests(folder.path / "forms")
    assert before["cover.docx"] != after["cover.docx"]
    assert before["table-6.docx"] != after["table-6.docx"]
    assert before["table-5.pdf"] != after["table-5.pdf"]


def digests(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


@pytest.mark.parametrize("name", NAMES)
def test_a_pdf_is_pdf_a_2a_with_its_faces_in_it(written: Path, name: str) -> None:
    content = (written / f"{name}.pdf").read_bytes()
    assert b"<pdfaid:part>2</pdfaid:part>" in content
    assert b"<pdfaid:conformance>A</pdfaid:conformance>" in content
    faces = subprocess.run(
        ["pdffonts", str(written / f"{name}.pdf")], capture_output=True, check=True, text=True
    ).stdout.splitlines()[2:]
    assert {line.split()[0].split("+")[1].split("-")[0] for line in faces} <= {
        "NotoSerifCJKsc",
        "GatehouseBoxesRegular",
    }
    assert all(re.search(r" yes yes yes ", line) for line in faces)


@pytest.mark.parametrize("name", NAMES)
def test_a_docx_names_its_faces_and_carries_every_character_it_prints(
    written: Path, name: str
) -> None:
    with zipfile.ZipFile(written / f"{name}.docx") as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    carried = {
        part: TTFont(io.BytesIO(scrambled(parts[part], FACE_KEYS[part])))
        for part in (REGULAR, BOLD, BOXES)
    }
    families = {part: face["name"].getDebugName(1) for part, face in carried.items()}
    assert families == {
        REGULAR: "Noto Serif CJK SC",
        BOLD: "Noto Serif CJK SC",
        BOXES: "Gatehouse Boxes",
    }
    assert {face["OS/2"].fsType for face in carried.values()} == {0}
    has = {part: set(map(chr, face.getBestCmap())) for part, face in carried.items()}
    for run in etree.fromstring(parts["word/document.xml"]).iter(f"{{{W}}}r"):
        text = run.findtext(f"{{{W}}}t") or ""
        if run.find(f".//{{{W}}}b") is not None:
            assert set(text) <= has[BOLD]
        elif run.find(f".//{{{W}}}rFonts") is not None:
            assert set(text) <= has[BOXES]
        else:
            assert set(text) <= has[REGULAR]


def hostile_profile(folder: Path, text: str, length: int) -> Profile:
    whole = (text * length)[:length]
    return demo_profile(
        folder,
        enterprise__name=whole[:100],
        enterprise__address=(whole * 3)[:255],
        enterprise__number=whole[:22],
        enterprise__legal_representative=whole[:20],
        enterprise__contact=whole[:20],
        enterprise__industry=whole[:50],
        entrances__0__name=whole[:50],
        cameras__0__maker=whole[:100],
        cameras__0__model=whole[:100],
        ups__model=whole[:100],
        machines__0__position=whole[:100],
        acceptance__city=whole[:20],
        acceptance__gate_maker=whole[:100],
        acceptance__supplier=whole[:100],
        acceptance__installer=whole[:100],
        acceptance__authorised_signatory=whole[:20],
    )


@pytest.mark.slow
@pytest.mark.parametrize("text", [*HOSTILE, "W", "汉", "8" * 40], ids=lambda text: ascii(text)[:12])
def test_whatever_a_profile_holds_comes_out_as_text_and_stays_on_the_page(
    tmp_path: Path, text: str
) -> None:
    site = hostile_profile(tmp_path / "data", text, 100)
    fault = finding("4.4.6-1", Verdict.NO, item="planted.fault", reason=text, measured=text)
    folder = EvidenceFolder.open(tmp_path / "site")
    write_forms(folder, site, (fault,), NOON, text)
    for name, sheet, form in filled_forms(site, (fault,), NOON, text):
        cells = expected_cells(sheet, form)
        assert docx_cells(folder.path / "forms" / f"{name}.docx") == cells
        pdf = folder.path / "forms" / f"{name}.pdf"
        printed = re.sub(r"^\s*[0-9] ?/ ?[0-9]\s*$", "", pdf_text(pdf), flags=re.MULTILINE)
        assert tight("".join(cells)) in tight(printed)
        for _, left, top, right, bottom in pdf_words(pdf):
            assert 20 * POINTS < left < right < A4[0] - 20 * POINTS
            assert 5 * POINTS < top < bottom < A4[1] - 5 * POINTS


@pytest.mark.slow
def test_a_form_of_a_barrier_that_is_gone_goes_away(tmp_path: Path) -> None:
    folder = EvidenceFolder.open(tmp_path / "site")
    folder.keep_form("table-6-B07.pdf", b"of an earlier run")
    written = write_forms(folder, demo_profile(tmp_path / "data"), (), NOON)
    assert sorted(each.name for each in (folder.path / "forms").iterdir()) == sorted(written)


def test_what_the_face_cannot_print_is_marked_and_told(tmp_path: Path) -> None:
    assert printable("宁A\x07\u202e\U0001f600 b\nc") == f"宁A{NO_SORT * 3} b c"
    site = demo_profile(tmp_path, enterprise__contact="王\U0001f600")
    *_, (_, _, cover) = filled_forms(site, (), NOON)
    told = [(each.form, each.cell) for each in cover.blanks if NO_SORT in each.cell]
    assert told[0] == ("表 5、表 7、表 8", f"联系人：{NO_SORT}处是字库没有的字，请改正")


def test_a_machine_without_the_face_is_told_which_package_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typeface, "FOLDER", tmp_path)
    with pytest.raises(FontMissing, match="fonts-noto-cjk"):
        typeface.lay_out(tmp_path)
