"""Corrections: laid over, never written into, and owed to the platform."""

import sqlite3
from datetime import timedelta

import pytest

from appliance.guideline.dictionaries import PlateColour, RaiseMethod
from appliance.runtime.journal import NothingToCorrect, UnknownPassage
from appliance.runtime.journal.values import OutboxState

from .samples import LORRY, NOON, next_due, passage, receipt

BY = {"by": "张三", "why": "车牌有泥"}


def test_only_the_given_fields_change_and_the_passage_is_marked(journal):
    before, _ = journal.record(passage(plate=None, vehicle=None))
    after = journal.correct(before.id, plate="宁A12345", vehicle=LORRY, **BY)
    assert (after.plate, after.vehicle, after.corrected) == ("宁A12345", LORRY, True)
    assert (after.plate_colour, after.raise_method) == (before.plate_colour, before.raise_method)
    assert journal.passage(before.id) == journal.latest_passages(1)[0] == after


def test_later_corrections_lie_over_earlier_ones(journal):
    recorded, _ = journal.record(passage(plate="宁A00000"))
    journal.correct(recorded.id, plate="宁A11111", raise_method=RaiseMethod.MANUAL, **BY)
    corrected = journal.correct(recorded.id, plate=None, plate_colour=PlateColour.OTHER, **BY)
    assert corrected.plate is None
    assert corrected.plate_colour is PlateColour.OTHER
    assert corrected.raise_method is RaiseMethod.MANUAL


def test_what_was_first_written_stays_in_its_row(root, journal):
    recorded, _ = journal.record(passage(plate="宁A00000"))
    connection = sqlite3.connect(root / "journal.sqlite3")
    first = connection.execute("SELECT * FROM passages").fetchall()
    journal.correct(recorded.id, plate="宁A11111", **BY)
    assert connection.execute("SELECT * FROM passages").fetchall() == first
    connection.close()


def test_a_correction_says_who_when_why_and_what(journal, clock):
    recorded, _ = journal.record(passage(plate=None, vehicle=None))
    clock.sleep(60)
    journal.correct(recorded.id, plate="宁A12345", plate_colour=PlateColour.YELLOW, **BY)
    (correction,) = journal.corrections(recorded.id)
    assert (correction.by, correction.why) == ("张三", "车牌有泥")
    assert correction.at == NOON + timedelta(minutes=1)
    assert (correction.before, correction.after) == ({"plate": None}, {"plate": "宁A12345"})


@pytest.mark.parametrize("given", [{}, {"plate": LORRY.plate}, {"vehicle": LORRY}])
def test_a_correction_that_changes_nothing_is_refused_and_leaves_no_trace(journal, given):
    recorded, _ = journal.record(passage())
    with pytest.raises(NothingToCorrect, match="未作更改"):
        journal.correct(recorded.id, **given, **BY)
    assert journal.corrections(recorded.id) == ()
    assert not journal.passage(recorded.id).corrected


@pytest.mark.parametrize("blank", [{"by": " ", "why": "泥"}, {"by": "张三", "why": ""}])
def test_a_correction_of_nobody_or_for_no_reason_is_refused(journal, blank):
    recorded, _ = journal.record(passage())
    with pytest.raises(ValueError, match="by whom and why"):
        journal.correct(recorded.id, plate=None, **blank)


def test_correcting_an_unknown_passage_says_so(journal):
    with pytest.raises(UnknownPassage, match="没有编号为 7 的进出厂记录"):
        journal.correct(7, plate="宁A12345", **BY)


def test_a_held_message_is_released_and_carries_the_correction(journal, clock):
    recorded, _ = journal.record(passage(), hold="车辆未放行")
    (held,) = journal.messages(recorded.id)
    clock.sleep(60)
    journal.correct(recorded.id, raise_method=RaiseMethod.MANUAL, **BY)
    (released,) = journal.messages(recorded.id)
    assert (released.id, released.qn) == (held.id, held.qn)
    assert (released.state, released.reason) == (OutboxState.WAITING, None)
    assert next_due(journal, clock.now()) == released


def test_a_waiting_message_never_attempted_is_kept(journal):
    recorded, _ = journal.record(passage())
    before = journal.messages(recorded.id)
    journal.correct(recorded.id, plate="宁A99999", **BY)
    assert journal.messages(recorded.id) == before


def test_after_an_attempt_a_correction_goes_out_as_a_message_of_its_own(journal):
    recorded, _ = journal.record(passage())
    first = journal.begin_attempt(next_due(journal, NOON))
    journal.correct(recorded.id, plate="宁A99999", **BY)
    old, new = journal.messages(recorded.id)
    assert old == first
    assert (new.state, new.attempts, new.cn) == (OutboxState.WAITING, 0, "60001")
    assert new.qn > old.qn
    journal.correct(recorded.id, plate="宁A88888", **BY)
    assert journal.messages(recorded.id) == (old, new)


@pytest.mark.parametrize("counted", [True, False])
def test_after_the_platform_has_taken_it_a_correction_goes_out_anew(journal, counted):
    recorded, _ = journal.record(passage())
    item = next_due(journal, NOON)
    if counted:
        item = journal.begin_attempt(item)
    done = journal.receive(item, receipt(), state=OutboxState.DONE)
    journal.correct(recorded.id, plate="宁A99999", **BY)
    old, new = journal.messages(recorded.id)
    assert old == done
    assert next_due(journal, NOON) == new


def test_a_message_aside_that_never_left_is_released_and_carries_the_correction(journal):
    recorded, _ = journal.record(passage())
    aside = journal.set_aside(next_due(journal, NOON), "照片无法读取")
    journal.correct(recorded.id, plate="宁A99999", **BY)
    (released,) = journal.messages(recorded.id)
    assert (released.qn, released.state) == (aside.qn, OutboxState.WAITING)
