"""A camera's clock: read before anything is signed, set to Beijing time, kept by the box's NTP."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from appliance.cameras.channel import CameraRefused, Channel
from appliance.cameras.report import Finding, State
from appliance.cameras.transport import Untrustworthy

SUBJECT = "时钟"
ZONE = "CST-8"
"""POSIX: China Standard Time, eight hours east, no summer time."""

_SAME_ZONE = re.compile(r"[A-Za-z]*-0?8(:00){0,2}")
RESOLUTION_SECONDS = 2.0
"""Cameras tell whole seconds, and a call takes its time."""


def read_clock(channel: Channel) -> Any:
    """Ask the camera its time and note how far it is off; returns what it said of its clock.

    Unsigned, as ONVIF wants it; a camera that insists is asked again with our own time.
    """
    began = channel.clock.now()
    try:
        told = channel.call("devicemgmt", "GetSystemDateAndTime", signed=False)
    except CameraRefused:
        told = channel.call("devicemgmt", "GetSystemDateAndTime")
    ended = channel.clock.now()
    moment = _moment(told)
    channel.offset = moment - (began + (ended - began) / 2).astimezone(UTC)
    return told


def set_clock(channel: Channel, told: Any, ntp: str, tolerance_seconds: float) -> Finding:
    """Bring time, zone and NTP server to what they should be; `told` is from `read_clock`."""
    bound = max(tolerance_seconds, RESOLUTION_SECONDS)
    off = channel.offset.total_seconds()
    done = []
    if abs(off) > bound:
        # At once, by hand: NTP in a camera may take an hour to come round.
        now = (channel.clock.now() + timedelta(milliseconds=500)).astimezone(UTC)
        _set_mode(channel, "Manual", now)
        done.append(f"校正 {off:+.0f} 秒")
        if not channel.dry:
            read_clock(channel)
    if _servers(channel) != [ntp]:
        address = {"Type": "IPv4", "IPv4Address": ntp}
        channel.change("devicemgmt", "SetNTP", FromDHCP=False, NTPManual=[address])
        done.append(f"对时服务器设为 {ntp}")
    zone = getattr(getattr(told, "TimeZone", None), "TZ", None) or ""
    mode_is_right = told.DateTimeType == "NTP" and _SAME_ZONE.fullmatch(zone)
    if done or not mode_is_right:
        _set_mode(channel, "NTP")
        if not mode_is_right:
            done.append(f"设为自动对时，时区 {ZONE}")
    if not done:
        return Finding(SUBJECT, State.OK, f"自动对时，偏差 {off:+.0f} 秒")
    if not channel.dry:
        read_clock(channel)
        left = channel.offset.total_seconds()
        if abs(left) > bound:
            return Finding(SUBJECT, State.FAILED, f"校时后仍差 {left:+.0f} 秒，请在相机网页上核对")
    return Finding(SUBJECT, State.CHANGED, "；".join(done))


def _set_mode(channel: Channel, mode: str, now: datetime | None = None) -> None:
    words: dict[str, Any] = {
        "DateTimeType": mode,
        "DaylightSavings": False,
        "TimeZone": {"TZ": ZONE},
    }
    if now is not None:
        words["UTCDateTime"] = {
            "Time": {"Hour": now.hour, "Minute": now.minute, "Second": now.second},
            "Date": {"Year": now.year, "Month": now.month, "Day": now.day},
        }
    channel.change("devicemgmt", "SetSystemDateAndTime", **words)


def _servers(channel: Channel) -> list[str]:
    told = channel.call("devicemgmt", "GetNTP")
    if told is None or told.FromDHCP:
        return []
    return [str(each.IPv4Address or each.DNSname) for each in told.NTPManual or ()]


def _moment(told: Any) -> datetime:
    try:
        day, clock = told.UTCDateTime.Date, told.UTCDateTime.Time
        second = min(int(clock.Second), 59)  # some tell a leap second
        return datetime(
            int(day.Year),
            int(day.Month),
            int(day.Day),
            int(clock.Hour),
            int(clock.Minute),
            second,
            tzinfo=UTC,
        )
    except (AttributeError, TypeError, ValueError, OverflowError):
        raise Untrustworthy("没有说出可用的时间") from None
