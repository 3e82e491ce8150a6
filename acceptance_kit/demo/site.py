"""The demo's site brought to life: peers on loopback, and the appliance under supervisor.

Everything that is started here is ended here, also when the demo is interrupted half-way up.
"""

import os
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from acceptance_kit.demo.script import Script
from acceptance_kit.peers.camera.camera import SimulatedCamera
from acceptance_kit.peers.camera.scene import Scene
from acceptance_kit.peers.onvif import OnvifPeer, OnvifProfile, SimulatedSettings
from acceptance_kit.peers.platform import ReferencePlatform
from acceptance_kit.peers.relay import SimulatedRelay
from appliance.clock import SystemClock
from appliance.models import ModelStore
from appliance.models.readers import models_of
from appliance.profile.loading import load_profile
from appliance.profile.model import Profile, Reader
from appliance.profile.secrets import named_secrets
from appliance.profile.sections import Secret
from appliance.profile.writing import profile_as_yaml
from appliance.runtime.journal import Journal
from appliance.runtime.journal.vehicles import read_vehicles_csv
from appliance.trouble import Trouble

MARK = ".gatehouse-demo"
"""Lies in a folder that the demo made and may therefore empty."""


class DemoFault(Trouble):
    """The demo cannot run; one Chinese sentence."""


@dataclass(frozen=True, slots=True)
class DemoSite:
    """The running site."""

    profile: Profile
    root: Path
    cameras: dict[str, SimulatedCamera]
    relays: dict[str, SimulatedRelay]
    platform: ReferencePlatform
    supervisor: "subprocess.Popen[bytes]"

    @property
    def status_page(self) -> str:
        """The address of the status page."""
        page = self.profile.network.status_page
        return f"http://{page.address}:{page.port}/"

    @property
    def entry_page(self) -> str | None:
        """How to come in to the entry page, where the profile names a gatekeeper."""
        page, keepers = self.profile.network.entry_page, self.profile.access.gatekeepers
        if not keepers:
            return None
        secret = self.root / "secrets" / keepers[0].password.name
        return f"http://{page.address}:{page.port}/（姓名 {keepers[0].name}，密码在 {secret}）"


@contextmanager
def demo_site(
    profile_path: Path,
    script: Script,
    *,
    root: Path,
    repeat: bool,
    say: Callable[[str], None],
    reader: Reader | None = None,
    onvif: bool = False,
) -> Iterator[DemoSite]:
    """Start the site of a profile with simulated peers; everything is ended on leaving.

    With `onvif` the cameras can be asked and set as well, as real ones can.
    """
    profile = load_profile(profile_path)
    kind = reader or profile.recognition.reader
    store = ModelStore.default()
    for name in models_of(kind, store):
        store.fetch(name, say)
    # The pictures are opened while an earlier demo's data are still there.
    scenes = {barrier: Scene(vehicles, repeat=repeat) for barrier, vehicles in script.items()}
    _empty_root(root)
    wanted = [Secret(name=name) for name in named_secrets(profile)]
    passwords = {secret: secrets.token_urlsafe(12) for secret in wanted}
    with ExitStack() as started:
        clock = SystemClock()
        cameras: dict[str, SimulatedCamera] = {}
        relays: dict[str, SimulatedRelay] = {}
        onvif_ports: dict[str, int] = {}
        for lane in profile.lanes():
            camera = lane.camera
            simulated = SimulatedCamera(
                scenes[lane.barrier.id],
                user=camera.user,
                password=passwords[camera.password],
                path=camera.rtsp_path,
            )
            simulated.start()
            started.callback(simulated.stop)
            cameras[lane.barrier.id] = simulated
            if onvif:
                settings = SimulatedSettings(
                    clock,
                    user=camera.user,
                    password=passwords[camera.password],
                    profiles=(OnvifProfile("main", camera.rtsp_path),),
                    rtsp_port=simulated.address[1],
                )
                peer = OnvifPeer(settings, "127.0.0.1")
                peer.start()
                started.callback(peer.stop)
                onvif_ports[camera.id] = peer.address[1]
            relay = SimulatedRelay(
                raise_coil=lane.barrier.driver.raise_coil,
                raised_input=lane.barrier.driver.raised_input or 0,
            )
            relay.start()
            started.callback(relay.stop)
            relays[lane.barrier.id] = relay
        platform = ReferencePlatform(database=root / "platform.sqlite3", known_mn={profile.mn})
        started.enter_context(platform)
        profile = _adapted(
            profile,
            root=root,
            cameras=cameras,
            relays=relays,
            platform=platform,
            onvif_ports=onvif_ports,
            reader=kind,
            photos=_has_photos(script),
        )
        adapted_path = root / "profile.yaml"
        adapted_path.write_text(profile_as_yaml(profile), "utf-8")
        _write_secrets(root, passwords)
        register = profile_path.with_name(f"{profile_path.stem}-vehicles.csv")
        with Journal.open(root, clock) as journal:
            if register.is_file():
                journal.put_vehicles(read_vehicles_csv(register))
        supervisor = started.enter_context(_supervisor(adapted_path, root))
        yield DemoSite(profile, root, cameras, relays, platform, supervisor)


def _adapted(
    profile: Profile,
    *,
    root: Path,
    cameras: dict[str, SimulatedCamera],
    relays: dict[str, SimulatedRelay],
    platform: ReferencePlatform,
    onvif_ports: dict[str, int],
    reader: Reader,
    photos: bool,
) -> Profile:
    """The profile with the addresses that the peers got."""
    ports = {lane.camera.id: cameras[lane.barrier.id].address[1] for lane in profile.lanes()}
    raw = profile.model_dump(mode="json")
    for entrance in raw["entrances"]:
        for barrier in entrance["barriers"]:
            barrier["driver"]["host"], barrier["driver"]["port"] = relays[barrier["id"]].address
    for camera in raw["cameras"]:
        camera["host"], camera["rtsp_port"] = "127.0.0.1", ports.get(camera["id"], 554)
        camera["onvif_port"] = onvif_ports.get(camera["id"])
    raw["uplink"]["host"], raw["uplink"]["port"] = platform.address
    raw["storage"]["root"] = str(PurePosixPath(root))
    for page in ("status_page", "entry_page"):
        raw["network"][page]["port"] = _free_port(raw["network"][page]["port"])
    raw["recognition"]["reader"] = reader.value
    if photos:
        # Photos of one vehicle may follow each other; each is a passage of its own.
        raw["recognition"]["same_vehicle_seconds"] = 0
    return Profile.model_validate(raw)


def _has_photos(script: Script) -> bool:
    return any(vehicle.image for vehicles in script.values() for vehicle in vehicles)


def _empty_root(root: Path) -> None:
    """Make the demo's folder new; refuses a folder that holds anything but an earlier demo."""
    if root.exists():
        if not root.is_dir():
            raise DemoFault(f"{root} 是文件，不是目录；请用 --root 指定一个目录。")
        if not (root / MARK).is_file() and any(root.iterdir()):
            raise DemoFault(f"{root} 不是演示目录，不能清空；请用 --root 指定另一个目录。")
        shutil.rmtree(root)
    root.mkdir(parents=True, mode=0o750)
    (root / MARK).touch()


def _write_secrets(root: Path, passwords: dict[Secret, str]) -> None:
    folder = root / "secrets"
    folder.mkdir(mode=0o700)
    for secret, password in passwords.items():
        path = folder / secret.name
        path.touch(mode=0o600)
        path.write_text(password, "utf-8")


@contextmanager
def _supervisor(profile_path: Path, root: Path) -> "Iterator[subprocess.Popen[bytes]]":
    """The appliance under supervisor, as on a box; ended with all its programs."""
    command = [sys.executable, "-m", "appliance", "up", str(profile_path), "--with-parent"]
    with (root / "supervisor-start.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ | {"GATEHOUSE_SECRETS": str(root / "secrets")},
            start_new_session=True,  # Ctrl-C is the demo's to handle
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            # Each program has asked the kernel to end it with supervisord: none is left behind.
            process.kill()
            process.wait()


def _free_port(wanted: int) -> int:
    """The wanted port when it is free, else any."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise DemoFault("本机没有空闲端口，状态页无法启动。")
