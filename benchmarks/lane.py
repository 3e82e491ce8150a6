"""What a lane costs and how fast it is, with real RTSP, networks, journal and relay on loopback.

Run: python benchmarks/lane.py idle           share of a core that an empty lane costs
     python benchmarks/lane.py latency [N]    first legible picture -> barrier told, N trucks that
                                              drive in, and N that stand there at once
     python benchmarks/lane.py doze [N]       the same, each truck coming while the lane dozes
     python benchmarks/lane.py reckoned [N]   the same by processor time, for a machine that has
                                              other work: as if the lane had its core for itself
     python benchmarks/lane.py frames         processor time a frame with a vehicle in the lane
     python benchmarks/lane.py load MINUTES   two lanes of 1080p25: behind, memory, processor; ten
                                              minutes for the first, sixty for the second; the film
                                              takes 30 MB a minute below TMPDIR and minutes to draw
"""

import math
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
from loads import rss, say_load

from acceptance_kit.peers.camera import Scene, SimulatedCamera, Vehicle, rtsp_file
from acceptance_kit.peers.camera.scene import APPROACH_SECONDS, plate_box, pose
from acceptance_kit.peers.relay import SimulatedRelay
from appliance.clock import BEIJING, SystemClock
from appliance.guideline.dictionaries import PlateColour
from appliance.models import ModelStore
from appliance.profile.loading import load_profile
from appliance.profile.model import Profile, Reader
from appliance.profile.writing import profile_as_yaml
from appliance.runtime.journal import Journal
from appliance.runtime.lane.barrier import Barrier
from appliance.runtime.lane.desk import PassageDesk
from appliance.runtime.lane.driver import ModbusRelayDriver
from appliance.runtime.vision.presence import Presence
from appliance.runtime.vision.readers import build_reader
from appliance.runtime.vision.reading import Frame, Image, PlateReader, PlateReading
from appliance.runtime.vision.stream import IDLE_PAUSE
from appliance.runtime.vision.visit import LEGIBLE_PIXELS, VisitWatcher

DEMO = Path(__file__).parents[1] / "site_profiles" / "demo.yaml"
PASSWORD = "benchmark"  # noqa: S105 - of a camera that exists for a minute
FPS = 25
MEGABITS = 4
TRUCKS = tuple(
    Vehicle(f"宁{'ACE'[number % 3]}{58121 + 137 * number}", colour)
    for number, colour in enumerate((PlateColour.YELLOW, PlateColour.BLUE) * 12)
)


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


def latency(trucks: int, pause: float | None = None) -> None:
    """First trucks that drive in and brake, as they do; then, harder than any road, trucks that are
    in the picture from one frame to the next, before a lane that looks eight times a second.
    `pause` is how many seconds the lane is empty before each; None: as briefly as in a queue."""
    pauses = ("lead_seconds", "gap_seconds", "photo_gap_seconds")
    empty = dict.fromkeys(pauses, pause) if pause else {}
    numbers = [f"宁A{58121 + 137 * number}" for number in range(trucks)]
    driving = [Vehicle(plate, PlateColour.YELLOW) for plate in numbers]
    _latency("drives in", driving, Scene(driving, **empty), legible_after(driving[0]))
    with tempfile.TemporaryDirectory() as name:
        standing = []
        for plate in numbers:
            photo = Path(name) / f"{plate}.png"
            truck = Vehicle(plate, PlateColour.YELLOW)
            cv2.imwrite(str(photo), Scene([truck], lead_seconds=0).frame_at(4))
            standing.append(Vehicle(plate, PlateColour.YELLOW, image=photo))
        _latency("stands there at once", standing, Scene(standing, **empty), 0.0)


def legible_after(vehicle: Vehicle) -> float:
    """Seconds from a truck's first picture to the first in which its plate is wide enough for the
    photo (vision/visit.py)."""
    for number in range(round(APPROACH_SECONDS * FPS)):
        if plate_box(vehicle, pose(number / FPS))[2] >= LEGIBLE_PIXELS:
            return number / FPS
    return APPROACH_SECONDS


def _latency(what: str, shown: list[Vehicle], scene: Scene, legible: float) -> None:
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        camera = SimulatedCamera(scene, user="gatehouse", password=PASSWORD, path="/main", fps=FPS)
        relay = SimulatedRelay(open_seconds=0.5)
        for peer in (camera, relay):
            peer.start()
            stack.callback(peer.stop)
        profile = site(folder / "root", [camera.address[1]], [relay])
        journal = stack.enter_context(Journal.open(folder / "root", SystemClock()))
        with lane(profile, "A01", folder) as process:
            while not any(beat.ok for beat in journal.heartbeats()):
                time.sleep(0.2)
            time.sleep(3)
            before, began = processor(process.pid), time.monotonic()
            camera.begin()
            camera.finished.wait()
            used = (processor(process.pid) - before) / (time.monotonic() - began)
            time.sleep(3)
        waits = []
        for one in camera.appearances():
            end = one.left_at
            told = [
                r.at for r in relay.raises if one.entered_at <= r.at and (not end or r.at < end)
            ]
            if told:
                waits.append(((told[0] - one.entered_at).total_seconds() - legible) * 1000)
        right = {passage.plate for passage in journal.latest_passages(1000)}
        read = sum(vehicle.plate in right for vehicle in shown)
        p95 = statistics.quantiles(waits, n=20, method="inclusive")[-1]
        print(
            f"{what}: legible -> coil written {statistics.median(waits):.0f} ms p50, "
            f"{p95:.0f} ms p95, {len(waits)} of {len(shown)} told in time, {read} read right; "
            f"{used:.0%} of a core",
            flush=True,
        )


class Reckoned(SystemClock):
    """A clock that goes on by the processor time that was used, and when told to wait."""

    def __init__(self) -> None:
        self.began = datetime(2026, 11, 25, 8, 0, tzinfo=BEIJING)
        self.waited = 0.0
        self._used = time.thread_time()

    def monotonic(self) -> float:
        """Seconds since the beginning."""
        return time.thread_time() - self._used + self.waited

    def now(self) -> datetime:
        """The beginning and what has gone by."""
        return self.began + timedelta(seconds=self.monotonic())

    def wait_until(self, instant: float) -> None:
        """Nothing to do before."""
        self.waited += max(instant - self.monotonic(), 0.0)


def reckoned(trucks: int) -> None:
    """The lane's own work from a legible picture to the order for the bar, by processor time: the
    newest picture of 25 a second is looked at, then stamped, recorded and synced to the disk. What
    camera, codec and network take (two pictures or so) is not in it, nor waiting for the disk."""
    profile = load_profile(DEMO)
    driving = Vehicle("宁A58121", PlateColour.YELLOW)
    kinds = {"drives in": legible_after(driving), "stands there at once": 0.0}
    pace = profile.recognition.frames_per_second
    for kind in (Reader.OCR, Reader.OWN):
        reader = build_reader(kind, ModelStore.default(), frames_per_second=pace)
        for what, legible in kinds.items():
            waits = []
            for number in range(trucks):
                plate = f"宁A{58121 + 137 * number}"
                truck = Vehicle(plate, PlateColour.YELLOW)
                # A lane that nobody is in is looked at eight times a second.
                phase = IDLE_PAUSE * number / trucks if not legible else 0.0
                waits.append(_reckoned(profile, reader, truck, legible, phase) * 1000)
            told = [wait for wait in waits if not math.isnan(wait)]
            p95 = statistics.quantiles(told, n=20, method="inclusive")[-1]
            print(
                f"{kind}, {what}: {statistics.median(told):.0f} ms p50, {p95:.0f} ms p95, "
                f"{len(told)} of {trucks} told"
            )


def _reckoned(
    profile: Profile, reader: PlateReader, truck: Vehicle, legible: float, phase: float
) -> float:
    """Seconds from the first legible picture until the passage is recorded."""
    scene = Scene([truck], lead_seconds=0)
    enters = 2.0

    def picture(instant: float) -> Image:
        within = instant - enters
        if within < 0:
            shown = scene.frame_at(-1)
        else:
            shown = scene.frame_at(within if legible else APPROACH_SECONDS + 1)
        return np.asarray(shown, np.uint8)

    film = [picture(number / FPS) for number in range(round((enters + 6) * FPS))]
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        clock = Reckoned()
        journal = stack.enter_context(Journal.open(Path(name), clock))
        relay = Barrier(ModbusRelayDriver(profile.lanes()[0].barrier.driver), clock)
        desk = PassageDesk(
            profile,
            profile.lanes()[0],
            journal=journal,
            barrier=relay,
            clock=clock,
            fresh_frame=lambda: None,
            raised_for=None,
        )
        watcher = VisitWatcher(reader, profile.recognition, Presence())
        looked, clock = -1, Reckoned()
        while True:
            pause = 1 / FPS if watcher.occupied else IDLE_PAUSE
            newest = min(int(clock.monotonic() * FPS), len(film) - 1)
            if newest <= looked or newest / FPS < looked / FPS + pause - 1e-6:
                clock.wait_until((looked / FPS + pause) if looked >= 0 else phase)
                newest = max(int(clock.monotonic() * FPS + 1e-6), looked + 1)
            if newest >= len(film):
                return float("nan")
            looked = newest
            sighting = watcher.observe(Frame(film[newest], clock.now(), newest / FPS))
            if sighting:
                desk.take(sighting)
                return clock.monotonic() - enters - legible


class Counted:
    """A reader that counts the pictures it was shown."""

    def __init__(self, reader: PlateReader) -> None:
        self._reader = reader
        self.pictures = 0

    def read(self, image: Image) -> list[PlateReading]:
        """What the reader reads."""
        self.pictures += 1
        return self._reader.read(image)


def frames() -> None:
    """Four trucks that drive in, stand and leave, looked at as a lane does: not every frame has to
    be read."""
    cv2.setNumThreads(1)  # so that all of the work is in this thread's time
    scene = Scene(TRUCKS[:4], lead_seconds=0, gap_seconds=0)
    noise = np.random.default_rng(1)
    profile = load_profile(DEMO)
    pace = profile.recognition.frames_per_second
    for kind in (Reader.OCR, Reader.OWN):
        reader = Counted(build_reader(kind, ModelStore.default(), frames_per_second=pace))
        watcher = VisitWatcher(reader, profile.recognition, Presence())
        empty = _noisy(scene.frame_at(-1), noise)
        watcher.observe(Frame(empty, SystemClock().now(), -1.0))
        read, all_frames = [], []
        for number in range(0, round(scene.seconds * FPS), 2):
            picture = _noisy(scene.frame_at(number / FPS), noise)
            frame = Frame(picture, SystemClock().now(), number / FPS)
            pictures, began = reader.pictures, time.thread_time()
            watcher.observe(frame)
            spent = (time.thread_time() - began) * 1000
            all_frames.append(spent)
            if reader.pictures > pictures:
                read.append(spent)
        p95 = statistics.quantiles(read, n=20)[-1]
        print(
            f"{kind}: a frame that is read {statistics.median(read):.0f} ms p50, "
            f"{statistics.mean(read):.0f} mean, {p95:.0f} p95 ({len(read)}); any frame with a "
            f"vehicle {statistics.mean(all_frames):.0f} ms ({len(all_frames)}), 1080p, one thread"
        )


def _noisy(picture: Image, noise: np.random.Generator) -> Image:
    large = cv2.resize(picture, (1920, 1080)).astype(np.int16)
    return np.clip(large + noise.integers(-4, 5, large.shape), 0, 255).astype(np.uint8)


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
        behind: list[float] = []
        memory: list[float] = []
        while time.monotonic() - began < minutes * 60:
            time.sleep(min(20, minutes * 15))
            used = sum(processor(p.pid) for p in lanes) - sum(before)
            seconds = time.monotonic() - began
            frames = bytes_behind(ports) / (MEGABITS * 1e6 / 8 / FPS)
            megabytes = [rss(process.pid) for process in lanes]
            behind.append(frames)
            memory.append(sum(megabytes))
            passages = len(journal.latest_passages(10_000))
            print(
                f"{seconds:4.0f} s: {frames:.0f} frames behind, "
                f"{', '.join(f'{each:.0f}' for each in megabytes)} MB, "
                f"{used / seconds:.0%} of a core for both, {passages} passages",
                flush=True,
            )
        came = len(lanes) * len(TRUCKS) * seconds / scene.seconds
        third = len(memory) // 3
        print(
            f"{minutes:g} minutes: {statistics.median(behind):.0f} frames behind (median), "
            f"{max(behind):.0f} at most, {used / seconds:.0%} of a core for both; both lanes' "
            f"memory {statistics.mean(memory[third : 2 * third or None]):.0f} MB in the second "
            f"third, {statistics.mean(memory[2 * third :]):.0f} MB in the last; "
            f"{passages} passages of about {came:.0f} trucks"
        )


def main() -> None:
    """Do what the command line asks."""
    say_load()
    match sys.argv[1:]:
        case ["idle"]:
            idle()
        case ["latency", *count]:
            latency(int(count[0]) if count else 40)
        case ["doze", *count]:
            # Longer than it takes to fall asleep, and not in step with the key frames.
            latency(int(count[0]) if count else 20, pause=13.37)
        case ["reckoned", *count]:
            reckoned(int(count[0]) if count else 20)
        case ["frames"]:
            frames()
        case ["load", minutes]:
            load(float(minutes))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
