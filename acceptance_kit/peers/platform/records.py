"""What the reference platform got, in an SQLite file of its own that tests and people may ask."""

import base64
import binascii
import hashlib
import json
import sqlite3
import threading
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from acceptance_kit.peers.platform.rules import fields_of
from appliance.guideline.messages import PASSAGE, PHOTO_FIELD, TABLES, Result
from appliance.runtime.uplink.frame import Frame, FrameFault
from appliance.trouble import Trouble

NOT_KEPT = "（不保存）"
"""Stands where a password came."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message as the platform holds it.

    `fields` are without the photo, of which `photo_sha256` and `photo_size` (bytes) remain; None
    where the message has none that is Base64. `code` and `reason` are of the latest judgement,
    `received_at` is of the first arrival, and `times_received` counts the arrivals of this QN.
    """

    qn: str
    cn: str
    mn: str
    received_at: datetime
    code: int
    reason: str
    fields: dict[str, str]
    photo_sha256: str | None
    photo_size: int | None
    times_received: int

    @property
    def plate(self) -> str | None:
        """F_CPHM, or None in messages that are not about a vehicle."""
        return self.fields.get("F_CPHM")


@dataclass(frozen=True, slots=True)
class Arrived:
    """A passage as the platform puts it together: the messages with the same time, lane and plate.

    `complete` tells whether as many different photos came as it wants of a passage.
    """

    messages: tuple[Received, ...]
    complete: bool


def arrived(received: list[Received], photos: int) -> list[Arrived]:
    """The passages that received messages tell of, in the order of first arrival."""
    groups: dict[tuple[str | None, ...], list[Received]] = {}
    for kept in received:
        if kept.cn == PASSAGE:
            fields = kept.fields
            key = (kept.mn, *(fields.get(name) for name in ("DATE", "F_ZDBH", "F_CPHM")))
            groups.setdefault(key, []).append(kept)
    return [
        Arrived(tuple(group), len({kept.photo_sha256 for kept in group}) >= photos)
        for group in groups.values()
    ]


class Records:
    """The tables `messages` (a row a QN) and `faults` (a row for bytes that were no frame)."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        # Each connection of a gate has a thread; the lock makes them take turns.
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database = Database(self._connection)
        self._database.table("messages").create(
            {
                "qn": str,
                "cn": str,
                "mn": str,
                "received_at": str,
                "code": int,
                "reason": str,
                "fields": str,
                "photo_sha256": str,
                "photo_size": int,
                "times_received": int,
            },
            pk="qn",
            if_not_exists=True,
        )
        self._database.table("faults").create(
            {"id": int, "received_at": str, "kind": str, "sentence": str},
            pk="id",
            if_not_exists=True,
        )

    def keep(self, frame: Frame, at: datetime, code: int, reason: str) -> Received:
        """Keep a message, or count one more arrival of it.

        What was received once stays received: a later arrival of the QN cannot undo it.
        """
        with self._lock:
            qn = frame.get("QN") or ""
            known = self._row(qn)
            if known is not None and known["code"] == Result.RECEIVED:
                row = {**known, "times_received": known["times_received"] + 1}
            else:
                row = _row_of(frame, at, code, reason)
                if known is not None:
                    row["received_at"] = known["received_at"]
                    row["times_received"] = known["times_received"] + 1
            self._database.table("messages").upsert(row, pk="qn")
            return _received(row)

    def keep_fault(self, fault: FrameFault, at: datetime) -> None:
        """Keep that bytes came which were no frame."""
        with self._lock:
            self._database.table("faults").insert(
                {
                    "received_at": at.isoformat(),
                    "kind": type(fault).__name__,
                    "sentence": str(fault),
                }
            )

    def all(self) -> list[Received]:
        """Every message, in the order of first arrival."""
        with self._lock:
            rows = list(self._database.query("SELECT * FROM messages ORDER BY rowid"))
        return [_received(row) for row in rows]

    def one(self, qn: str) -> Received | None:
        """The message of that QN, or None."""
        with self._lock:
            row = self._row(qn)
        return None if row is None else _received(row)

    def faults(self) -> list[str]:
        """The sentences of what was no frame, in order."""
        with self._lock:
            rows = list(self._database.query("SELECT kind, sentence FROM faults ORDER BY id"))
        return [f"{row['kind']}: {row['sentence']}" for row in rows]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _row(self, qn: str) -> dict[str, Any] | None:
        rows = self._database.query("SELECT * FROM messages WHERE qn = :qn", {"qn": qn})
        return next(iter(list(rows)), None)


def read_records(path: Path) -> list[Received]:
    """Every message in a platform's file, in the order of first arrival; changes nothing in it.

    Raises Trouble when there is no such file, or it is not a platform's.
    """
    if not path.is_file():
        raise Trouble(f"没有参考平台的数据文件 {path}。")
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        try:
            rows = list(Database(connection).query("SELECT * FROM messages ORDER BY rowid"))
        except sqlite3.DatabaseError as error:
            raise Trouble(f"{path} 不是参考平台的数据文件。") from error
    return [_received(row) for row in rows]


def _row_of(frame: Frame, at: datetime, code: int, reason: str) -> dict[str, Any]:
    fields = fields_of(frame)
    photo = _bytes_of(fields.pop(PHOTO_FIELD, ""))
    # Nobody needs a camera's password here, and the file lies about in the open.
    fields |= {
        spec.name: NOT_KEPT
        for spec in TABLES.get(fields.get("CN", ""), ())
        if spec.secret and fields.get(spec.name)
    }
    return {
        "qn": fields.get("QN", ""),
        "cn": fields.get("CN", ""),
        "mn": fields.get("MN", ""),
        "received_at": at.isoformat(),
        "code": int(code),
        "reason": reason,
        "fields": json.dumps(fields, ensure_ascii=False),
        "photo_sha256": hashlib.sha256(photo).hexdigest() if photo else None,
        "photo_size": len(photo) if photo else None,
        "times_received": 1,
    }


def _bytes_of(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _received(row: dict[str, Any]) -> Received:
    return Received(
        **{
            **row,
            "received_at": datetime.fromisoformat(row["received_at"]),
            "fields": json.loads(row["fields"]),
        }
    )
