"""The chain of hashes that shows a record changed, removed or slipped in afterwards.

Each passage, correction and lawful removal of photos adds one link in its own transaction:

    record_digest = SHA-256 of the record's canonical JSON (a passage with its photos' SHA-256)
    hash          = SHA-256 of prev, kind, ref and record_digest, a line each

`prev` is the hash of the link before, GENESIS for the first. All hashes are lower-case hex.
"""

import hashlib
import json
from typing import Literal

from sqlite_utils import Database

from appliance.runtime.journal.database import Row, insert, row, rows

GENESIS = "0" * 64

RecordKind = Literal["passage", "correction", "removal"]


def canonical(value: object) -> bytes:
    """JSON that is the same bytes for the same value: keys sorted, UTF-8, no spaces.

    Raises ValueError for NaN and infinities, which JSON cannot say.
    """
    return json.dumps(
        value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    ).encode()


def link_hash(prev: str, kind: str, ref: int, record_digest: str) -> str:
    """What holds a link to the one before it."""
    return hashlib.sha256(f"{prev}\n{kind}\n{ref}\n{record_digest}".encode()).hexdigest()


def record_digest(database: Database, kind: RecordKind, ref: int) -> str | None:
    """The digest of a record as its rows stand now; None when the record is not there."""
    if kind == "passage":
        passage = row(database, "SELECT * FROM passages WHERE id = :id", {"id": ref})
        record: dict[str, object] | None = passage and {
            "passage": _said(passage),
            "photos": [_said(photo) for photo in photo_rows(database, ref)],
        }
    elif kind == "removal":
        removal = row(database, "SELECT * FROM removals WHERE id = :id", {"id": ref})
        record = removal and {"removal": _said(removal), "passages": removed_by(database, ref)}
    else:
        correction = row(database, "SELECT * FROM corrections WHERE id = :id", {"id": ref})
        record = correction and {"correction": _said(correction)}
    return hashlib.sha256(canonical(record)).hexdigest() if record else None


def photo_rows(database: Database, passage_id: int) -> list[Row]:
    """A passage's photo rows, in their order."""
    return rows(
        database,
        "SELECT * FROM photos WHERE passage_id = :id ORDER BY number",
        {"id": passage_id},
    )


def removed_by(database: Database, removal_id: int) -> list[int]:
    """The passages whose photos a removal took, in order."""
    found = rows(
        database,
        "SELECT passage_id FROM removed_photos WHERE removal_id = :id ORDER BY passage_id",
        {"id": removal_id},
    )
    return [each["passage_id"] for each in found]


def add_link(database: Database, kind: RecordKind, ref: int) -> None:
    """Link a record just written; call inside the transaction that wrote it.

    The digest is taken from the rows as they read back, so that `verify` later computes it from
    the very same source.
    """
    digest = record_digest(database, kind, ref)
    if digest is None:
        raise LookupError(f"no {kind} {ref} to link")
    prev = head(database)
    insert(
        database,
        "chain",
        {
            "kind": kind,
            "ref": ref,
            "record_digest": digest,
            "prev": prev,
            "hash": link_hash(prev, kind, ref, digest),
        },
    )


def head(database: Database) -> str:
    """The hash of the newest link."""
    found = row(database, "SELECT hash FROM chain ORDER BY seq DESC LIMIT 1")
    return str(found["hash"]) if found else GENESIS


def link_of(database: Database, kind: RecordKind, ref: int) -> Row | None:
    """The link that speaks of a record, or None."""
    return row(
        database,
        "SELECT * FROM chain WHERE kind = :kind AND ref = :ref",
        {"kind": kind, "ref": ref},
    )


def _said(record: Row) -> Row:
    # NULLs are left out, so that a nullable column added later changes no old digest.
    return {name: value for name, value in record.items() if value is not None}
