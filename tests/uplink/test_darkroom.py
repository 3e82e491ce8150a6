"""Photos made ahead are the photos that would have been made, and bounded in number."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from waiting import PATIENCE

from acceptance_kit.peers.platform import ReferencePlatform, Silent
from appliance.runtime.journal.values import OutboxState, Photo, PhotoKind, RecordedPassage
from appliance.runtime.uplink.darkroom import MOST_AHEAD, Darkroom
from appliance.runtime.uplink.message import Unsendable
from appliance.runtime.uplink.photo import passage_photo

from .gate import Gate
from .samples import jpeg, passage, recorded

BOTH = (PhotoKind.FRONT, PhotoKind.BODY)
LIMIT = 20_000


def darkroom(root: Path) -> Darkroom:
    return Darkroom(lambda stored: root / stored.path, None)


def made(root: Path, seed: int = 1) -> RecordedPassage:
    front, body = (
        Photo(PhotoKind.FRONT, jpeg(seed=seed)),
        Photo(PhotoKind.BODY, jpeg(seed=seed + 1)),
    )
    return recorded(root, passage(photos=(front, body)))


def workers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("darkroom")]


def test_a_photo_made_ahead_is_the_one_made_at_once_and_the_one_made_again(storage: Path) -> None:
    truck = made(storage)
    room = darkroom(storage)
    room.begin(truck, BOTH, LIMIT)
    photos = [room.photo(truck, BOTH, LIMIT) for _ in range(2)]
    room.close()
    alone = passage_photo(truck, lambda stored: storage / stored.path, kinds=BOTH, limit=LIMIT)
    assert photos == [alone, alone]


def test_another_limit_is_another_photo(storage: Path) -> None:
    truck = made(storage)
    room = darkroom(storage)
    room.begin(truck, BOTH, LIMIT)
    assert len(room.photo(truck, BOTH, LIMIT // 2)) <= LIMIT // 2
    room.close()


def test_a_photo_that_cannot_be_made_is_told_when_it_is_asked_for(storage: Path) -> None:
    truck = made(storage)
    (storage / "body.jpg").write_bytes(b"\xff\xd8\xff rubbish")
    room = darkroom(storage)
    room.begin(truck, BOTH, LIMIT)
    with pytest.raises(Unsendable, match="车身照片文件已损坏"):
        room.photo(truck, BOTH, LIMIT)
    room.close()


def test_no_more_is_held_than_has_room(storage: Path) -> None:
    """A photo that was let go must be made once more, and by then its file has gone."""
    trucks = [made(storage / str(number), seed=2 * number) for number in range(MOST_AHEAD + 1)]
    places = {
        photo.sha256: storage / str(n) for n, one in enumerate(trucks) for photo in one.photos
    }
    room = Darkroom(lambda stored: places[stored.sha256] / stored.path, None)
    for truck in trucks:
        room.begin(truck, BOTH, LIMIT)
    held = room.photo(trucks[-1], BOTH, LIMIT)  # the last; so all of them have been made
    for place in places.values():
        for kind in BOTH:
            (place / f"{kind}.jpg").unlink(missing_ok=True)
    assert held
    assert all(room.photo(truck, BOTH, LIMIT) for truck in trucks[1:-1])
    with pytest.raises(Unsendable, match="无法读取"):
        room.photo(trucks[0], BOTH, LIMIT)
    room.close()


def test_no_thread_outlives_the_darkroom(storage: Path) -> None:
    room = darkroom(storage)
    room.begin(made(storage), BOTH, LIMIT)
    assert len(workers()) == 1
    room.close()
    assert workers() == []


def test_an_uplink_that_ends_amid_its_work_leaves_no_thread(
    platform: ReferencePlatform, gate_of: Callable[..., Gate]
) -> None:
    platform.behaviour = lambda _nth: Silent()
    gate = gate_of(window=1)
    for number in range(6):
        gate.record(passage(f"p{number}"))
    gate.start()
    assert platform.wait_for(lambda held: len(held.records()) == 1, PATIENCE)
    assert len(workers()) == 1
    assert gate.end()
    assert workers() == []


def test_a_spoilt_photo_sets_its_own_message_aside_and_no_other(
    platform: ReferencePlatform, gate_of: Callable[..., Gate]
) -> None:
    gate = gate_of()
    sent = [gate.record(passage(f"p{number}")) for number in range(5)]
    (spoilt,) = [photo for photo in gate.journal.passage(sent[2]).photos if photo.kind == "body"]
    gate.journal.photo_path(spoilt).write_bytes(b"\xff\xd8\xff rubbish")
    gate.start()
    assert gate.comes_to(sent[2], OutboxState.ASIDE)
    assert all(gate.comes_to(each, OutboxState.DONE) for each in sent if each != sent[2])
