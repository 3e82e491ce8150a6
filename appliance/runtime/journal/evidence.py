"""What an inspector is handed of a passage: photos, clip, record, receipts, and a manifest.

The manifest is what `sha256sum -c manifest.sha256` reads. A photo or clip that is not there, or
not as it was recorded, is packed as it is found and told: evidence is never made to look better.
"""

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import IO, Any

from appliance.runtime.journal.errors import JournalError
from appliance.runtime.journal.journal import Journal

BLOCK = 1 << 20
MANIFEST = "manifest.sha256"
EXPLANATION = "说明.txt"

Write = Callable[[bytes], object]


class TooMuchEvidence(JournalError):
    """The files are more than whoever asked may have at once."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One file of the evidence. `sha256` is what was recorded, None for what is made now."""

    name: str
    source: bytes | Path
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """All pieces of some passages, and the head of the chain they were taken from."""

    pieces: tuple[Piece, ...]
    head: str
    at: datetime

    @property
    def bytes(self) -> int:
        """How much it is, roughly: files as they lie now."""
        return sum(
            len(piece.source)
            if isinstance(piece.source, bytes)
            else piece.source.stat().st_size
            if piece.source.exists()
            else 0
            for piece in self.pieces
        )


def gather(
    journal: Journal, passages: tuple[int, ...], at: datetime, most_bytes: int | None = None
) -> Evidence:
    """The evidence of these passages; raises UnknownPassage, UnsafePath, TooMuchEvidence."""
    pieces = [piece for number in dict.fromkeys(passages) for piece in _pieces(journal, number)]
    evidence = Evidence(tuple(pieces), journal.head(), at)
    if most_bytes is not None and evidence.bytes > most_bytes:
        raise TooMuchEvidence("这条记录的文件太大，请用 gatehouse evidence 命令导出。")
    return evidence


def pack_folder(evidence: Evidence, out: Path) -> tuple[str, ...]:
    """Write the evidence into a folder that is new or empty; returns what is wrong with it.

    Raises JournalError when the folder holds something, OSError.
    """
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()):
        raise JournalError(f"目录 {out} 不是空的，请另给一个目录。")

    def store(name: str, fill: Callable[[Write], None]) -> None:
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            fill(file.write)
            file.flush()
            os.fsync(file.fileno())

    return _pack(evidence, store)


def pack_zip(evidence: Evidence, out: IO[bytes]) -> tuple[str, ...]:
    """Write the evidence as a zip file; photos and video are stored, for they do not shrink."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:

        def store(name: str, fill: Callable[[Write], None]) -> None:
            stamp = evidence.at.timetuple()[:6]
            with archive.open(zipfile.ZipInfo(name, stamp), "w", force_zip64=True) as file:
                fill(file.write)

        return _pack(evidence, store)


def _pack(
    evidence: Evidence, store: Callable[[str, Callable[[Write], None]], None]
) -> tuple[str, ...]:
    """Store every piece, then what is wrong, then the manifest over all of it."""
    manifest: list[str] = []
    wrong: list[str] = []

    def keep(piece: Piece) -> None:
        digest = hashlib.sha256()

        def fill(write: Write) -> None:
            for block in _blocks(piece.source):
                digest.update(block)
                write(block)

        store(piece.name, fill)
        manifest.append(f"{digest.hexdigest()}  {piece.name}\n")
        if piece.sha256 is not None and digest.hexdigest() != piece.sha256:
            wrong.append(f"{piece.name} 与记录的 SHA-256 不符")

    for piece in evidence.pieces:
        if isinstance(piece.source, Path) and not piece.source.is_file():
            wrong.append(f"{piece.name} 的文件缺失")
        else:
            keep(piece)
    keep(Piece(EXPLANATION, _explanation(evidence, wrong).encode()))
    text = "".join(manifest).encode()

    def list_all(write: Write) -> None:
        write(text)

    store(MANIFEST, list_all)
    return tuple(wrong)


def _explanation(evidence: Evidence, wrong: list[str]) -> str:
    lines = [
        f"导出时间：{evidence.at:%Y-%m-%d %H:%M:%S}（北京时间）",
        f"记录链链头：{evidence.head}",
        f"核对方法：在本目录执行 sha256sum -c {MANIFEST}",
        "各记录的 record.json 为原始记录、更正和链环，receipts.json 为报文和平台应答。",
        *(["存在的问题：", *wrong] if wrong else ["照片与片段均与记录一致。"]),
    ]
    return "\n".join(lines) + "\n"


def _blocks(source: bytes | Path) -> Iterator[bytes]:
    if isinstance(source, bytes):
        yield source
        return
    with source.open("rb") as file:
        while block := file.read(BLOCK):
            yield block


def _pieces(journal: Journal, passage_id: int) -> Iterator[Piece]:
    passage = journal.passage(passage_id)
    folder = f"passage-{passage_id:08d}"
    clips = journal.video().clips(passage_id)
    removal = journal.shelves().removal(passage_id)
    record = {
        "passage": asdict(passage),
        "corrections": [asdict(each) for each in journal.corrections(passage_id)],
        "link": journal.link_of_passage(passage_id),
        "clips": [asdict(each) for each in clips],
        "photos_removed": asdict(removal) if removal else None,
    }
    yield Piece(f"{folder}/record.json", _json(record))
    messages = [
        {**asdict(message), "receipts": [asdict(each) for each in journal.receipts(message.id)]}
        for message in journal.messages(passage_id)
    ]
    yield Piece(f"{folder}/receipts.json", _json(messages))
    for photo in () if removal else passage.photos:
        name = f"{folder}/photo-{photo.kind.value}.jpg"
        yield Piece(name, journal.photo_path(photo), photo.sha256)
    for number, clip in enumerate(clips, start=1):
        name = f"{folder}/clip-{number}-{clip.camera}{Path(clip.path).suffix}"
        yield Piece(name, journal.file_path(clip.volume, clip.path), clip.sha256)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2, default=_plain).encode()


def _plain(value: Any) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    raise TypeError(type(value).__name__)
