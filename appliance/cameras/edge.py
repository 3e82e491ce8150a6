"""A camera's own recording, where it offers any (ONVIF Profile G): where it can be played from."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from appliance.cameras.channel import CameraRefused, CameraSilent, Channel
from appliance.cameras.timekeeping import read_clock
from appliance.cameras.transport import Untrustworthy
from appliance.clock import Clock
from appliance.profile.model import Camera

MOST_RECORDINGS = 16


@dataclass(frozen=True, slots=True)
class Replay:
    """What can be played: the RTSP path and query on the camera itself, and by how much the
    camera's clock is ahead of ours."""

    path: str
    offset: timedelta


class NoReplay(Exception):
    """The camera has nothing of that time, or cannot play it; the message is for the log."""


def find_replay(
    camera: Camera, password: str, clock: Clock, begin: datetime, end: datetime
) -> Replay:
    """Ask a camera for its recording of some time (ours, aware). Raises NoReplay.

    Of the address that it tells only the path is used: a camera must not send us elsewhere.
    """
    channel = Channel(camera, password, clock)
    try:
        read_clock(channel)
        channel.find_services()
        if not (channel.offers("search") and channel.offers("replay")):
            raise NoReplay("it does not offer ONVIF Profile G")
        token = _recording(channel, begin + channel.offset, end + channel.offset)
        setup = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
        told = channel.call("replay", "GetReplayUri", StreamSetup=setup, RecordingToken=token)
        address = urlsplit(str(told))
    except (CameraSilent, CameraRefused, Untrustworthy, ValueError) as error:
        raise NoReplay(f"{type(error).__name__}: {error}") from None
    if address.scheme != "rtsp" or not address.path.startswith("/"):
        raise NoReplay("its address is none")
    path = address.path + (f"?{address.query}" if address.query else "")
    if not path.isprintable() or " " in path:
        raise NoReplay("its address is none")
    return Replay(path, channel.offset)


def _recording(channel: Channel, begin: datetime, end: datetime) -> str:
    """The token of the recording that holds the most of a span (the camera's time)."""
    token = channel.call("search", "FindRecordings", Scope={}, KeepAliveTime=timedelta(seconds=30))
    told = channel.call(
        "search",
        "GetRecordingSearchResults",
        SearchToken=token,
        MinResults=1,
        MaxResults=MOST_RECORDINGS,
        WaitTime=timedelta(seconds=5),
    )
    best, most = "", timedelta(0)
    for each in (getattr(told, "RecordingInformation", None) or ())[:MOST_RECORDINGS]:
        first, last = _moment(each.EarliestRecording), _moment(each.LatestRecording)
        if first is None or last is None:
            continue
        common = min(last, end) - max(first, begin)
        if common > most:
            best, most = str(each.RecordingToken), common
    if not best:
        raise NoReplay("it has no recording of that time")
    return best


def _moment(told: Any) -> datetime | None:
    """ONVIF's dateTime; without a zone it is UTC."""
    if not isinstance(told, datetime):
        return None
    return told if told.tzinfo else told.replace(tzinfo=UTC)
