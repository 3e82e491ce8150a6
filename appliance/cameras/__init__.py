"""The cameras' own settings over ONVIF: clock, burnt-in text, streams, edge storage (4.5.3-3).

Run on the box, which alone reaches the device LAN. A camera is not trusted: what it answers is
bounded, parsed without entities, and never leads to another host.
"""

from appliance.cameras.configure import configure_cameras
from appliance.cameras.report import CameraReport, Finding, State

__all__ = ["CameraReport", "Finding", "State", "configure_cameras"]
