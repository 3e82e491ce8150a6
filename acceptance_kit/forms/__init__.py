"""Tables 5 to 9 (9.2) and the cover sheet: from one record to DOCX and PDF/A, the same bytes twice.

    profile, findings → filling → model → word (DOCX), pdf (PDF/A)

Wording and cells are `tables.py`, which demands judge a row is `rows.toml`. Nothing is ticked that
was not shown; seals, signatures, opinions and dates of others stay blank.
"""

from collections.abc import Iterator
from datetime import datetime

from acceptance_kit.evidence import EvidenceFolder
from acceptance_kit.findings import Finding
from acceptance_kit.forms import tables
from acceptance_kit.forms.cover import blanks_of, cover
from acceptance_kit.forms.filling import fill
from acceptance_kit.forms.layout import Sheet
from acceptance_kit.forms.model import Form, as_printed
from acceptance_kit.forms.pdf import pdf
from acceptance_kit.forms.word import Faces, docx
from appliance.profile.model import Profile

__all__ = ["filled_forms", "write_forms"]


def write_forms(
    folder: EvidenceFolder,
    profile: Profile,
    findings: tuple[Finding, ...],
    at: datetime,
    fingerprint: str = "",
) -> tuple[str, ...]:
    """Write the five forms and the cover sheet, each as DOCX and PDF/A; returns their names.

    Args:
        folder: where they go; what stood there before is replaced.
        profile: the site's.
        findings: all that the acceptance found.
        at: the time the forms bear, aware, in Beijing time.
        fingerprint: the signing key's; empty: a blank to be filled by hand.

    Raises FontMissing when the machine lacks the Chinese face.
    """
    at = at.replace(microsecond=0)  # PDF dates have none
    forms = tuple(filled_forms(profile, findings, at, fingerprint))
    faces = Faces.of((sheet, form) for _, sheet, form in forms)
    written = []
    for name, sheet, form in forms:
        written.append(folder.keep_form(f"{name}.docx", docx(sheet, form, faces)))
        written.append(folder.keep_form(f"{name}.pdf", pdf(sheet, form, at)))
    return tuple(written)


def filled_forms(
    profile: Profile, findings: tuple[Finding, ...], at: datetime, fingerprint: str = ""
) -> Iterator[tuple[str, Sheet, Form]]:
    """File name, layout and data of every form; the first barrier's Table 6 is `table-6`."""
    filled = fill(profile, findings)
    forms: list[tuple[str, str, Sheet, Form]] = [
        ("table-5", "表 5", tables.TABLE_5, as_printed(filled.table5))
    ]
    for number, table in enumerate(filled.table6):
        name = f"table-6-{table.barrier}" if number else "table-6"
        forms.append((name, f"表 6（{table.barrier}）", tables.TABLE_6, as_printed(table)))
    forms += [
        ("table-7", "表 7", tables.TABLE_7, as_printed(filled.table7)),
        ("table-8", "表 8", tables.TABLE_8, as_printed(filled.table8)),
        ("table-9", "表 9", tables.TABLE_9, as_printed(filled.table9)),
    ]
    for name, _, sheet, form in forms:
        yield name, sheet, form
    blanks = tuple(
        blank for _, called, sheet, form in forms for blank in blanks_of(sheet, form, called)
    )
    front = cover(profile, findings, filled, blanks=blanks, at=at, fingerprint=fingerprint)
    yield "cover", tables.COVER, as_printed(front)
