"""A form as DOCX, to be stamped and signed: docxtpl fills a template that is made from the layout.

The same data gives the same bytes: parts are zipped in order, with no time of their own.
"""

import io
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

from docxtpl import DocxTemplate
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from acceptance_kit.forms import package
from acceptance_kit.forms.layout import Box, Cell, Field, Line, Part, Sheet, Text
from acceptance_kit.forms.model import Form, texts
from acceptance_kit.forms.typeface import (
    BOX_FACE,
    EMPTY_BOX,
    TICKED_BOX,
    box_face,
    embedded_face,
)

_EPOCH = (1980, 1, 1, 0, 0, 0)
_MM = 56.6929  # twentieths of a point
_FONTS = "".join(f' w:{kind}="{BOX_FACE}"' for kind in ("ascii", "hAnsi", "eastAsia", "cs"))


@dataclass(frozen=True, slots=True)
class Faces:
    """What the DOCX files of one acceptance embed: made once for all of them."""

    regular: bytes
    bold: bytes

    @classmethod
    def of(cls, forms: Iterable[tuple[Sheet, Form]]) -> Self:
        """Faces with every character of these forms. Raises FontMissing."""
        printed, bold = set(), set()
        for sheet, form in forms:
            words = [part.words for part in sheet.parts() if isinstance(part, Text)]
            words += [part.word for part in sheet.parts() if isinstance(part, Box)]
            heads = [part.words for part in sheet.parts() if isinstance(part, Text) and part.bold]
            printed |= set("".join((*words, *sheet.below, *texts(form))))
            bold |= set("".join((*heads, sheet.caption)))
        return cls(
            embedded_face(frozenset(printed), bold=False), embedded_face(frozenset(bold), bold=True)
        )


def docx(sheet: Sheet, form: Form, faces: Faces) -> bytes:
    """Fill the form's template."""
    filled = DocxTemplate(io.BytesIO(template(sheet)))
    filled.render({"form": form}, _environment(), autoescape=True)
    saved = io.BytesIO()
    filled.save(saved)
    with zipfile.ZipFile(saved) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    embedded = {
        package.REGULAR: faces.regular,
        package.BOLD: faces.bold,
        package.BOXES: box_face(),
    }
    return _zipped(
        parts
        | {
            name: package.scrambled(face, package.FACE_KEYS[name])
            for name, face in embedded.items()
        }
    )


@lru_cache(maxsize=16)
def template(sheet: Sheet) -> bytes:
    """The DOCX with docxtpl's tags where the data goes."""
    return _zipped(package.parts(_document(sheet), sheet.caption))


def _environment() -> Environment:
    """A missing field is an error; what is printed is text, whatever it looks like.

    docxtpl turns `{_{` into `{{` after filling, so braces are written as references.
    """

    def as_text(value: object) -> Markup:
        text = str(escape(value))
        return Markup(  # noqa: S704 - escaped in the line above
            "".join(f"&#{ord(char)};" if char in "{}%" else char for char in text)
        )

    return Environment(undefined=StrictUndefined, autoescape=True, finalize=as_text)


def _zipped(parts: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        # Word wants the table of types first.
        for name in sorted(parts, key=lambda name: (name != "[Content_Types].xml", name)):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            archive.writestr(entry, parts[name])
    return made.getvalue()


def _document(sheet: Sheet) -> str:
    columns = "".join(f'<w:gridCol w:w="{_twips(width)}"/>' for width in sheet.columns())
    borders = "".join(
        f'<w:{side} w:val="single" w:sz="5" w:space="0" w:color="000000"/>'
        for side in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    return (
        f"<w:document {package.NAMESPACES}><w:body>"
        f"{_paragraph(_run(Text(sheet.caption, bold=True, size=12)), 'center', after=120)}"
        f'<w:tbl><w:tblPr><w:tblW w:w="{sum(map(_twips, sheet.columns()))}" w:type="dxa"/>'
        f'<w:jc w:val="center"/><w:tblBorders>{borders}</w:tblBorders>'
        '<w:tblLayout w:type="fixed"/><w:tblCellMar><w:top w:w="40" w:type="dxa"/>'
        '<w:left w:w="85" w:type="dxa"/><w:bottom w:w="40" w:type="dxa"/>'
        '<w:right w:w="85" w:type="dxa"/></w:tblCellMar></w:tblPr>'
        f"<w:tblGrid>{columns}</w:tblGrid>"
        f"{''.join(_rows(sheet))}</w:tbl>"
        f"{''.join(_paragraph(_run(Text(note)), 'left', before=120) for note in sheet.below)}"
        # A table must be followed by a paragraph; this one takes no room.
        f"{'' if sheet.below else _NO_ROOM}"
        f'<w:sectPr><w:footerReference w:type="default" r:id="{package.FOOTER}"/>'
        '<w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="794" w:right="1247" w:bottom="737" '
        'w:left="1247" w:header="400" w:footer="400" w:gutter="0"/></w:sectPr>'
        "</w:body></w:document>"
    )


_NO_ROOM = '<w:p><w:pPr><w:spacing w:line="20" w:lineRule="exact"/></w:pPr></w:p>'


def _rows(sheet: Sheet) -> Iterator[str]:
    for row in sheet.rows:
        if row.each:
            yield _tag_row(f"{{%tr for item in form.{row.each} %}}")
        cells = "".join(
            _cell(cell, span) for cell, span in zip(row.cells, sheet.spans(row), strict=True)
        )
        height = f'<w:trHeight w:val="{_twips(row.height)}" w:hRule="atLeast"/>'
        whole = "" if row.breakable else "<w:cantSplit/>"
        yield f"<w:tr><w:trPr>{whole}{height}</w:trPr>{cells}</w:tr>"
        if row.each:
            yield _tag_row("{%tr endfor %}")


def _tag_row(tag: str) -> str:
    """A row that docxtpl takes away together with its tag."""
    return f"<w:tr><w:tc><w:p><w:r><w:t>{tag}</w:t></w:r></w:p></w:tc></w:tr>"


def _cell(cell: Cell, span: int) -> str:
    lines = "".join(_line(line, cell.align) for line in cell.lines)
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{_twips(cell.width)}" w:type="dxa"/>'
        f'<w:gridSpan w:val="{span}"/><w:vAlign w:val="{cell.valign}"/></w:tcPr>{lines}</w:tc>'
    )


def _line(line: Line, align: str) -> str:
    runs = "".join(map(_part, line.parts))
    made = _paragraph(runs, align, size=max(getattr(part, "size", 0) for part in line.parts))
    if not line.when:
        return made
    tags = (f"{{%p if {_path(line.when)} %}}", "{%p endif %}")
    before, after = (f"<w:p><w:r><w:t>{tag}</w:t></w:r></w:p>" for tag in tags)
    return before + made + after


def _paragraph(runs: str, align: str, *, before: int = 0, after: int = 0, size: float = 0) -> str:
    """A paragraph; lines of a size of their own lie closer than the form's."""
    near = f' w:line="{round(size * 28)}" w:lineRule="exact"' if size else ""
    told = f'<w:spacing w:before="{before}" w:after="{after}"{near}/>'
    spacing = told if before or after or size else ""
    return f'<w:p><w:pPr>{spacing}<w:jc w:val="{align}"/></w:pPr>{runs}</w:p>'


def _part(part: Part) -> str:
    match part:
        case Text():
            return _run(part)
        case Field():
            return _run(Text(f"{{{{ {_path(part.path)} }}}}", size=part.size))
        case Box():
            word = Text(f"{part.word} " if part.word_first else f" {part.word}")
            made = [_box(part), _run(word)]
            return "".join(reversed(made) if part.word_first else made)


def _run(text: Text) -> str:
    size = f'<w:sz w:val="{round(text.size * 2)}"/>' if text.size else ""
    style = ("<w:b/>" if text.bold else "") + size
    return (
        f"<w:r>{f'<w:rPr>{style}</w:rPr>' if style else ''}"
        f'<w:t xml:space="preserve">{escape(text.words)}</w:t></w:r>'
    )


def _box(box: Box) -> str:
    """Word's own tick box: a click turns it."""
    ticked = f"{_path(box.path)} == '{box.word}'"
    style = f'<w:rPr><w:rFonts{_FONTS}/><w:sz w:val="24"/></w:rPr>'
    states = "".join(
        f'<w14:{state} w14:val="{ord(char):04X}" w14:font="{BOX_FACE}"/>'
        for state, char in (("checkedState", TICKED_BOX), ("uncheckedState", EMPTY_BOX))
    )
    return (
        f'<w:sdt><w:sdtPr>{style}<w:alias w:val="{box.word}"/><w:tag w:val="{box.path}"/>'
        f"<w14:checkbox><w14:checked w14:val=\"{{{{ '1' if {ticked} else '0' }}}}\"/>{states}"
        f"</w14:checkbox></w:sdtPr><w:sdtContent><w:r>{style}"
        f"<w:t>{{{{ '{TICKED_BOX}' if {ticked} else '{EMPTY_BOX}' }}}}</w:t></w:r>"
        "</w:sdtContent></w:sdt>"
    )


def _path(path: str) -> str:
    return path if path.partition(".")[0] == "item" else f"form.{path}"


def _twips(millimetres: int) -> int:
    return round(millimetres * _MM)
