"""What recording costs, how quickly a clip is found, and how near the planner comes.

Run: python benchmarks/recording.py [SECONDS]     (60; two minutes in all)

1. Four cameras of 1080p25 at 4 Mbit/s play over RTSP; processor seconds of the recorder and of its
   ffmpegs, user and system, as parts of one core. They hardly depend on what else the machine does.
2. One passage's clip among a year of 400 passages a day.
3. A month, simulated: bitrates that follow the hour and the weather, traffic that follows the week.
   The planner measures four weeks and forecasts the bytes of the 30 days after.
"""

import math
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from loads import DEMO, passages, say_load

from acceptance_kit.peers.camera import rtsp_file
from appliance.clock import BEIJING, SystemClock
from appliance.guideline.retention import Kind
from appliance.profile.loading import load_profile
from appliance.profile.model import Profile
from appliance.profile.writing import profile_as_yaml
from appliance.runtime.journal import Journal
from appliance.runtime.journal.moments import to_text
from appliance.runtime.journal.video import Fragment
from appliance.runtime.video.plan import MEASURED_OVER, measure, plan

CAMERAS = 4
A_DAY = 400
CLIP_BYTES = 10_000_000
HERTZ = os.sysconf("SC_CLK_TCK")


def film(file: Path, seconds: int) -> None:
    """1080p25 at 4 Mbit/s with a whole picture every two seconds, as cameras are set."""
    words = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=1920x1080:rate=25"]
    words += ["-t", str(seconds), "-c:v", "libx264", "-preset", "ultrafast", "-b:v", "4M"]
    words += ["-minrate", "4M", "-maxrate", "4M", "-bufsize", "4M", "-nal-hrd", "cbr"]
    words += ["-g", "50", "-bf", "0", "-x264-params", "slices=1:sliced-threads=0"]
    subprocess.run([*words, "-f", "mpegts", str(file)], check=True)  # noqa: S603


@contextmanager
def cameras(film: Path) -> Iterator[int]:
    """The film from a server of its own, at its own pace; gives the port."""
    paths = [word for n in range(CAMERAS) for word in (f"/{n}", str(film))]
    words = ["/usr/bin/python3", rtsp_file.__file__, *paths]
    server = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)  # noqa: S603
    try:
        yield int(server.stdout.readline()) if server.stdout else 0
    finally:
        server.kill()
        server.wait()


def site(root: Path, port: int) -> Profile:
    """The demo's two lanes and two more cameras."""
    raw = load_profile(DEMO).model_dump(mode="json")
    raw["storage"]["root"] = str(root)
    raw["cameras"] += [
        {**raw["cameras"][0], "id": f"c{n}", "role": "surveillance"} for n in range(CAMERAS - 2)
    ]
    for number, camera in enumerate(raw["cameras"]):
        camera |= {"host": "127.0.0.1", "rtsp_port": port, "rtsp_path": f"/{number}"}
    return Profile.model_validate(raw)


def spent(pid: int) -> float:
    """Processor seconds of a process, of its children that ended, and of those that run."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    own = sum(map(int, fields[11:15])) / HERTZ
    children = Path(f"/proc/{pid}/task").glob("*/children")
    return own + sum(spent(int(child)) for each in children for child in each.read_text().split())


def recording(seconds: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        film(folder / "film.ts", seconds + 20)
        secrets = folder / "secrets"
        secrets.mkdir(mode=0o700)
        for each in ("camera-a01", "camera-a02"):
            (secrets / each).write_text("none")
            (secrets / each).chmod(0o600)
        with cameras(folder / "film.ts") as port:
            profile = site(folder / "root", port)
            path = folder / "site.yaml"
            path.write_text(profile_as_yaml(profile), "utf-8")
            words = [sys.executable, "-m", "appliance", "run", "recorder", "--profile", str(path)]
            recorder = subprocess.Popen(  # noqa: S603
                words,
                env={**os.environ, "GATEHOUSE_SECRETS": str(secrets)},
                stderr=subprocess.DEVNULL,
            )
            while len(list((folder / "root").rglob("*.mp4"))) < CAMERAS:
                time.sleep(0.2)
            time.sleep(3)
            began, before = time.monotonic(), spent(recorder.pid)
            time.sleep(seconds)
            used, passed = spent(recorder.pid) - before, time.monotonic() - began
            recorder.terminate()
            recorder.wait()
        with Journal.open(folder / "root", SystemClock()) as journal:
            written = journal.shelves().bytes_since(
                Kind.VIDEO, "root", datetime.now(BEIJING) - timedelta(hours=1)
            )
    print(
        f"{CAMERAS} cameras of 1080p25, {written / 1e6:.0f} MB written: "
        f"{100 * used / passed:.1f} % of a core (at most 5 are allowed)"
    )


def finding() -> None:
    """A year of passages and clips, each under its own id; the rows are made by SQLite itself."""
    with tempfile.TemporaryDirectory() as name, Journal.open(Path(name), SystemClock()) as journal:
        first, _ = journal.record(passages()(0, datetime.now(BEIJING)))
        database, count = journal._database, 365 * A_DAY
        names = [column.name for column in database["passages"].columns]
        values = ", ".join({"id": "n", "key": "'k' || n"}.get(name, name) for name in names)
        numbers = (  # a number of our own
            f"WITH RECURSIVE s(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM s WHERE n < {count})"  # noqa: S608
        )
        database.execute(
            f"INSERT INTO passages {numbers} SELECT {values} "  # noqa: S608
            f"FROM s, passages WHERE id = {first.id}"
        )
        database.execute(
            f"INSERT INTO clips {numbers} SELECT n, n, 'a01-plate', "  # noqa: S608
            "'2026-01-01', 20.0, 'root', 'clips/' || n, 'sha', 1, 'h264' FROM s"
        )
        wanted = [random.randrange(2, count) for _ in range(200)]  # noqa: S311
        times = []
        for number in wanted:
            began = time.perf_counter()
            (clip,) = journal.video().clips(number)
            times.append(time.perf_counter() - began)
            assert clip.passage_id == number  # noqa: S101
    times.sort()
    median, last = 1000 * times[100], 1000 * times[197]
    print(f"one clip among {count}: {median:.2f} ms, 99 % within {last:.2f} ms (at most 10)")


def forecasting() -> None:
    """Forecast and truth of the 30 days after four weeks."""
    draw = random.Random(7)  # noqa: S311
    begin = datetime(2026, 9, 1, tzinfo=BEIJING)
    now = begin + MEASURED_OVER
    profile = load_profile(DEMO)

    class Then(SystemClock):
        def now(self) -> datetime:
            return now

    with tempfile.TemporaryDirectory() as name, Journal.open(Path(name), Then()) as journal:
        truth = {"video": 0.0, "clips": 0.0}
        first, _ = journal.record(passages()(0, begin))
        database = journal._database
        columns = [column.name for column in database["passages"].columns]
        past: list[Fragment] = []
        number = first.id
        database.execute("BEGIN")
        for day in range(MEASURED_OVER.days + 30):
            weather = draw.uniform(0.9, 1.1)
            for camera, mbps in (("a01-plate", 4.0), ("a02-plate", 3.0)):
                for slot in range(144):
                    at = begin + timedelta(days=day, minutes=10 * slot)
                    hour = 1 + 0.35 * math.sin(math.pi * (at.hour - 6) / 12)
                    size = int(mbps * hour * weather * draw.uniform(0.9, 1.1) * 1e6 / 8 * 600)
                    if at < now:
                        path = f"video/{at:%Y-%m-%d}/{camera}/{at:%H%M%S}.mp4"
                        past.append(Fragment(camera, at, 600.0, "root", path, size))
                    else:
                        truth["video"] += size
            trucks = int(A_DAY * (0.6 if (begin + timedelta(days=day)).weekday() == 6 else 1.0))
            for truck in range(trucks):
                at = begin + timedelta(days=day, seconds=truck * 86_400 / trucks)
                size = int(CLIP_BYTES * weather * draw.uniform(0.8, 1.2))
                if at >= now:
                    truth["clips"] += size
                    continue
                number += 1
                changed = {
                    "id": str(number),
                    "key": f"'k{number}'",
                    "passed_at": f"'{to_text(at)}'",
                }
                values = ", ".join(changed.get(each, each) for each in columns)
                database.execute(
                    f"INSERT INTO passages SELECT {values} "  # noqa: S608
                    f"FROM passages WHERE id = {first.id}"
                )
                database.execute(
                    "INSERT INTO clips VALUES (:n, :n, 'a01-plate', :at, 20.0, 'root', :path, "
                    "'sha', :size, 'h264')",
                    {"n": number, "at": to_text(at), "path": f"clips/{number}", "size": size},
                )
        database.execute("COMMIT")
        journal.video().add_fragments(past)
        (room,) = plan(profile, measure(journal, now)).rooms
    for kind in (Kind.VIDEO, Kind.CLIPS):
        forecast, came = 30 * room.a_day[kind], truth[kind.value]
        print(
            f"{kind.value} of a month: forecast {forecast / 1e9:.1f} GB, came {came / 1e9:.1f} GB, "
            f"{100 * (forecast / came - 1):+.2f} % (within 2)"
        )


def main() -> None:
    say_load()
    forecasting()
    finding()
    recording(int(sys.argv[1]) if len(sys.argv) > 1 else 60)


if __name__ == "__main__":
    main()
