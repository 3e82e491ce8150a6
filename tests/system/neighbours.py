"""The devices on the camera LAN, as processes of the bed's neighbour.

`onvif`: the two cameras' ONVIF side, until it is ended; fresh from the box, ten years slow.
`gate`: both barriers' relays and cameras; told `begin` on standard input, a truck passes at A01.
Both say a JSON line when they are ready; passwords are those of the installer's vault.
"""

import json
import sys
import threading
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from acceptance_kit.peers.camera import SimulatedCamera
from acceptance_kit.peers.camera.scene import Scene, Vehicle
from acceptance_kit.peers.onvif import OnvifPeer, OnvifProfile, SimulatedSettings
from acceptance_kit.peers.relay import SimulatedRelay
from appliance.clock import SystemClock
from appliance.guideline.dictionaries import PlateColour
from appliance.profile.loading import load_profile
from appliance.profile.model import Lane

SITE = Path(__file__).with_name("site.yaml")
PATIENCE_SECONDS = 240
TRUCK = Vehicle("宁A58D21", PlateColour.YELLOW, "day")


def password_of(lane: Lane) -> str:
    """As the installer's vault has it."""
    return f"pass-of-{lane.camera.password.name}"


def onvif(lanes: tuple[Lane, ...]) -> None:
    """Until the process is ended."""
    for lane in lanes:
        settings = SimulatedSettings(
            SystemClock(),
            user=lane.camera.user,
            password=password_of(lane),
            drift=timedelta(days=-3650),
            profiles=(OnvifProfile("main", lane.camera.rtsp_path),),
        )
        OnvifPeer(settings, lane.camera.host, lane.camera.onvif_port or 80).start()
    say("ready")
    threading.Event().wait()


def gate(lanes: tuple[Lane, ...]) -> None:
    """Until standard input ends."""
    with ExitStack() as started:
        cameras = []
        for number, lane in enumerate(lanes):
            relay = SimulatedRelay(lane.barrier.driver.host, lane.barrier.driver.port)
            relay.start()
            started.callback(relay.stop)
            camera = SimulatedCamera(
                Scene(() if number else (TRUCK,), repeat=False),
                user=lane.camera.user,
                password=password_of(lane),
                host=lane.camera.host,
                port=lane.camera.rtsp_port,
                path=lane.camera.rtsp_path,
            )
            camera.start()
            started.callback(camera.stop)
            cameras.append((camera, relay))
        say("ready")
        camera, relay = cameras[0]
        say("watched" if camera.first_client.wait(PATIENCE_SECONDS) else "never watched")
        for line in sys.stdin:
            if line.strip() == "begin":
                camera.begin()
            if line.strip() == "raises":
                say("raises", count=len(relay.raises))


def say(event: str, **facts: object) -> None:
    """One line of JSON."""
    sys.stdout.write(json.dumps({"event": event, **facts}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    {"onvif": onvif, "gate": gate}[sys.argv[1]](load_profile(SITE).lanes())
