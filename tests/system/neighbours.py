"""The devices on the camera LAN, as processes of the bed's neighbour.

`onvif`: the cameras' ONVIF side, until it is ended; fresh from their boxes, ten years slow. Told
`CAMERA FAULT` on standard input, a camera gets a fault of FAULTS; `CAMERA mended` ends the last.
`gate`: the barriers' relays and all cameras; told `begin` or `begin A02` on standard input, a truck
passes there (A01 unless told), at `press A02` somebody raises the bar by hand.
`liar`: an NTP server on port 1123 that is half a minute fast.
All say a JSON line when they are ready; passwords are those of the installer's vault.
"""

import json
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
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
from appliance.profile.model import Camera, Profile

SITE = Path(__file__).with_name("site.yaml")
PATIENCE_SECONDS = 240
TRUCK = Vehicle("宁A58D21", PlateColour.YELLOW, "day")
TRUCKS = {"A01": TRUCK, "A02": Vehicle("蒙B72F83", PlateColour.YELLOW, "dusk")}
LIAR_PORT = 1123
LIAR_SECONDS = 30


def password_of(camera: Camera) -> str:
    """As the installer's vault has it."""
    return f"pass-of-{camera.password.name}"


def _small(settings: SimulatedSettings) -> None:
    (main,) = settings.profiles
    settings.profiles = (OnvifProfile(main.token, main.path, width=640, height=480),)


def _slow(settings: SimulatedSettings) -> None:
    settings.drift = timedelta(seconds=-90)


def _bare(settings: SimulatedSettings) -> None:
    settings.osds = []


FAULTS: dict[str, Callable[[SimulatedSettings], None]] = {
    "small": _small,
    "slow": _slow,
    "bare": _bare,
}
"""A camera of low resolution, with a clock behind, without its caption."""


def onvif(site: Profile) -> None:
    """Until the process is ended."""
    all_settings = {}
    for camera in site.cameras:
        settings = SimulatedSettings(
            SystemClock(),
            user=camera.user,
            password=password_of(camera),
            drift=timedelta(days=-3650),
            profiles=(OnvifProfile("main", camera.rtsp_path),),
        )
        OnvifPeer(settings, camera.host, camera.onvif_port or 80).start()
        all_settings[camera.id] = settings
    say("ready")
    before = []
    for line in sys.stdin:
        name, fault = line.split()
        settings = all_settings[name]
        if fault == "mended":  # the last fault first
            settings.profiles, settings.drift, settings.osds = before.pop()
        else:
            before.append((settings.profiles, settings.drift, list(settings.osds)))
            FAULTS[fault](settings)
        say(fault)
    threading.Event().wait()


def gate(site: Profile) -> None:
    """Until standard input ends."""
    with ExitStack() as started:
        cameras: dict[str, SimulatedCamera] = {}
        relays: dict[str, SimulatedRelay] = {}
        seen_by = {lane.camera.id: lane.barrier.id for lane in site.lanes()}
        for lane in site.lanes():
            relay = SimulatedRelay(lane.barrier.driver.host, lane.barrier.driver.port)
            relay.start()
            started.callback(relay.stop)
            relays[lane.barrier.id] = relay
        for camera in site.cameras:
            barrier = seen_by.get(camera.id)
            truck = TRUCKS.get(barrier or "")
            simulated = SimulatedCamera(
                Scene((truck,) if truck else (), repeat=False),
                user=camera.user,
                password=password_of(camera),
                host=camera.host,
                port=camera.rtsp_port,
                path=camera.rtsp_path,
            )
            simulated.start()
            started.callback(simulated.stop)
            cameras[barrier or camera.id] = simulated
        say("ready")
        first = cameras["A01"]
        say("watched" if first.first_client.wait(PATIENCE_SECONDS) else "never watched")
        for line in sys.stdin:
            verb, _, barrier = line.strip().partition(" ")
            if verb == "begin":
                cameras[barrier or "A01"].begin()
            elif verb == "press":
                relays[barrier].press_button()
            elif verb == "raises":
                say("raises", count=len(relays[barrier or "A01"].raises))


def liar(_site: Profile) -> None:
    """Until the process is ended."""
    since_1900 = 2_208_988_800
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("0.0.0.0", LIAR_PORT))  # noqa: S104 - a namespace of the test's own
        say("ready")
        while True:
            asked, caller = server.recvfrom(512)
            now = time.time() + since_1900 + LIAR_SECONDS
            stamp = struct.pack("!II", int(now), int(now % 1 * 2**32))
            # Leap 0, version 4, server, stratum 1; the client's transmit time is our originate.
            head = struct.pack("!BBbb3I", 0x24, 1, 6, -20, 0, 0, 0x47505300)
            server.sendto(head + stamp + asked[40:48] + stamp + stamp, caller)


def say(event: str, **facts: object) -> None:
    """One line of JSON."""
    sys.stdout.write(json.dumps({"event": event, **facts}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    {"onvif": onvif, "gate": gate, "liar": liar}[sys.argv[1]](load_profile(SITE))
