"""What a lane costs and how fast it is, with real RTSP, networks, journal and relay on loopback.

Run: python benchmarks/lane.py idle           share of a core that an empty lane costs
     python benchmarks/lane.py latency [N]    first picture of a truck -> barrier told, N trucks
     python benchmarks/lane.py load MINUTES   two lanes of 1080p25: behind, memory, processor
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import cv2
from loads import rss, say_load

from acceptance_kit.peers.camera import Scene, SimulatedCamera, Vehicle, rtsp_file
from acceptance_kit.peers.relay import SimulatedRelay
from appliance.clock import SystemClock
from appliance.guideline.dictionaries import PlateColour
from appliance.profile.loading import load_profile
from appliance.profile.model import Profile
from appliance.profile.writing import profile_as_yaml
from appliance.runtime.journal import Journal

DEMO = Path(__file__).parents[1] / "site_profiles" / "demo.yaml"
PASSWORD = "benchmark"  # noqa: S105 - of a camera that exists for a minute
FPS = 25
MEGABITS = 4
TRUCKS = (Vehicle("宁A58D21", PlateColour.YELLOW), Vehicle("宁C6N518", PlateColour.BLUE))


def film(path: Path, scene: Scene, seconds: float, size: str, megabits: float) -> Path:
    """A scene as H.264 with a camera's noise, 25 pictures a second, a key frame every two."""
    command = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "bgr24"]
    command += ["-s", "1280x720", "-r", str(FPS), "-i", "-"]
    command += ["-vf", f"scale={size},noise=alls=4:allf=t", "-pix_fmt", "yuv420p"]
    command += ["-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-g", "50"]
    command += ["-b:v", f"{megabits}M", "-f", "mpegts", str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as encoder:  # noqa: S603
        assert encoder.stdin is not None  # noqa: S101 - a pipe was asked for
        for number in range(round(seconds * FPS)):
            encoder.stdin.write(scene.frame_at(number / FPS).tobytes())
    return path


def looped(path: Path, clip: Path, times: int) -> Path:
    """The same clip over and over in one file."""
    command = ["ffmpeg", "-v", "error", "-y", "-stream_loop", str(times - 1), "-i", str(clip)]
    subprocess.run([*command, "-c", "copy", "-f", "mpegts", str(path)], check=True)  # noqa: S603
    return path


@contextmanager
def replayed(files: dict[str, Path]) -> Iterator[int]:
    """A camera that sends these files; its port."""
    names = [str(part) for pair in files.items() for part in pair]
    command = ["/usr/bin/python3", "-I", rtsp_file.__file__, *names]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
        try:
            assert server.stdout is not None  # noqa: S101 - a pipe was asked for
            yield int(server.stdout.readline())
        finally:
            server.kill()


def site(root: Path, ports: list[int], relays: list[SimulatedRelay], **camera: object) -> Profile:
    """The demo site with these cameras and relays; every vehicle is admitted."""
    raw = load_profile(DEMO).model_dump(mode="json")
    raw["storage"]["root"] = str(root)
    raw["admission"] |= {"unknown_emission_stage": "admit", "minimum_emission_stage": "国零"}
    for number, (port, relay) in enumerate(zip(ports, relays, strict=True)):
        raw["cameras"][number] |= {"rtsp_port": port, "rtsp_path": "/main"} | camera
        driver = raw["entrances"][0]["barriers"][number]["driver"]
        driver |= {"port": relay.address[1], "pulse_seconds": 0.1}
    return Profile.model_validate(raw)


@contextmanager
def lane(profile: Profile, barrier: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A lane program as supervisor would start it."""
    secrets = folder / "secrets"
    secrets.mkdir(mode=0o700, exist_ok=True)
    for camera in profile.cameras:
        (secrets / camera.password.name).touch(mode=0o600)
        (secrets / camera.password.name).write_text(PASSWORD, "utf-8")
    file = folder / "site.yaml"
    file.write_text(profile_as_yaml(profile), "utf-8")
    command = [sys.executable, "-m", "appliance", "run", "lane", barrier, "--profile", str(file)]
    environment = os.environ | {"GATEHOUSE_SECRETS": str(secrets)}
    log = (folder / f"{barrier}.log").open("wb")
    with log, subprocess.Popen(command, env=environment, stderr=log) as process:  # noqa: S603
        try:
            yield process
        finally:
            process.terminate()


def processor(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def bytes_behind(ports: list[int]) -> int:
    """What waits in the sockets of the streams, on either side: a lane that falls behind."""
    command = ["/usr/bin/ss", "-tnH"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603
    waiting = 0
    for line in lines.splitlines():
        if any(re.search(rf":{port}\b", line) for port in ports):
            waiting += sum(int(part) for part in line.split()[1:3])
    return waiting


def idle() -> None:
    """One empty lane, by its 1080p25 main stream alone, and by its sub stream."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        relay = SimulatedRelay()
        relay.start()
        stack.callback(relay.stop)
        scene = Scene([])
        main = looped(folder / "main", film(folder / "m.ts", scene, 4, "1920:1080", MEGABITS), 30)
        sub = looped(folder / "sub", film(folder / "s.ts", scene, 4, "640:360", 0.5), 30)
        port = stack.enter_context(replayed({"/main": main, "/sub": sub}))
        for what, camera in (("1080p25 alone", {}), ("with sub stream", {"sub_rtsp_path": "/sub"})):
            profile = site(folder / what[:5].strip(), [port], [relay], **camera)
            with lane(profile, "A01", folder) as process:
                time.sleep(45 if camera else 10)  # the main stream is let go after 30 s
                before, began = processor(process.pid), time.monotonic()
                time.sleep(30)
                share = (processor(process.pid) - before) / (time.monotonic() - began)
                print(f"idle lane, {what}: {share:.1%} of a core, {rss(process.pid):.0f} MB")


def latency(trucks: int) -> None:
    """Each truck is in the picture from one frame to the next and stands there two seconds."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        shown = []
        for number in range(trucks):
            plate = f"宁A{58121 + 137 * number}"
            photo = folder / f"{plate}.png"
            truck = Vehicle(plate, PlateColour.YELLOW)
            cv2.imwrite(str(photo), Scene([truck], lead_seconds=0).frame_at(4))
            shown.append(Vehicle(plate, PlateColour.YELLOW, image=photo))
        camera = SimulatedCamera(
            Scene(shown), user="gatehouse", password=PASSWORD, path="/main", fps=FPS
        )
        relay = SimulatedRelay(open_seconds=0.5)
        for peer in (camera, relay):
            peer.start()
            stack.callback(peer.stop)
        profile = site(folder / "root", [camera.address[1]], [relay])
        journal = stack.enter_context(Journal.open(folder / "root", SystemClock()))
        with lane(profile, "A01", folder):
            while not any(beat.ok for beat in journal.heartbeats()):
                time.sleep(0.2)
            time.sleep(3)
            camera.begin()
            camera.finished.wait()
            time.sleep(3)
        waits = []
        for one in camera.appearances():
            end = one.left_at
            told = [
                r.at for r in relay.raises if one.entered_at <= r.at and (not end or r.at < end)
            ]
            waits += [(told[0] - one.entered_at).total_seconds() * 1000] if told else []
        right = {passage.plate for passage in journal.latest_passages(1000)}
        read = sum(vehicle.plate in right for vehicle in shown)
        p95 = statistics.quantiles(waits, n=20)[-1]
        print(
            f"first picture of a truck -> coil written: {statistics.median(waits):.0f} ms p50, "
            f"{p95:.0f} ms p95, {len(waits)} of {trucks} told in time, {read} read right"
        )


def load(minutes: float) -> None:
    """Trucks come by all the time in two lanes of 1080p25."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        scene = Scene(TRUCKS, gap_seconds=3)
        clip = film(folder / "clip.ts", scene, scene.seconds, "1920:1080", MEGABITS)
        times = round(minutes * 60 / scene.seconds) + 4
        whole = looped(folder / "whole", clip, times)
        relays = [SimulatedRelay(), SimulatedRelay()]
        for relay in relays:
            relay.start()
            stack.callback(relay.stop)
        ports = [stack.enter_context(replayed({"/main": whole})) for _ in relays]
        profile = site(folder / "root", ports, relays)
        journal = stack.enter_context(Journal.open(folder / "root", SystemClock()))
        lanes = [stack.enter_context(lane(profile, one, folder)) for one in ("A01", "A02")]
        time.sleep(10)
        began, before = time.monotonic(), [processor(process.pid) for process in lanes]
        while time.monotonic() - began < minutes * 60:
            time.sleep(min(20, minutes * 15))
            used = sum(processor(p.pid) for p in lanes) - sum(before)
            seconds = time.monotonic() - began
            frames = bytes_behind(ports) / (MEGABITS * 1e6 / 8 / FPS)
            megabytes = ", ".join(f"{rss(process.pid):.0f}" for process in lanes)
            print(
                f"{seconds:4.0f} s: {frames:.0f} frames behind, {megabytes} MB, "
                f"{used / seconds:.0%} of a core for both, "
                f"{len(journal.latest_passages(10_000))} passages",
                flush=True,
            )


def main() -> None:
    """Do what the command line asks."""
    say_load()
    match sys.argv[1:]:
        case ["idle"]:
            idle()
        case ["latency", *count]:
            latency(int(count[0]) if count else 40)
        case ["load", minutes]:
            load(float(minutes))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
