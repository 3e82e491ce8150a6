"""What the camera could not read, entered by hand (4.5.1-1)."""

from pathlib import Path

import pytest

from appliance.guideline.dictionaries import PlateColour
from appliance.runtime.journal import Journal, NothingToCorrect
from appliance.runtime.journal.entry import NotAPlate, enter_plate, give_up
from appliance.runtime.journal.values import OutboxState, Seen

from .samples import LORRY, HandClock, passage

SEEN = (
    Seen("own", "宁A12345", PlateColour.YELLOW, 0.71),
    Seen("clp_v2", "宁A12346", PlateColour.YELLOW, 0.55),
)


@pytest.fixture
def journal(tmp_path: Path):
    with Journal.open(tmp_path, HandClock()) as opened:
        yield opened


def unread(journal: Journal, key: str = "A01-1", hold: str | None = None, **changes):
    changes = {"plate": None, "vehicle": None, "seen": SEEN} | changes
    return journal.record(passage(key, **changes), hold=hold)[0]


def test_what_was_seen_of_an_uncertain_plate_is_kept_with_the_passage(journal: Journal) -> None:
    recorded = unread(journal)
    assert (recorded.plate, recorded.seen, recorded.awaits_entry) == (None, SEEN, True)


def test_what_was_seen_is_under_the_chains_protection(journal: Journal) -> None:
    before = journal.head()
    unread(journal)
    one = journal.head()
    unread(journal, "A01-2", seen=())
    assert len({before, one, journal.head()}) == 3
    assert journal.verify().fault is None


def test_a_read_passage_awaits_no_entry(journal: Journal) -> None:
    journal.record(passage())
    assert (journal.awaiting_entry(10), journal.count_awaiting_entry()) == ((), 0)


def test_the_queue_is_turned_over_oldest_first(journal: Journal) -> None:
    numbers = [unread(journal, f"A01-{n}").id for n in range(3)]
    assert [p.id for p in journal.awaiting_entry(2)] == numbers[:2]
    assert [p.id for p in journal.awaiting_entry(2, after_id=numbers[1])] == numbers[2:]
    assert journal.count_awaiting_entry() == 3


def test_an_entered_plate_takes_the_passage_off_the_queue_with_what_the_register_knows(
    journal: Journal,
) -> None:
    journal.put_vehicles([LORRY])
    recorded = unread(journal)
    entered = enter_plate(journal, recorded.id, " 宁a12345 ", PlateColour.YELLOW, by="李门卫")
    assert (entered.plate, entered.vehicle, entered.seen) == ("宁A12345", LORRY, SEEN)
    assert journal.count_awaiting_entry() == 0
    assert journal.corrections(recorded.id)[0].by == "李门卫"


def test_an_entered_plate_goes_to_the_platform(journal: Journal) -> None:
    recorded = unread(journal)
    enter_plate(journal, recorded.id, "宁A12345", PlateColour.YELLOW, by="李门卫")
    assert [m.state for m in journal.messages(recorded.id)] == [OutboxState.WAITING]


def test_entering_a_plate_lets_nobody_in_who_was_kept_out(journal: Journal) -> None:
    recorded = unread(journal, hold="未放行")
    enter_plate(journal, recorded.id, "宁A12345", PlateColour.YELLOW, by="李门卫")
    assert [m.state for m in journal.messages(recorded.id)] == [OutboxState.HELD]


@pytest.mark.parametrize("text", ["", "宁A1234", "A12345", "宁A1234O", "'; DROP TABLE passages"])
def test_a_text_that_is_no_plate_changes_nothing(journal: Journal, text: str) -> None:
    recorded = unread(journal)
    with pytest.raises(NotAPlate):
        enter_plate(journal, recorded.id, text, PlateColour.BLUE, by="李门卫")
    assert journal.count_awaiting_entry() == 1


def test_a_plate_that_nobody_can_read_is_taken_off_and_nothing_is_sent_again(
    journal: Journal,
) -> None:
    recorded = unread(journal)
    before = journal.messages(recorded.id)
    given_up = give_up(journal, recorded.id, "无法辨认", by="李门卫")
    assert (given_up.review, given_up.plate, given_up.awaits_entry) == ("无法辨认", None, False)
    assert journal.count_awaiting_entry() == 0
    assert journal.messages(recorded.id) == before
    with pytest.raises(NothingToCorrect):
        give_up(journal, recorded.id, "无法辨认", by="李门卫")


def test_a_plate_may_still_be_entered_after_it_was_given_up(journal: Journal) -> None:
    recorded = unread(journal)
    give_up(journal, recorded.id, "无法辨认", by="李门卫")
    assert enter_plate(journal, recorded.id, "宁A12345", PlateColour.BLUE, by="王").plate
    assert journal.verify().fault is None


def test_only_the_known_reviews_are_taken(journal: Journal) -> None:
    with pytest.raises(ValueError, match="no such review"):
        give_up(journal, unread(journal).id, "算了", by="李门卫")
