"""A plate camera that hands in its readings by HTTP: a real client before a real listener."""

import base64
import hashlib
import hmac
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest

from appliance.clock import SystemClock
from appliance.guideline.dictionaries import PlateColour
from appliance.models import ModelStore
from appliance.profile.model import PlatePush, Reader
from appliance.profile.sections import Secret
from appliance.runtime.lane.push import WAITING, DoorUnavailable, PushDoor
from appliance.runtime.lane.push_form import LARGEST_BODY
from appliance.runtime.vision.grammar import spelled
from appliance.runtime.vision.readers import build_reader
from appliance.runtime.vision.report import Heard

JPEG = cv2.imencode(".jpg", np.random.default_rng(1).integers(0, 255, (90, 160, 3), np.uint8))[1]
TOKEN = "t0ken-of-a01"
READ = {"format": 1, "plate": "宁A58D21", "colour": "yellow", "confidence": 0.91}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


class Camera:
    """A plate camera's side of it."""

    def __init__(self, port: int) -> None:
        self.port = port

    def send(
        self,
        body: object,
        headers: dict[str, str] | None = None,
        *,
        method: str = "POST",
        path: str = "/plate",
    ) -> tuple[int, dict[str, Any]]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        shown = {"Authorization": f"Bearer {TOKEN}"} if headers is None else headers
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            line.request(method, path, data, shown)
            answer = line.getresponse()
            content = answer.read()
        finally:
            line.close()
        told = json.loads(content) if answer.getheader("Content-Type") == "application/json" else {}
        return answer.status, told


def signed(body: bytes, moment: int, token: str = TOKEN) -> dict[str, str]:
    digest = hmac.new(token.encode(), f"{moment}\n".encode() + body, hashlib.sha256)
    return {"X-Gatehouse-Time": str(moment), "X-Gatehouse-Digest": digest.hexdigest()}


@pytest.fixture
def door() -> Iterator[PushDoor]:
    push = PlatePush(port=free_port(), token=Secret(name="a01-push"))
    door = PushDoor(push, TOKEN, SystemClock())
    door.start()
    yield door
    door.stop()


@pytest.fixture
def camera(door: PushDoor) -> Camera:
    return Camera(door.port)


def test_a_reading_is_handed_on_with_its_colour_confidence_and_picture(
    door: PushDoor, camera: Camera
) -> None:
    picture = cv2.imencode(".jpg", np.full((90, 160, 3), 80, np.uint8))[1].tobytes()
    body = READ | {"picture": base64.b64encode(picture).decode(), "lane_of_the_maker": 3}
    assert camera.send(body) == (202, {"taken": True})
    (report,) = door.take()
    assert (report.plate, report.colour, report.confidence) == (
        "宁A58D21",
        PlateColour.YELLOW,
        0.91,
    )
    assert report.picture is not None
    assert report.picture.shape == (90, 160, 3)
    assert door.take() == []


def test_a_signed_reading_is_taken_once_and_never_again(door: PushDoor, camera: Camera) -> None:
    body = json.dumps(READ).encode()
    proof = signed(body, int(SystemClock().now().timestamp()))
    assert camera.send(body, proof)[0] == 202
    assert camera.send(body, proof) == (409, {"error": "seen before"})
    assert len(door.take()) == 1


@pytest.mark.parametrize("off", [-3600, 3600])
def test_a_signature_of_another_hour_is_refused(off: int, door: PushDoor, camera: Camera) -> None:
    body = json.dumps(READ).encode()
    proof = signed(body, int(SystemClock().now().timestamp()) + off)
    assert camera.send(body, proof) == (401, {"error": "out of the time window"})
    assert door.take() == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer "},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": f"Basic {TOKEN}"},
        {"X-Gatehouse-Time": "0", "X-Gatehouse-Digest": "0" * 64},
        signed(b"another body", 1_800_000_000),
        {"X-Gatehouse-Time": "9" * 4000, "X-Gatehouse-Digest": "\u00e9" * 64},
    ],
)
def test_nothing_is_parsed_before_the_token_is_proved(
    headers: dict[str, str], door: PushDoor, camera: Camera
) -> None:
    assert camera.send(b"{" * 1000, headers)[0] == 401
    assert camera.send(READ, headers)[0] == 401
    assert door.take() == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[" * 100_000,
        b"\xff\xfe",
        b"null",
        json.dumps(READ | {"format": 2}).encode(),
        json.dumps(READ | {"plate": "x" * 33}).encode(),
        json.dumps(READ | {"plate": 7}).encode(),
        json.dumps(READ | {"confidence": 1.5}).encode(),
        json.dumps(READ).replace("0.91", "NaN").encode(),
        json.dumps(READ | {"colour": "pink"}).encode(),
        json.dumps(READ | {"read_at": "yesterday"}).encode(),
        json.dumps(READ | {"read_at": "2026-11-25T09:00:00"}).encode(),
        json.dumps(READ | {"picture": "not base64!"}).encode(),
        json.dumps(READ | {"picture": base64.b64encode(b"no picture").decode()}).encode(),
        json.dumps(READ | {"picture": base64.b64encode(JPEG[:-900].tobytes()).decode()}).encode(),
    ],
)
def test_a_body_that_is_not_the_form_is_refused_and_the_next_is_taken(
    body: bytes, door: PushDoor, camera: Camera
) -> None:
    status, told = camera.send(body)
    assert (status, door.take()) == (400, [])
    assert "宁A58D21" not in told["error"]
    assert camera.send(READ)[0] == 202


def test_a_picture_of_one_pixel_is_taken_and_confirms_nothing(
    door: PushDoor, camera: Camera
) -> None:
    dot = cv2.imencode(".png", np.zeros((1, 1, 3), np.uint8))[1].tobytes()
    assert camera.send(READ | {"picture": base64.b64encode(dot).decode()})[0] == 202
    (report,) = door.take()
    heard = Heard.of(report, build_reader(Reader.OWN, ModelStore.default()))
    assert (heard.ours, heard.confirmed) == (None, False)


def test_a_picture_that_claims_gigapixels_is_refused_before_they_are_made(camera: Camera) -> None:
    # 60000 x 60000 in a PNG of a few bytes: its header alone is looked at.
    head = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + (60_000).to_bytes(4) * 2
    crc = b"\x08\x02\x00\x00\x00"
    import zlib  # noqa: PLC0415

    png = head + crc + zlib.crc32((head + crc)[12:]).to_bytes(4)
    body = READ | {"picture": base64.b64encode(png).decode()}
    assert camera.send(body)[0] == 400


def test_a_body_beyond_the_bound_is_not_read(door: PushDoor, camera: Camera) -> None:
    with socket.create_connection(("127.0.0.1", camera.port), 10) as line:
        head = f"POST /plate HTTP/1.1\r\nHost: x\r\nContent-Length: {LARGEST_BODY + 1}\r\n\r\n"
        line.sendall(head.encode())
        assert b" 413 " in line.recv(200).split(b"\r\n")[0]
    assert door.take() == []


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/plate", 405), ("POST", "/", 404)])
def test_only_a_post_to_the_one_path_is_known(
    method: str, path: str, status: int, camera: Camera
) -> None:
    assert camera.send(READ, method=method, path=path)[0] == status


def test_the_same_reading_sent_again_is_taken_once(door: PushDoor, camera: Camera) -> None:
    body = READ | {"id": "4711"}
    assert camera.send(body) == (202, {"taken": True})
    assert camera.send(body) == (202, {"taken": False})
    assert len(door.take()) == 1


def test_a_lane_that_is_behind_says_so_and_loses_nothing_it_took(
    door: PushDoor, camera: Camera
) -> None:
    for number in range(WAITING):
        assert camera.send(READ | {"id": str(number)})[0] == 202
    assert camera.send(READ | {"id": "last"})[0] == 503
    assert len(door.take()) == WAITING
    assert camera.send(READ | {"id": "last"}) == (202, {"taken": True})


def test_a_signed_reading_that_found_the_lane_behind_can_be_sent_again_as_it_is(
    door: PushDoor, camera: Camera
) -> None:
    for number in range(WAITING):
        assert camera.send(READ | {"id": str(number)})[0] == 202
    body = json.dumps(READ | {"id": "last"}).encode()
    proof = signed(body, int(SystemClock().now().timestamp()))
    assert camera.send(body, proof) == (503, {"error": "the lane is behind"})
    assert len(door.take()) == WAITING
    assert camera.send(body, proof) == (202, {"taken": True})
    assert camera.send(body, proof)[0] == 409


def test_a_stranger_does_not_learn_that_the_lane_is_behind(camera: Camera) -> None:
    for number in range(WAITING):
        assert camera.send(READ | {"id": str(number)})[0] == 202
    body = json.dumps(READ).encode()
    wrong = signed(body, int(SystemClock().now().timestamp()), token="another")
    assert camera.send(body, wrong)[0] == 401
    assert camera.send(body, {})[0] == 401
    assert camera.send(body, {"Authorization": "Bearer another"})[0] == 401


def test_a_word_that_is_no_plate_is_no_reading(door: PushDoor, camera: Camera) -> None:
    assert camera.send(READ | {"plate": "无车牌"}) == (202, {"taken": False})
    assert door.take() == []


@pytest.mark.parametrize(
    ("told", "plate"),
    [
        ("宁A·58D21", "宁A58D21"),
        (" 宁a58d21", "宁A58D21"),
        ("宁AO1I23", "宁A01123"),
        ("宁AO1I234", None),
        ("宁A12345挂", None),
        ("宁A1234挂", "宁A1234挂"),
        ("", None),
    ],
)
def test_a_camera_s_spelling_becomes_the_journal_s(told: str, plate: str | None) -> None:
    assert spelled(told) == plate


def test_a_reading_from_a_camera_whose_clock_is_wrong_is_of_now(
    door: PushDoor, camera: Camera
) -> None:
    camera.send(READ | {"read_at": "2001-01-01T00:00:00+08:00"})
    (report,) = door.take()
    assert abs((report.at - SystemClock().now()).total_seconds()) < 60


def test_a_port_that_is_taken_is_told_in_a_sentence(door: PushDoor) -> None:
    second = PushDoor(PlatePush(port=door.port, token=Secret(name="x")), TOKEN, SystemClock())
    with pytest.raises(DoorUnavailable, match="核对站点配置"):
        second.start()


def test_no_thread_is_left_when_the_door_is_closed() -> None:
    before = threading.active_count()
    door = PushDoor(PlatePush(port=free_port(), token=Secret(name="x")), TOKEN, SystemClock())
    door.start()
    assert door.alive
    door.stop()
    assert not door.alive
    assert threading.active_count() <= before + 1
