"""The faces that the forms are set in: Noto Serif CJK SC, and two tick boxes of our own drawing.

The Chinese face comes with the system (`fonts-noto-cjk`, SIL Open Font License 1.1, which allows
what is done here): a PDF carries the characters it uses, a DOCX carries them as a small TrueType
face, because Word embeds no others. No face is looked for by guess and none is downloaded.
"""

import io
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.basePen import AbstractPen
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

from appliance.fonts import SIMPLIFIED_CHINESE, FontMissing

FACE = "Noto Serif CJK SC"
BOX_FACE = "Gatehouse Boxes"
EMPTY_BOX, TICKED_BOX = "\u2610", "\u2611"
NO_SORT = "〓"
"""What printers set where they have no sort for a character."""

FOLDER = Path("/usr/share/fonts/opentype/noto")
FILES = {False: "NotoSerifCJK-Regular.ttc", True: "NotoSerifCJK-Bold.ttc"}
"""Regular and bold."""

LICENSE = "SIL Open Font License 1.1"
_CURVE_ERROR = 1.0  # thousandths of an em between a cubic curve and its quadratic stand-in

Draw = Callable[[AbstractPen], None]


def printable(text: str) -> str:
    """The text with `NO_SORT` for all that the face cannot print; white space becomes blanks."""
    known = _characters()
    return "".join(
        " " if char.isspace() and char != "\u3000" else char if ord(char) in known else NO_SORT
        for char in text
    )


@lru_cache(maxsize=4)
def embedded_face(characters: frozenset[str], *, bold: bool) -> bytes:
    """A TrueType face with these characters and ASCII, the same bytes for the same characters."""
    source = _source(bold=bold)
    names = source.getBestCmap()
    glyphs = source.getGlyphSet()
    widths = source["hmtx"].metrics
    wanted = sorted({ord(char) for char in characters} | set(range(0x20, 0x7F)))
    drawn: dict[int, tuple[Draw, int]] = {
        code: (glyphs[names[code]].draw, widths[names[code]][0]) for code in wanted if code in names
    }
    return _true_type(FACE, "Bold" if bold else "Regular", drawn, source)


@lru_cache(maxsize=1)
def box_face() -> bytes:
    """A TrueType face of two characters: ☐ and ☑."""
    boxes: dict[int, tuple[Draw, int]] = {
        ord(EMPTY_BOX): (_box, 1000),
        ord(TICKED_BOX): (_ticked_box, 1000),
    }
    return _true_type(BOX_FACE, "Regular", boxes, None)


def lay_out(folder: Path) -> None:
    """Put the faces where a typesetter finds them, and no others beside them."""
    for file in FILES.values():
        if not (FOLDER / file).is_file():
            raise FontMissing("缺少中文字体，请安装系统软件包 fonts-noto-cjk。")
        (folder / file).symlink_to(FOLDER / file)
    (folder / "boxes.ttf").write_bytes(box_face())


@lru_cache(maxsize=2)
def _source(*, bold: bool) -> TTFont:
    file = FOLDER / FILES[bold]
    if not file.is_file():
        raise FontMissing("缺少中文字体，请安装系统软件包 fonts-noto-cjk。")
    return TTFont(file, fontNumber=SIMPLIFIED_CHINESE, lazy=True)


@lru_cache(maxsize=1)
def _characters() -> frozenset[int]:
    return frozenset(_source(bold=False).getBestCmap()) - set(range(0x20))


def _true_type(
    family: str, style: str, drawn: dict[int, tuple[Draw, int]], source: TTFont | None
) -> bytes:
    """Build a face from outlines; metrics and coverage bits are the source's where there is one."""
    names = {code: f"u{code:04X}" for code in drawn}
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", *names.values()])
    builder.setupCharacterMap(names)
    outlines: dict[str, Any] = {".notdef": TTGlyphPen(None).glyph()}
    for code, (draw, _) in drawn.items():
        pen = TTGlyphPen(None)
        # TrueType fills the other way round than PostScript.
        draw(Cu2QuPen(pen, _CURVE_ERROR, reverse_direction=source is not None))
        outlines[names[code]] = pen.glyph()
    builder.setupGlyf(outlines)
    widths = {names[code]: width for code, (_, width) in drawn.items()} | {".notdef": 1000}
    sides = {name: outlines[name].xMin if outlines[name].numberOfContours else 0 for name in widths}
    builder.setupHorizontalMetrics({name: (widths[name], sides[name]) for name in widths})
    lines = source["hhea"] if source else None
    builder.setupHorizontalHeader(
        ascent=lines.ascent if lines else 880, descent=lines.descent if lines else -120
    )
    builder.setupNameTable(
        {
            "familyName": family,
            "styleName": style,
            "uniqueFontIdentifier": f"{family} {style}, in a form of gatehouse",
            "fullName": f"{family} {style}",
            "psName": f"{family} {style}".replace(" ", ""),
            "version": "Version 1.000",
            "licenseDescription": LICENSE,
        }
        | ({"copyright": source["name"].getDebugName(0)} if source else {})
    )
    free = 0  # may be embedded and edited with
    builder.setupOS2(
        sTypoAscender=880, sTypoDescender=-120, usWinAscent=880, usWinDescent=120, fsType=free
    )
    if source:
        builder.font["OS/2"] = source["OS/2"]
    builder.setupPost()
    builder.font["head"].macStyle = int(style == "Bold")
    builder.font["head"].created = builder.font["head"].modified = 0
    builder.font.recalcTimestamp = False
    made = io.BytesIO()
    builder.save(made)
    return made.getvalue()


def _box(pen: AbstractPen) -> None:
    _outline(pen, (90, -30), (90, 790), (910, 790), (910, -30))
    _outline(pen, (140, 20), (860, 20), (860, 740), (140, 740))


def _ticked_box(pen: AbstractPen) -> None:
    _box(pen)
    _outline(pen, (210, 390), (280, 450), (430, 255), (725, 680), (795, 625), (435, 120))


def _outline(pen: AbstractPen, first: tuple[int, int], *others: tuple[int, int]) -> None:
    pen.moveTo(first)
    for point in others:
        pen.lineTo(point)
    pen.closePath()
