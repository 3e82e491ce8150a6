"""Putting a lane process together from the profile."""

import threading
from pathlib import Path

from appliance.clock import Clock
from appliance.fonts import chinese_font
from appliance.models import ModelStore
from appliance.profile.model import Camera, CameraReads, Lane, Profile
from appliance.profile.secrets import SecretStore
from appliance.runtime.journal import Journal
from appliance.runtime.lane.barrier import Barrier
from appliance.runtime.lane.driver import ModbusRelayDriver
from appliance.runtime.lane.memory import LaneMemory
from appliance.runtime.lane.process import LaneProcess
from appliance.runtime.lane.pull import EventPuller
from appliance.runtime.lane.push import PushDoor
from appliance.runtime.vision.readers import build_reader
from appliance.runtime.vision.reading import PlateReader
from appliance.runtime.vision.report import PlateReports
from appliance.runtime.vision.stream import CameraStream
from appliance.runtime.vision.two_streams import live_view
from appliance.trouble import Trouble


class LaneUnknown(Trouble):
    """The profile has no barrier of that number."""


def lane_of(profile: Profile, barrier_id: str) -> Lane:
    """The lane of a barrier; raises LaneUnknown."""
    try:
        return profile.lane(barrier_id)
    except KeyError:
        known = "、".join(lane.barrier.id for lane in profile.lanes())
        raise LaneUnknown(f"站点配置中没有道闸 {barrier_id}，只有 {known}。") from None


def start_lane(
    profile: Profile, barrier_id: str, secrets: SecretStore, clock: Clock, stop: threading.Event
) -> None:
    """Run the lane of a barrier until `stop`.

    Raises what is missing before anything starts: LaneUnknown, SecretFault, ModelMissing,
    FontMissing, JournalError, DoorUnavailable.
    """
    lane = lane_of(profile, barrier_id)
    password = secrets.resolve(lane.camera.password)
    reports = plate_reports(lane.camera, secrets, password, clock)
    reader, second_opinion = lane_readers(profile, lane.camera, ModelStore.default())
    chinese_font(16)  # without a typeface no photo could be stamped: say so now
    root = Path(profile.storage.root)
    sub = lane.camera.sub_rtsp_path
    with Journal.open(root, clock) as journal:
        LaneProcess(
            profile,
            lane,
            journal=journal,
            reader=reader,
            stream=live_view(
                CameraStream(lane.camera, password, clock, dozes=sub is None),
                CameraStream(lane.camera, password, clock, path=sub) if sub else None,
                clock,
            ),
            barrier=Barrier(
                ModbusRelayDriver(lane.barrier.driver),
                clock,
                rise_seconds=lane.barrier.driver.rise_seconds,
            ),
            memory=LaneMemory(root, barrier_id),
            clock=clock,
            reports=reports,
            second_opinion=second_opinion,
        ).run(stop)


def lane_readers(
    profile: Profile, camera: Camera, store: ModelStore
) -> tuple[PlateReader, PlateReader | None]:
    """Who reads the lane's stream, and who looks at the single photos that a camera pushes with
    what it read by itself; None where none come. Raises ModelMissing."""
    kind, pace = profile.recognition.reader, profile.recognition.frames_per_second
    stream = build_reader(kind, store, frames_per_second=pace)
    return stream, build_reader(kind, store) if camera.reads is CameraReads.PUSH else None


def plate_reports(
    camera: Camera, secrets: SecretStore, password: str, clock: Clock
) -> PlateReports | None:
    """How a camera that reads by itself hands in its readings; None for one that does not."""
    match camera.reads:
        case CameraReads.PUSH if camera.push is not None:
            return PushDoor(camera.push, secrets.resolve(camera.push.token), clock)
        case CameraReads.ONVIF:
            return EventPuller(camera, password, clock)
        case _:
            return None
