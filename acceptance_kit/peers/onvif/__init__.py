"""A simulated camera's ONVIF side: a small real SOAP server with a clock that can be wrong."""

from acceptance_kit.peers.onvif.camera import OnvifProfile, OnvifRecording, SimulatedSettings
from acceptance_kit.peers.onvif.events import EventService
from acceptance_kit.peers.onvif.server import OnvifPeer

__all__ = ["EventService", "OnvifPeer", "OnvifProfile", "OnvifRecording", "SimulatedSettings"]
