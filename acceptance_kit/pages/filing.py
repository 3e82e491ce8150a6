"""The forms: filled, and handed out."""

import re
from pathlib import Path

from flask import Blueprint, Response, render_template, send_file
from werkzeug.exceptions import NotFound

from acceptance_kit.evidence import FORMS, EvidenceFolder
from acceptance_kit.pages.bench import last_job
from acceptance_kit.pages.kit import the_kit
from acceptance_kit.pages.rooms import BY_ITSELF
from acceptance_kit.pages.standing import known
from acceptance_kit.register import FORMS as WRITTEN
from acceptance_kit.steps import Kind

filing = Blueprint("filing", __name__)

TYPES = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".pdf": "application/pdf",
}
TABLE = re.compile(r"table-(\d)(?:-(.+))?")


@filing.get("/forms")
def forms() -> str:
    """What is filled, since when, and what has changed since."""
    kit = the_kit()
    found = known(kit.acceptance)
    written = found.pop(WRITTEN.item, None)
    newest = max((finding.at for finding in found.values()), default=None)
    job = last_job(kit.acceptance)
    return render_template(
        "accept_forms.html",
        forms=[(_title(name), name, kinds) for name, kinds in _forms(kit.acceptance.folder)],
        written=written,
        stale=written is not None and newest is not None and newest > written.at,
        before=[step.stage for step in job.steps if step.kind in BY_ITSELF - {Kind.TRIAL}],
        count=kit.bench.count,
    )


@filing.get("/forms/<name>")
def form(name: str) -> Response:
    """One file, to keep on the tablet."""
    folder = the_kit().acceptance.folder.path / FORMS
    there = {file.name: file for file in folder.iterdir() if file.name[0] != "."}
    if name not in there or there[name].suffix not in TYPES:
        raise NotFound
    return send_file(there[name], TYPES[there[name].suffix], as_attachment=True)


def _forms(folder: EvidenceFolder) -> list[tuple[str, list[str]]]:
    """Each form's name with the kinds of file that there are; the cover sheet last."""
    files = [Path(f.name) for f in (folder.path / FORMS).iterdir() if f.suffix in TYPES]
    names = sorted({f.stem for f in files if f.name[0] != "."}, key=lambda n: (n == "cover", n))
    return [(name, sorted(f.suffix for f in files if f.stem == name)) for name in names]


def _title(name: str) -> str:
    if told := TABLE.fullmatch(name):
        return f"表 {told[1]}" + (f"（{told[2]}）" if told[2] else "")
    return "未完成项（封面）"
