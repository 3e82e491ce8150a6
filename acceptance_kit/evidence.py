"""The evidence folder of an acceptance: findings, files, forms; a second run goes on from it.

    DIR/findings/ITEM[@SUBJECT].json   one per finding, replaced as a whole
    DIR/files/                         photos, logs, readings that findings name
    DIR/forms/                         Tables 5 to 9, and the cover sheet
    DIR/answers.yaml                   what people answered, kept between runs
    DIR/manifest.json                  sha256 of all of them, sealed (`seal.py`)

What is written is whole or not there: a file comes under a hidden name, is synced, and takes its
place by renaming.
"""

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from acceptance_kit.findings import Finding
from appliance.trouble import Trouble

FINDINGS, FILES, FORMS = "findings", "files", "forms"
ANSWERS, MANIFEST = "answers.yaml", "manifest.json"
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,150}")


@dataclass(frozen=True, slots=True)
class EvidenceFolder:
    """One acceptance on disk. Made by `open`."""

    path: Path

    @classmethod
    def open(cls, path: Path) -> "EvidenceFolder":
        """Make the folder, or go on with the one that is there.

        Raises Trouble when something else lies in it: the kit neither mixes nor overwrites.
        """
        strangers = (
            [entry.name for entry in path.iterdir() if entry.name not in _OURS]
            if path.is_dir()
            else []
        )
        if strangers:
            raise Trouble(
                f"{path} 中有不属于验收的文件（{strangers[0]}）。"
                "请换一个空目录，或用上次的验收目录。"
            )
        for part in (FINDINGS, FILES, FORMS):
            (path / part).mkdir(parents=True, exist_ok=True)
        return cls(path)

    def findings(self) -> tuple[Finding, ...]:
        """All findings by name. Raises Trouble when one cannot be read."""
        found = []
        for file in sorted((self.path / FINDINGS).glob("[!.]*.json")):
            try:
                finding = Finding.from_dict(json.loads(file.read_text("utf-8")))
            except (ValueError, KeyError, TypeError) as error:
                raise Trouble(
                    f"{file} 不是验收结果文件，可能被改动。请用 gatehouse accept verify 查看；"
                    "删除后重新检查该项。"
                ) from error
            if f"{finding.name}.json" != file.name:
                raise Trouble(f"{file} 的内容是 {finding.name}，文件可能被改名。请删除后重新检查。")
            found.append(finding)
        return tuple(found)

    def keep(self, finding: Finding) -> None:
        """Write one finding in the place of an older one of the same name."""
        text = json.dumps(finding.as_dict(), ensure_ascii=False, indent=1, sort_keys=True)
        self._write(FINDINGS, f"{finding.name}.json", text.encode("utf-8") + b"\n")

    def forget_findings(self) -> None:
        """Remove all findings; files, answers and forms stay."""
        for file in (self.path / FINDINGS).glob("*.json"):
            file.unlink()

    def keep_file(self, name: str, content: bytes) -> str:
        """Write a file that findings may name; returns the name. Never takes a path."""
        return self._write(FILES, name, content)

    def keep_form(self, name: str, content: bytes) -> str:
        """Write one form, as `table-6-A01.docx`; returns the name."""
        return self._write(FORMS, name, content)

    def contents(self) -> Iterator[Path]:
        """All files but the manifest and half-written ones, relative to the folder, in order."""
        for file in sorted(self.path.rglob("*")):
            inside = file.relative_to(self.path)
            if file.is_file() and inside.name[0] != "." and inside != Path(MANIFEST):
                yield inside

    def _write(self, part: str, name: str, content: bytes) -> str:
        if not FILE_NAME.fullmatch(name):
            raise ValueError(f"no name for a file of evidence: {name!r}")
        with whole_file(self.path / part / name) as file:
            file.write_bytes(content)
        return name


@contextmanager
def one_at_a_time(folder: EvidenceFolder) -> Iterator[None]:
    """Nobody else accepts in this folder meanwhile, in a terminal or on pages. Raises Trouble."""
    handle = os.open(folder.path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Trouble(
                f"另一个 gatehouse accept 正在使用 {folder.path}（终端或平板页面）。请先结束它。"
            ) from None
        yield
    finally:
        os.close(handle)


_OURS = {FINDINGS, FILES, FORMS, ANSWERS, MANIFEST, "work"}


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """A file to write, which takes the name `target` only when it is whole and on disk."""
    half = target.with_name(f".{target.name}.part")
    try:
        yield half
        with half.open("rb") as written:
            os.fsync(written.fileno())
        half.replace(target)
    finally:
        half.unlink(missing_ok=True)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
