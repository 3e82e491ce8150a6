"""A simulated network camera before a gate: drawn trucks, live, over real RTSP."""

from acceptance_kit.peers.camera.camera import Failing, Shown, SimulatedCamera
from acceptance_kit.peers.camera.rtsp_child import CameraFault
from acceptance_kit.peers.camera.scene import Appearance, PhotoUnreadable, Scene, Vehicle

__all__ = [
    "Appearance",
    "CameraFault",
    "Failing",
    "PhotoUnreadable",
    "Scene",
    "Shown",
    "SimulatedCamera",
    "Vehicle",
]
