"""The site around the machine: camera, relay and platform, on this machine's loopback."""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import yaml

from acceptance_kit.peers.camera.camera import SimulatedCamera
from acceptance_kit.peers.camera.scene import APPROACH_SECONDS, STAND_SECONDS, Scene, Vehicle
from acceptance_kit.peers.platform import ReferencePlatform
from acceptance_kit.peers.relay import SimulatedRelay
from appliance.guideline.dictionaries import PlateColour
from appliance.profile.loading import load_profile
from appliance.provisioning.places import source_tree

from .machine import PEERS

SELF_TEST = Vehicle("宁A58D21", PlateColour.YELLOW)
"""The demo's first vehicle; it comes over and over until the gate has seen it."""

STANDS_SECONDS, GAP_SECONDS = 240.0, 20.0
"""It stands at the bar for long: what takes a processor 60 ms takes an emulated one 30 s."""
RECOGNITION = {"frames_per_second": 1, "confirm_readings": 1, "unread_after_seconds": 120}


@dataclass(frozen=True)
class Site:
    """The peers, and the files for the config partition."""

    platform: ReferencePlatform
    relay: SimulatedRelay
    camera: SimulatedCamera
    profile: Path
    secrets: Path


@contextmanager
def site(folder: Path, operator_key: str) -> Iterator[Site]:
    """Start the peers and write the profile that names them."""
    password = secrets.token_urlsafe(12)
    with ExitStack() as started:
        vehicle = replace(SELF_TEST, image=_standing(folder))
        scene = Scene(
            (vehicle,), repeat=True, photo_seconds=STANDS_SECONDS, photo_gap_seconds=GAP_SECONDS
        )
        camera = SimulatedCamera(scene, user="gatehouse", password=password, fps=2)
        camera.start()
        started.callback(camera.stop)
        relay = SimulatedRelay(raise_coil=0, raised_input=0)
        relay.start()
        started.callback(relay.stop)
        raw = _template()
        platform = ReferencePlatform(
            database=folder / "platform.sqlite3", known_mn={raw["enterprise"]["credit_code"]}
        )
        started.enter_context(platform)
        raw["entrances"][0]["barriers"][0]["driver"] |= {
            "host": PEERS,
            "port": relay.address[1],
        }
        raw["cameras"][0] |= {
            "host": PEERS,
            "rtsp_port": camera.address[1],
            "rtsp_path": "/main",
            "user": "gatehouse",
        }
        raw["uplink"] |= {"host": PEERS, "port": platform.address[1]}
        raw["ups"]["driver"] = "dummy-ups"
        raw["recognition"] = RECOGNITION
        raw["machines"][0]["name"] = "gate-image"
        raw["access"] = {
            "operators": [
                {"name": "zhang-san", "ssh_key": operator_key},
                {"name": "li-si", "ssh_key": operator_key, "maintains": True},
            ]
        }
        raw["protection"] = {"intrusion": {"update_sources": []}}
        profile = folder / "profile.yaml"
        text = yaml.safe_dump(raw, allow_unicode=True, sort_keys=False)
        profile.write_text(text.replace("password: camera-a01", "password: !secret camera-a01"))
        load_profile(profile)
        passwords = folder / "secrets.yaml"
        passwords.write_text(f'camera-a01: "{password}"\n')
        yield Site(platform, relay, camera, profile, passwords)


def _standing(folder: Path) -> Path:
    """The vehicle as the demo's camera sees it at the bar."""
    scene = Scene((SELF_TEST,), lead_seconds=0.0)
    picture = folder / "standing.png"
    cv2.imwrite(str(picture), scene.frame_at(APPROACH_SECONDS + STAND_SECONDS / 2))
    return picture


def _template() -> dict:
    text = (source_tree() / "images" / "unconfigured.yaml").read_text("utf-8")
    return yaml.safe_load(text.replace("!secret none", "camera-a01"))
