"""A lane whose camera reads by itself: real video and reports, our reader as second opinion."""

import base64
import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest
from test_process import TRUCK, Gate, register
from test_push import TOKEN, free_port
from waiting import until

from acceptance_kit.peers.camera.scene import Vehicle
from acceptance_kit.peers.onvif import EventService, OnvifPeer, SimulatedSettings
from appliance.clock import SystemClock
from appliance.guideline.dictionaries import EmissionStage
from appliance.profile.model import CameraReads, PlatePush
from appliance.profile.secrets import SecretStore
from appliance.profile.sections import Secret
from appliance.runtime.lane.start import plate_reports

pytestmark = pytest.mark.slow

PICTURE = base64.b64encode(cv2.imencode(".png", np.full((90, 160, 3), 80, np.uint8))[1]).decode()
"""A picture in which no reader sees a plate."""


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    gate = Gate(tmp_path / "root", TRUCK)
    register(gate, EmissionStage.CHINA_6)
    yield gate
    gate.close()


@pytest.fixture
def push(gate: Gate, tmp_path: Path) -> Callable[..., int]:
    """The lane takes pushed readings; push one and say what HTTP answered."""
    secrets = tmp_path / "secrets"
    secrets.mkdir(mode=0o700)
    (secrets / "a01-push").touch(mode=0o600)
    (secrets / "a01-push").write_text(TOKEN, "utf-8")
    door = PlatePush(port=free_port(), token=Secret(name="a01-push"))
    camera = gate.profile.lane("A01").camera.model_copy(
        update={"reads": CameraReads.PUSH, "push": door}
    )
    gate.reports = plate_reports(camera, SecretStore(secrets), "", gate.clock)

    def pushed(plate: Vehicle | str, **more: object) -> int:
        line = http.client.HTTPConnection("127.0.0.1", door.port, timeout=10)
        text = plate if isinstance(plate, str) else plate.plate
        body = json.dumps({"format": 1, "plate": text, "confidence": 0.99} | more)
        with closing(line):
            line.request("POST", "/plate", body, {"Authorization": f"Bearer {TOKEN}"})
            return line.getresponse().status

    return pushed


def test_a_pushed_plate_that_our_reader_sees_too_opens_the_gate(
    gate: Gate, push: Callable[..., int]
) -> None:
    gate.run_lane()
    gate.let_the_truck_come()
    assert push(TRUCK) == 202
    passage = gate.wait_for_passage()
    assert passage.plate == TRUCK.plate
    until(lambda: bool(gate.relay.raises))


def test_a_pushed_plate_that_our_reader_does_not_see_is_left_to_a_person(
    gate: Gate, push: Callable[..., int]
) -> None:
    gate.run_lane()
    gate.let_the_truck_come()
    assert push("宁A58D27") == 202
    passage = gate.wait_for_passage()
    assert passage.plate is None
    assert passage.awaits_entry
    assert {seen.plate for seen in passage.seen} == {"宁A58D27", TRUCK.plate}
    assert passage.seen[0].reader == "相机"
    assert passage.admission.rule == "unread-plate"


def test_pushed_plates_for_which_no_vehicle_comes_are_each_told_and_not_recorded(
    gate: Gate, push: Callable[..., int]
) -> None:
    gate.run_lane()
    until(lambda: any(beat.ok for beat in gate.journal.heartbeats()))
    plates = {"宁A58D27", "蒙B72F83"}
    assert {push(plate) for plate in plates} == {202}

    def told() -> str:
        events = gate.journal.latest_events(9)
        return "".join(e.detail for e in events if e.kind == "camera-report-unclaimed")

    until(lambda: all(told().count(plate) == 1 for plate in plates))
    assert gate.journal.latest_passages(1) == ()


def test_without_video_each_pushed_picture_is_a_passage_though_the_camera_repeats_itself(
    gate: Gate, push: Callable[..., int]
) -> None:
    gate.camera.stop()
    gate.run_lane()
    until(lambda: bool(gate.journal.heartbeats()))
    plates = ["宁A58D27", "蒙B72F83"]
    for plate in plates * 2:
        until(lambda plate=plate: push(plate, picture=PICTURE) == 202)
    until(lambda: len(gate.journal.latest_passages(9)) == 2)
    gate.clock.sleep(1)  # time enough to record one a second time, if it were
    passages = gate.journal.latest_passages(9)
    assert sorted(passage.seen[0].plate for passage in passages) == sorted(plates)
    assert all(passage.plate is None and passage.photos for passage in passages)


def test_a_plate_told_over_onvif_that_our_reader_sees_too_opens_the_gate(gate: Gate) -> None:
    settings = SimulatedSettings(SystemClock())
    settings.events = EventService(settings.clock)
    peer = OnvifPeer(settings)
    peer.start()
    camera = gate.profile.lane("A01").camera.model_copy(
        update={"reads": CameraReads.ONVIF, "onvif_port": peer.address[1]}
    )
    store = SecretStore(Path("/nowhere"))
    gate.reports = plate_reports(camera, store, settings.password, gate.clock)
    try:
        gate.run_lane()
        until(lambda: bool(settings.events and settings.events.subscriptions))
        gate.let_the_truck_come()
        settings.events.tell_plate(TRUCK.plate)
        assert gate.wait_for_passage().plate == TRUCK.plate
    finally:
        peer.stop()
