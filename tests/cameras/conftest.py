"""A simulated camera on loopback, and a site whose plate camera it is."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sites import demo_profile, secrets_folder

from acceptance_kit.peers.onvif import OnvifPeer, OnvifProfile, SimulatedSettings
from appliance.cameras import CameraReport, configure_cameras
from appliance.clock import SystemClock
from appliance.profile.model import Profile
from appliance.profile.secrets import SecretStore

Configure = Callable[..., CameraReport]
PASSWORD = "q7-throw-away"


@pytest.fixture
def settings() -> SimulatedSettings:
    """A camera fresh from its box, but for its user."""
    return SimulatedSettings(
        SystemClock(),
        password=PASSWORD,
        rtsp_port=18554,
        profiles=(
            OnvifProfile("p1", "/main?unicast=true"),
            OnvifProfile("p2", "/sub", width=640, height=360),
        ),
    )


@pytest.fixture
def peer(settings: SimulatedSettings) -> Iterator[OnvifPeer]:
    """The camera, answering."""
    peer = OnvifPeer(settings)
    peer.start()
    yield peer
    peer.stop()


@pytest.fixture
def site(tmp_path: Path, peer: OnvifPeer) -> Profile:
    """The demo's site with the camera of barrier A01 at the peer, and no other over ONVIF."""
    return demo_profile(
        tmp_path / "root",
        cameras__0__onvif_port=peer.address[1],
        cameras__0__sub_rtsp_path="/sub",
        machines=[{"name": "gate", "device_address": "10.41.8.10/24"}],
    )


@pytest.fixture
def configure(tmp_path: Path, site: Profile) -> Configure:
    """Run the work on the one camera; keywords change the site."""
    names = {camera.password.name for camera in site.cameras}
    secrets = secrets_folder(tmp_path / "secrets", names, PASSWORD)

    def run(site: Profile = site, *, dry: bool = False) -> CameraReport:
        (report,) = configure_cameras(site, SecretStore(secrets), SystemClock(), dry=dry)
        return report

    return run
