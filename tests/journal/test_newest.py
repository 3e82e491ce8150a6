"""What a journal tells the acceptance kit: the newest of each barrier, and true to the disk."""

import json
from dataclasses import replace
from pathlib import Path

from sites import demo_profile

from appliance.guideline.messages import CAMERA, STATUS, Result
from appliance.runtime.journal import Journal
from appliance.runtime.journal.newest import newest
from appliance.runtime.journal.values import OutboxState, Receipt

from .samples import LORRY, NOON, HandClock, passage


def told(journal: Journal, root: Path, per_barrier: int = 20) -> dict[str, object]:
    made = newest(demo_profile(root), journal, NOON, per_barrier)
    again: dict[str, object] = json.loads(json.dumps(made, ensure_ascii=False))
    return again


def acknowledge(journal: Journal, message: object) -> None:
    receipt = Receipt(int(Result.RECEIVED), "1", NOON)
    journal.receive(message, receipt, state=OutboxState.DONE)  # type: ignore[arg-type]


def test_each_barrier_tells_its_newest_passages(journal: Journal, root: Path) -> None:
    for number in range(4):
        journal.record(passage(f"A01-{number}"))
    journal.record(passage("A02-1", barrier="A02"))
    ids = [(each["barrier"], each["id"]) for each in told(journal, root, 2)["passages"]]
    assert ids == [("A02", 5), ("A01", 4), ("A01", 3)]


def test_a_photo_that_was_changed_on_the_disk_is_not_whole(journal: Journal, root: Path) -> None:
    recorded, _ = journal.record(passage())
    journal.photo_path(recorded.photos[0]).write_bytes(b"another picture")
    (one,) = told(journal, root)["passages"]
    assert [photo["whole"] for photo in one["photos"]] == [False, True]


def test_a_passage_tells_whether_its_plate_is_registered_and_what_its_record_lacks(
    journal: Journal, root: Path
) -> None:
    journal.record(passage("A01-1", vehicle=None))
    journal.put_vehicles([LORRY])
    journal.record(passage("A01-2", vehicle=replace(LORRY, vin=None, networked=False)))
    journal.record(passage("A01-3", plate="宁B99999", vehicle=None))
    journal.record(passage("A01-4", plate=None, vehicle=None))
    told_of = [
        (each["registered"], len(each["particulars_lacking"]))
        for each in reversed(told(journal, root)["passages"])
    ]
    assert told_of == [(True, 8), (True, 1), (False, 8), (False, 8)]


def test_a_passage_tells_what_became_of_its_message(journal: Journal, root: Path) -> None:
    recorded, _ = journal.record(passage())
    (message,) = journal.messages(recorded.id)
    journal.begin_attempt(message)
    acknowledge(journal, message)
    (one,) = told(journal, root)["passages"]
    assert one["messages"] == [{"cn": "60001", "state": "done", "codes": [1]}]


def test_of_a_cameras_news_the_newest_counts(journal: Journal, root: Path) -> None:
    payload = json.dumps({"camera": "a01-plate"})
    acknowledge(journal, journal.begin_attempt(journal.owe_news(CAMERA, payload)))
    journal.owe_news(CAMERA, payload)
    (one,) = told(journal, root)["news"][CAMERA]
    assert (one["camera"], one["message"], one["acknowledged_at"]) == ("a01-plate", "waiting", None)
    assert told(journal, root)["news"][STATUS] == []


def test_no_secret_and_no_plate_of_another_machine_is_told(
    journal: Journal, root: Path, clock: HandClock
) -> None:
    journal.record(passage("B01-1", barrier="B01", entrance="B"))
    assert told(journal, root)["passages"] == []
