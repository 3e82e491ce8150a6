"""Whose turn it is between live messages and backfill."""

import pytest

from appliance.runtime.uplink.turns import Turns


def turns_of(count: int, window: int) -> str:
    """The turns of a sender whose window is full all the time, oldest answered first."""
    turns, flight = Turns(), ""
    taken = ""
    for _ in range(count):
        if len(flight) == window:
            flight = flight[1:]
        live = turns.live_next(
            live=True,
            backfill=True,
            window=window,
            in_flight=len(flight),
            backfill_in_flight=flight.count("b"),
        )
        flight += "L" if live else "b"
        taken += flight[-1]
    return taken


@pytest.mark.parametrize(
    ("window", "expected"),
    [(1, "LLLbLLLbLLLb"), (2, "LbLbLbLbLbLb"), (4, "LLLbLLLbLLLb")],
)
def test_live_goes_first_and_one_place_of_the_window_is_backfills(
    window: int, expected: str
) -> None:
    assert turns_of(12, window) == expected


@pytest.mark.parametrize("window", [1, 4])
def test_either_kind_has_the_whole_window_while_the_other_has_nothing_due(window: int) -> None:
    turns = Turns()
    for live in (True, False):
        for in_flight in range(window):
            backfill_in_flight = 0 if live else in_flight
            taken = turns.live_next(
                live=live,
                backfill=not live,
                window=window,
                in_flight=in_flight,
                backfill_in_flight=backfill_in_flight,
            )
            assert taken is live


def test_a_fresh_message_goes_before_all_backfill_as_soon_as_a_place_is_free() -> None:
    turns = Turns()
    taken = turns.live_next(live=True, backfill=True, window=4, in_flight=3, backfill_in_flight=3)
    assert taken is True


def test_nothing_due_is_nobodys_turn() -> None:
    nothing = {"in_flight": 0, "backfill_in_flight": 0}
    assert Turns().live_next(live=False, backfill=False, window=4, **nothing) is None
