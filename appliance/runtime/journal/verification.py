"""Walking the chain again from the rows and files as they are now.

The walk holds no transaction: linked rows never change in service, so it only has to know where
the chain ended when it began, and a walk of hours neither blocks a lane nor lets the WAL grow.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from sqlite_utils import Database

from appliance.runtime.journal.chain import (
    GENESIS,
    RecordKind,
    link_hash,
    photo_rows,
    record_digest,
)
from appliance.runtime.journal.database import Row, reading, row, rows
from appliance.runtime.journal.photos import PhotoFiles
from appliance.runtime.journal.values import PhotoKind, StoredPhoto

What = Literal["changed", "removed", "inserted", "photo changed", "photo missing"]
FaultKind = Literal["passage", "correction", "removal", "link"]
Progress = Callable[[int, int], None]

NOUNS = {"passage": "进出厂记录", "correction": "更正记录", "removal": "照片删除记录", "link": "链"}
BATCH = 500
BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class ChainFault:
    """The first thing wrong: at which link, of what kind of record, and a sentence in Chinese.

    `kind` is "link" when the fault lies in the chain itself rather than in a record. For a
    missing link `seq` is the number it had.
    """

    seq: int
    kind: FaultKind
    what: What
    sentence: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What a walk found. `links` is how many links stood, `head` the newest one's hash (to be
    noted elsewhere, as a later `expect_head`), `fault` None when all is well."""

    links: int
    head: str
    fault: ChainFault | None


@dataclass(frozen=True, slots=True)
class _Ends:
    """What one glance at the database says before the walk."""

    links: int
    last: int
    head: str
    marks: dict[str, int]  # the highest number SQLite ever gave out, by table
    unlinked: tuple[RecordKind, int, bool] | None  # kind, ref, whether it has a message
    stray_photo: str | None


def verify(
    database: Database,
    files: PhotoFiles,
    *,
    check_photos: bool,
    expect_head: str | None,
    progress: Progress | None,
) -> Verification:
    """See `Journal.verify`."""
    ends = _ends(database)
    walk = _Walk(database, files if check_photos else None, ends)
    fault = walk.first_fault(progress) or walk.fault_at_the_end(expect_head)
    return Verification(links=ends.links, head=ends.head, fault=fault)


def _ends(database: Database) -> _Ends:
    with reading(database):
        total = row(database, "SELECT count(*) AS n, coalesce(max(seq), 0) AS last FROM chain")
        newest = row(database, "SELECT hash FROM chain ORDER BY seq DESC LIMIT 1")
        unlinked = row(
            database,
            "SELECT 'passage' AS kind, id, "
            "EXISTS (SELECT 1 FROM outbox WHERE passage_id = passages.id) AS owed "
            "FROM passages WHERE id NOT IN (SELECT ref FROM chain WHERE kind = 'passage') "
            "UNION ALL SELECT 'correction', id, 0 FROM corrections "
            "WHERE id NOT IN (SELECT ref FROM chain WHERE kind = 'correction') "
            "UNION ALL SELECT 'removal', id, 0 FROM removals "
            "WHERE id NOT IN (SELECT ref FROM chain WHERE kind = 'removal') LIMIT 1",
        )
        stray = row(
            database,
            "SELECT path FROM photos WHERE passage_id NOT IN (SELECT id FROM passages) LIMIT 1",
        )
        marks = rows(database, "SELECT name, seq FROM sqlite_sequence")
    assert total is not None  # noqa: S101  # for mypy: an aggregate always gives a row
    return _Ends(
        links=total["n"],
        last=total["last"],
        head=newest["hash"] if newest else GENESIS,
        marks={mark["name"]: mark["seq"] for mark in marks},
        unlinked=(unlinked["kind"], unlinked["id"], bool(unlinked["owed"])) if unlinked else None,
        stray_photo=stray["path"] if stray else None,
    )


class _Walk:
    """One walk along the chain, remembering where it is."""

    def __init__(self, database: Database, files: PhotoFiles | None, ends: _Ends) -> None:
        self._database = database
        self._files = files
        self._ends = ends
        self._seq = 0
        self._prev = GENESIS
        self._refs: dict[RecordKind, int] = {"passage": 0, "correction": 0, "removal": 0}

    def first_fault(self, progress: Progress | None) -> ChainFault | None:
        """Walk to where the chain ended, or to the first fault."""
        for done, link in enumerate(self._links(), start=1):
            fault = (
                self._number_fault(link)
                or self._self_fault(link)
                or self._prev_fault(link)
                or self._ref_fault(link)
                or self._record_fault(link)
                or self._photo_fault(link)
            )
            if fault:
                return fault
            self._seq, self._prev = link["seq"], link["hash"]
            self._refs[link["kind"]] = link["ref"]
            if progress:
                progress(done, self._ends.links)
        return None

    def fault_at_the_end(self, expect_head: str | None) -> ChainFault | None:
        """What the links themselves cannot show: a tail cut off, records that never had a link."""
        return (
            self._mark_fault()
            or self._unlinked_fault()
            or self._tail_fault()
            or self._head_fault(expect_head)
        )

    def _links(self) -> Iterator[Row]:
        seq = -(1 << 63)
        while batch := rows(
            self._database,
            "SELECT * FROM chain WHERE seq > :seq AND seq <= :last ORDER BY seq LIMIT :batch",
            {"seq": seq, "last": self._ends.last, "batch": BATCH},
        ):
            yield from batch
            seq = batch[-1]["seq"]

    def _number_fault(self, link: Row) -> ChainFault | None:
        """Links are numbered from 1 without a gap, for a rolled-back number is given again."""
        if link["seq"] <= self._seq:
            return _link_fault(link["seq"], "inserted", "序号早于链的开头，是插入的")
        if link["seq"] > self._seq + 1:
            return _link_fault(self._seq + 1, "removed", "链环被删除")
        return None

    def _self_fault(self, link: Row) -> ChainFault | None:
        """A link's hash covers its own fields."""
        seq, kind, ref = link["seq"], link["kind"], link["ref"]
        if kind in self._refs and link["hash"] == link_hash(
            link["prev"], kind, ref, link["record_digest"]
        ):
            return None
        # A link that the next one passes over was never part of the chain; of the last one, the
        # record it speaks of has to tell.
        following = row(self._database, "SELECT prev FROM chain WHERE seq = :seq", {"seq": seq + 1})
        strange = ref != self._refs.get(kind, 0) + 1
        if following["prev"] == self._prev if following else strange:
            return _link_fault(seq, "inserted", "链环是插入的")
        return _link_fault(seq, "changed", "链环被改动")

    def _prev_fault(self, link: Row) -> ChainFault | None:
        """A link's `prev` is the hash of the link before it."""
        seq = link["seq"]
        if link["prev"] == self._prev:
            return None
        earlier = self._seq_of(link["prev"])
        if earlier is not None and earlier < seq:
            return _link_fault(earlier + 1, "inserted", "链环是插入的")
        if link["ref"] != self._refs[link["kind"]] + 1:
            return _link_fault(seq, "removed", "链环被删除，其后的序号被改过")
        return _link_fault(max(self._seq, 1), "changed", "链环被改动并重算")

    def _ref_fault(self, link: Row) -> ChainFault | None:
        """Records are linked in the order of their ids, without a gap."""
        seq, kind, ref = link["seq"], link["kind"], link["ref"]
        expected = self._refs[kind] + 1
        never_given = ref > self._ends.marks.get(f"{kind}s", 0)
        if ref < expected or (never_given and not record_digest(self._database, kind, ref)):
            told = f"链环指向不应再有的{NOUNS[kind]} {ref}，是插入的"
            return _link_fault(seq, "inserted", told)
        if ref == expected:
            return None
        if record_digest(self._database, kind, expected):
            return _fault(seq, kind, "inserted", f"{NOUNS[kind]} {expected} 没有链环，是插入的")
        return _fault(seq, kind, "removed", f"{NOUNS[kind]} {expected} 连同链环被删除")

    def _record_fault(self, link: Row) -> ChainFault | None:
        seq, kind, ref = link["seq"], link["kind"], link["ref"]
        digest = record_digest(self._database, kind, ref)
        if digest is None:
            return _fault(seq, kind, "removed", f"{NOUNS[kind]} {ref} 被删除")
        if digest != link["record_digest"]:
            return _fault(seq, kind, "changed", f"{NOUNS[kind]} {ref} 的内容被改动")
        return None

    def _photo_fault(self, link: Row) -> ChainFault | None:
        if self._files is None or link["kind"] != "passage":
            return None
        seq = link["seq"]
        if self._lawfully_removed(link["ref"]):
            return None
        for photo in photo_rows(self._database, link["ref"]):
            stored = StoredPhoto(
                PhotoKind(photo["kind"]), photo["path"], photo["sha256"], photo["size"]
            )
            told = f"{NOUNS['passage']} {link['ref']} 的照片 {stored.path} "
            try:
                with self._files.path(stored).open("rb") as file:
                    digest = hashlib.sha256()
                    while block := file.read(BLOCK):
                        digest.update(block)
            except FileNotFoundError:
                if self._lawfully_removed(link["ref"]):  # while this walk was on its way
                    return None
                return _fault(seq, "passage", "photo missing", f"{told}不见了")
            if digest.hexdigest() != stored.sha256:
                return _fault(seq, "passage", "photo changed", f"{told}被改动")
        return None

    def _lawfully_removed(self, passage_id: int) -> bool:
        """Whether a removal says that these photos are gone; that removal has a link itself, and
        its digest covers which passages it names."""
        return bool(
            row(
                self._database,
                "SELECT 1 AS yes FROM removed_photos JOIN removals ON removals.id = removal_id "
                "WHERE passage_id = :id",
                {"id": passage_id},
            )
        )

    def _mark_fault(self) -> ChainFault | None:
        """SQLite's high-water mark of the chain is the number of its last link."""
        mark = self._ends.marks.get("chain", 0)
        if mark > self._seq:
            return _link_fault(self._seq + 1, "removed", f"链尾被删除：曾写到第 {mark} 环")
        if mark < self._seq:
            return _link_fault(self._seq, "changed", "SQLite 的自增序号被改小")
        return None

    def _unlinked_fault(self) -> ChainFault | None:
        """Every record has a link; one without it but with a message once had it."""
        if self._ends.unlinked is None:
            return None
        kind, ref, owed = self._ends.unlinked
        if owed:
            return _fault(self._seq + 1, kind, "removed", f"{NOUNS[kind]} {ref} 的链环被删除")
        told = f"{NOUNS[kind]} {ref} 没有链环，是插入的（或其链环被删除）"
        return _fault(self._seq + 1, kind, "inserted", told)

    def _tail_fault(self) -> ChainFault | None:
        """Records removed at the end together with their links; photo rows of no passage."""
        for kind, linked in self._refs.items():
            if self._ends.marks.get(f"{kind}s", 0) > linked:
                told = f"{NOUNS[kind]} {linked + 1} 连同链环被删除"
                return _fault(self._seq + 1, kind, "removed", told)
        if self._ends.stray_photo:
            told = f"照片 {self._ends.stray_photo} 不属于任何进出厂记录"
            return _fault(self._seq + 1, "passage", "inserted", told)
        return None

    def _head_fault(self, expect_head: str | None) -> ChainFault | None:
        if expect_head is None or self._seq_of(expect_head) is not None:
            return None
        told = "先前记下的链头不在链中：链被整体重算，或链尾被删除"
        return _link_fault(self._seq, "changed", told)

    def _seq_of(self, hash_: str) -> int | None:
        if hash_ == GENESIS:
            return 0
        found = row(self._database, "SELECT seq FROM chain WHERE hash = :hash", {"hash": hash_})
        return int(found["seq"]) if found else None


def _link_fault(seq: int, what: What, told: str) -> ChainFault:
    return _fault(seq, "link", what, told)


def _fault(seq: int, kind: FaultKind, what: What, told: str) -> ChainFault:
    return ChainFault(seq, kind, what, f"第 {seq} 环：{told}。")
