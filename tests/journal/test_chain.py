"""Tamper evidence: every way of changing the past with SQLite's own shell, and what verify says."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.runtime.journal import GENESIS, Journal, Verification
from appliance.runtime.journal.chain import canonical, link_hash

from .samples import HandClock, passage

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(VALUES)
def test_canonical_json_says_the_value_and_nothing_else(value):
    assert json.loads(canonical(value)) == value


@pytest.mark.slow
@given(st.dictionaries(st.text(), VALUES, max_size=5))
def test_canonical_json_is_the_same_bytes_whatever_the_order(value):
    backwards = dict(reversed(value.items()))
    assert canonical(backwards) == canonical(value)


def test_canonical_json_is_utf_8_without_spaces_and_refuses_what_json_cannot_say():
    assert canonical({"b": [1, None], "a": "宁A"}) == '{"a":"宁A","b":[1,null]}'.encode()
    with pytest.raises(ValueError, match="JSON"):
        canonical(float("nan"))


# Five links: passages 1, 2, 3, a correction of passage 1, passage 4.
LINKS = 5


@pytest.fixture
def written(root: Path, clock: HandClock) -> Path:
    with Journal.open(root, clock) as journal:
        for number in (1, 2, 3):
            journal.record(passage(f"A01-{number}"))
        journal.correct(1, plate="宁A00001", by="张三", why="看错")
        journal.record(passage("A01-4"))
    return root


def check(root: Path, **how: object) -> Verification:
    with Journal.open(root, HandClock(), readonly=True) as journal:
        return journal.verify(**how)


def tamper(root: Path, *scripts: str) -> None:
    connection = sqlite3.connect(root / "journal.sqlite3")
    connection.create_function("link", 4, link_hash)
    for script in scripts:
        for statement in script.split(";"):
            connection.execute(statement)
    connection.commit()
    connection.close()


def test_an_untouched_chain_verifies_and_tells_its_length_and_head(written):
    told: list[tuple[int, int]] = []
    found = check(written, progress=lambda done, of: told.append((done, of)))
    assert (found.links, found.fault) == (LINKS, None)
    assert told == [(n, LINKS) for n in range(1, LINKS + 1)]
    with Journal.open(written, HandClock(), readonly=True) as journal:
        assert journal.head() == found.head


def test_an_empty_chain_verifies(root, clock):
    Journal.open(root, clock).close()
    assert check(root) == Verification(links=0, head=GENESIS, fault=None)


RENUMBER_DOWN = "UPDATE chain SET seq = seq - 1 WHERE seq > 2"
RENUMBER_UP = (
    "UPDATE chain SET seq = seq + 100 WHERE seq > 1; UPDATE chain SET seq = seq - 99 WHERE seq > 1"
)
FORGE = (
    "INSERT INTO chain SELECT {seq}, 'passage', {ref}, record_digest, hash, "
    "link(hash, 'passage', {ref}, record_digest) FROM chain WHERE seq = {seq} - 1"
)
COPY_PASSAGE = (
    "INSERT INTO passages SELECT {id}, 'forged', entrance, barrier, position, direction, "
    "passed_at, recorded_at, plate, plate_colour, confidence, decision, rule, reason, "
    "raise_method, vehicle, seen FROM passages WHERE id = 1"
)
MARK = "UPDATE sqlite_sequence SET seq = {seq} WHERE name = '{name}'"
CUT_TAIL = ("DELETE FROM chain WHERE seq = 5", MARK.format(seq=4, name="chain"))


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        pytest.param(script, fault, id=name)
        for name, script, fault in [
            (
                "a plate in a passage row",
                "UPDATE passages SET plate = '宁A66666' WHERE id = 2",
                (2, "passage", "changed"),
            ),
            (
                "a value taken out of a passage row",
                "UPDATE passages SET vehicle = NULL WHERE id = 2",
                (2, "passage", "changed"),
            ),
            (
                "a moment in a passage row",
                "UPDATE passages SET passed_at = recorded_at || ' ' WHERE id = 3",
                (3, "passage", "changed"),
            ),
            (
                "a reason in a correction row",
                "UPDATE corrections SET why = '车牌有泥'",
                (4, "correction", "changed"),
            ),
            (
                "a digest in a photo row",
                "UPDATE photos SET sha256 = 'ab' WHERE passage_id = 2 AND number = 1",
                (2, "passage", "changed"),
            ),
            (
                "a removed photo row",
                "DELETE FROM photos WHERE passage_id = 2 AND number = 2",
                (2, "passage", "changed"),
            ),
            (
                "a photo row of no passage",
                "INSERT INTO photos VALUES (9, 1, 'front', 'photos/x.jpg', 'ab', 2)",
                (6, "passage", "inserted"),
            ),
            (
                "a removed passage row",
                "DELETE FROM passages WHERE id = 2",
                (2, "passage", "removed"),
            ),
            (
                "a removed correction row",
                "DELETE FROM corrections",
                (4, "correction", "removed"),
            ),
            (
                "a link removed in the middle",
                "DELETE FROM chain WHERE seq = 2",
                (2, "link", "removed"),
            ),
            (
                "the first link removed",
                "DELETE FROM chain WHERE seq = 1",
                (1, "link", "removed"),
            ),
            (
                "a link removed and the others renumbered",
                ("DELETE FROM chain WHERE seq = 2", RENUMBER_DOWN),
                (2, "link", "removed"),
            ),
            (
                "the tail link removed",
                "DELETE FROM chain WHERE seq = 5",
                (5, "link", "removed"),
            ),
            (
                "the tail link removed and the high-water mark lowered",
                CUT_TAIL,
                (5, "passage", "removed"),
            ),
            (
                "the tail link removed with its passage and the chain's mark",
                (*CUT_TAIL, "DELETE FROM passages WHERE id = 4"),
                (5, "passage", "removed"),
            ),
            (
                "the high-water mark lowered",
                MARK.format(seq=2, name="chain"),
                (5, "link", "changed"),
            ),
            (
                "the high-water marks removed",
                "DELETE FROM sqlite_sequence",
                (5, "link", "changed"),
            ),
            (
                "a hash in a link",
                "UPDATE chain SET hash = 'ab' WHERE seq = 3",
                (3, "link", "changed"),
            ),
            (
                "a digest in a link",
                "UPDATE chain SET record_digest = 'ab' WHERE seq = 3",
                (3, "link", "changed"),
            ),
            (
                "a digest in the tail link",
                "UPDATE chain SET record_digest = 'ab' WHERE seq = 5",
                (5, "link", "changed"),
            ),
            (
                "a link rewritten with a hash that fits",
                "UPDATE chain SET record_digest = 'ab', hash = link(prev, kind, ref, 'ab') "
                "WHERE seq = 1",
                (1, "passage", "changed"),
            ),
            (
                "a passage and its link rewritten, hashes that fit",
                "UPDATE chain SET prev = 'ab', hash = link('ab', kind, ref, record_digest) "
                "WHERE seq = 3",
                (2, "link", "changed"),
            ),
            (
                "a kind that is none",
                "PRAGMA ignore_check_constraints = ON;"
                "UPDATE chain SET kind = 'ghost' WHERE seq = 3",
                (3, "link", "changed"),
            ),
            (
                "a link inserted in the middle, the others renumbered",
                (RENUMBER_UP, FORGE.format(seq=2, ref=99)),
                (2, "link", "inserted"),
            ),
            (
                "a link with any hash inserted in the middle, the others renumbered",
                (RENUMBER_UP, "INSERT INTO chain VALUES (2, 'passage', 99, 'ab', 'cd', 'ef')"),
                (2, "link", "inserted"),
            ),
            (
                "a link inserted before the first",
                "INSERT INTO chain VALUES (0, 'passage', 99, 'ab', 'cd', 'ef')",
                (0, "link", "inserted"),
            ),
            (
                "a link with any hash inserted at the tail",
                "INSERT INTO chain VALUES (6, 'passage', 99, 'ab', 'cd', 'ef')",
                (6, "link", "inserted"),
            ),
            (
                "a link that fits inserted at the tail",
                FORGE.format(seq=6, ref=99),
                (6, "link", "inserted"),
            ),
            (
                "a passage row without a link",
                COPY_PASSAGE.format(id=5),
                (6, "passage", "inserted"),
            ),
            (
                "a correction row without a link",
                "INSERT INTO corrections SELECT 2, passage_id, corrected_at, corrected_by, why, "
                "before, after FROM corrections",
                (6, "correction", "inserted"),
            ),
        ]
    ],
)
def test_verify_names_the_first_link_that_was_tampered_with(written, script, fault):
    tamper(written, *([script] if isinstance(script, str) else script))
    found = check(written).fault
    assert found is not None
    assert (found.seq, found.kind, found.what) == fault
    assert found.sentence.startswith(f"第 {found.seq} 环：")
    assert found.sentence.endswith("。")


def photo_of_passage_2(root: Path) -> Path:
    with Journal.open(root, HandClock(), readonly=True) as journal:
        return journal.photo_path(journal.passage(2).photos[1])


@pytest.mark.parametrize(
    ("do", "what"),
    [
        pytest.param(Path.unlink, "photo missing", id="removed"),
        pytest.param(lambda p: p.write_bytes(b"\xff\xd8other"), "photo changed", id="changed"),
        pytest.param(lambda p: p.write_bytes(b""), "photo changed", id="emptied"),
    ],
)
def test_verify_names_a_photo_file_that_was_tampered_with(
    written, do: Callable[[Path], object], what
):
    photo = photo_of_passage_2(written)
    do(photo)
    found = check(written).fault
    assert found is not None
    assert (found.seq, found.kind, found.what) == (2, "passage", what)
    assert photo.name in found.sentence
    assert check(written, check_photos=False).fault is None


def test_a_record_slipped_in_shows_even_after_the_journal_has_written_on(written, clock):
    tamper(written, COPY_PASSAGE.format(id=5))
    with Journal.open(written, clock) as journal:
        journal.record(passage("A01-6"))
        found = journal.verify().fault
    assert found is not None
    assert (found.seq, found.kind, found.what) == (6, "passage", "inserted")
    assert "进出厂记录 5" in found.sentence


def test_a_tail_cut_off_shows_even_after_the_journal_has_written_on(written, clock):
    tamper(written, *CUT_TAIL, "DELETE FROM passages WHERE id = 4")
    with Journal.open(written, clock) as journal:
        journal.record(passage("A01-5"))
        found = journal.verify().fault
    assert found is not None
    assert (found.seq, found.kind, found.what) == (5, "passage", "removed")


def test_a_head_noted_earlier_still_occurs_in_a_sound_chain(written, clock):
    noted = check(written).head
    with Journal.open(written, clock) as journal:
        journal.record(passage("A01-5"))
        assert journal.verify(expect_head=noted).fault is None
        assert journal.verify(expect_head=GENESIS).fault is None
        assert journal.verify(expect_head=journal.head()).fault is None


def test_only_a_noted_head_shows_a_chain_computed_anew_from_changed_records(written):
    """What the chain cannot see by itself; docs/durability.md says so."""
    noted = check(written).head
    # The forger starts over with an empty chain and records what never happened.
    for file in written.glob("journal.sqlite3*"):
        file.unlink()
    with Journal.open(written, HandClock()) as journal:
        journal.record(passage("A01-1", plate="宁A66666"))
    assert check(written).fault is None
    found = check(written, expect_head=noted).fault
    assert found is not None
    assert (found.kind, found.what) == ("link", "changed")
    assert "先前记下的链头" in found.sentence


def test_a_walk_looks_no_further_than_where_the_chain_ended_when_it_began(written, clock):
    def write_on(done: int, _of: int) -> None:
        if done <= LINKS:  # or a walk that does look further would never end
            writer.record(passage(f"late-{done}"))

    with Journal.open(written, clock) as writer, Journal.open(written, clock) as reader:
        found = reader.verify(progress=write_on)
    assert found == Verification(links=LINKS, head=found.head, fault=None)
    assert check(written).links == 2 * LINKS
