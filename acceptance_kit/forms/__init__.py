"""Tables 5 to 9 (9.2) and the cover sheet: from one record to DOCX and PDF/A, the same bytes twice.

    profile, findings → filling → model → word (DOCX), pdf (PDF/A)

Wording and cells are `tables.py`, which demands judge a row is `rows.toml`. Nothing is ticked that
was not shown; seals, signatures, opinions and dates of others stay blank.
"""

from collections.abc import Iterator
from datetime import datetime

from acceptance_kit.evidence import FORMS, EvidenceFolder
from acceptance_kit.findings import Finding
from acceptance_kit.forms import tables
from acceptance_kit.forms.cover import blanks, cover
from acceptance_kit.forms.filling import fill
from acceptance_kit.forms.layout import Sheet
from acceptance_kit.forms.model import Form, as_printed
from acceptance_kit.forms.pdf import pdf, typesetting
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
        folder: where they go; the forms of an earlier run go away.
        profile: the site's.
        findings: all that the acceptance found, in any order.
        at: the time the forms bear, aware, in Beijing time.
        fingerprint: the signing key's; empty: a blank to be filled by hand.

    Raises FontMissing when the machine lacks the Chinese face.
    """
    at = at.replace(microsecond=0)  # PDF dates have none
    forms = tuple(filled_forms(profile, findings, at, fingerprint))
    carried = Faces.of((sheet, form) for _, sheet, form in forms)
    written = []
    with typesetting() as faces:
        for name, sheet, form in forms:
            written.append(folder.keep_form(f"{name}.docx", docx(sheet, form, carried)))
            written.append(folder.keep_form(f"{name}.pdf", pdf(sheet, form, at, faces)))
    for form_of_before in (folder.path / FORMS).glob("[!.]*"):
        if form_of_before.name not in written:
            form_of_before.unlink()
    return tuple(written)


def filled_forms(
    profile: Profile, findings: tuple[Finding, ...], at: datetime, fingerprint: str = ""
) -> Iterator[tuple[str, Sheet, Form]]:
    """File name, layout and data of every form; the first barrier's Table 6 is `table-6`."""
    findings = tuple(sorted(findings, key=lambda finding: finding.name))
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
    blank = blanks((called, sheet, form) for _, called, sheet, form in forms)
    front = cover(profile, findings, filled, blank=blank, at=at, fingerprint=fingerprint)
    yield "cover", tables.COVER, as_printed(front)
