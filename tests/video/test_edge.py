"""What was missed while a line was cut is fetched from the camera's own storage (Profile G)."""

import subprocess
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from acceptance_kit.peers.camera.replay import ReplayServer
from acceptance_kit.peers.onvif import OnvifPeer, OnvifRecording, SimulatedSettings
from appliance.clock import BEIJING, SystemClock
from appliance.guideline.retention import Kind
from appliance.runtime.journal import Journal
from appliance.runtime.journal.shelves import ROOT
from appliance.runtime.video.edge import MOST_TRIES, EdgeFetcher
from appliance.runtime.video.shelf import Shelf
from appliance.runtime.video.volumes import Volumes

from .filming import PASSWORD, assert_in_order, film, needs_ffmpeg, one_camera, secrets_in
from .test_clips import shelve

pytestmark = needs_ffmpeg
SECOND = timedelta(seconds=1)
DRIFT = timedelta(minutes=7)
"""The camera's clock is ahead: nobody has set it yet."""


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Ten seconds as the recorder writes them, and two minutes as the camera keeps them."""
    folder = tmp_path_factory.mktemp("films")
    kept = folder / "kept.h264"
    pictures = ["-f", "lavfi", "-i", "testsrc=size=160x120:rate=10", "-t", "150"]
    how = ["-c:v", "libx264", "-g", "10", "-bf", "0", "-pix_fmt", "yuv420p", "-slices", "1"]
    how += ["-threads", "1", "-bsf:v", "h264_mp4toannexb"]
    subprocess.run(["ffmpeg", "-v", "error", *pictures, *how, str(kept)], check=True)
    return film(folder / "written.mp4", seconds=10, size="160x120"), kept


class Cut:
    """A camera that was away for 90 s of the last minutes, with a storage that was not."""

    def __init__(self, root: Path, films: tuple[Path, Path]) -> None:
        self.now = datetime.now(BEIJING)
        self.gone = self.now - timedelta(minutes=6)
        self.back = self.gone + 90 * SECOND
        kept_from = self.gone - 30 * SECOND + DRIFT
        self.storage = ReplayServer(films[1], kept_from, 10, user="gatehouse", password=PASSWORD)
        self.settings = SimulatedSettings(
            SystemClock(), password=PASSWORD, drift=DRIFT, rtsp_port=self.storage.port
        )
        self.settings.recordings = (
            OnvifRecording("old", kept_from - timedelta(days=2), kept_from - timedelta(days=1)),
            OnvifRecording("new", kept_from, self.storage.end),
        )
        self.peer = OnvifPeer(self.settings)
        self.root = root
        self.profile = one_camera(
            root, self.storage.port, cameras__0__onvif_port=self.peer.address[1]
        )
        self.journal = Journal.open(root, SystemClock())
        shelve(self.journal, films[0], self.gone - 10 * SECOND)
        shelve(self.journal, films[0], self.back)

    def fetcher(self, **how) -> EdgeFetcher:
        return EdgeFetcher(
            self.profile.cameras,
            self.root,
            shelf=Shelf(Kind.VIDEO, (ROOT,), Volumes(self.root, {})),
            secrets=secrets_in(self.root.parent / "secrets"),
            clock=SystemClock(),
            stop=threading.Event(),
            **how,
        )


@pytest.fixture
def cut(tmp_path: Path, films: tuple[Path, Path]) -> Iterator[Cut]:
    made = Cut(tmp_path / "root", films)
    made.peer.start()
    with made.storage:
        yield made
    made.peer.stop()
    made.journal.close()


def gaps(cut: Cut) -> tuple[tuple[datetime, datetime], ...]:
    video = cut.journal.video()
    return video.gaps("a01-plate", cut.gone - 9 * SECOND, cut.back + 9 * SECOND, 2 * SECOND)


@pytest.mark.slow
def test_a_span_that_was_missed_is_fetched_and_nothing_is_missing_then(cut):
    assert gaps(cut) == ((cut.gone, cut.back),)
    assert cut.fetcher().look(cut.journal) == 1
    assert gaps(cut) == ()
    known = assert_in_order(cut.journal, cut.profile)
    fetched = known[2:]
    # Their time is ours, though the camera's clock is not: it is told with the pictures.
    assert abs(fetched[0].began_at - cut.gone) <= 1.1 * SECOND
    assert abs(fetched[-1].ended_at - cut.back) <= 1.1 * SECOND
    assert len(fetched) >= 2  # a minute each
    assert [event.kind for event in cut.journal.latest_events(5)] == ["recording-filled"]
    ((begin, end),) = cut.storage.asked
    assert abs(begin - cut.gone - DRIFT) < 2 * SECOND
    assert abs(end - cut.back - DRIFT) < 2 * SECOND


@pytest.mark.slow
def test_what_is_there_is_not_fetched_again(cut):
    fetcher = cut.fetcher()
    assert [fetcher.look(cut.journal) for _ in range(2)] == [1, 0]
    assert len(cut.storage.asked) == 1


@pytest.mark.slow
def test_a_camera_without_storage_is_asked_a_few_times_and_left(cut):
    cut.settings.recordings = None
    fetcher = cut.fetcher()
    assert not any(fetcher.look(cut.journal) for _ in range(MOST_TRIES + 2))
    assert cut.settings.requests.count("GetServices") == MOST_TRIES
    assert gaps(cut) == ((cut.gone, cut.back),)


def test_a_camera_that_kept_nothing_of_that_time_is_not_played(cut):
    assert cut.settings.recordings is not None
    cut.settings.recordings = cut.settings.recordings[:1]
    assert cut.fetcher().look(cut.journal) == 0
    assert not cut.storage.asked


@pytest.mark.slow
def test_a_camera_that_is_still_away_is_not_asked(cut):
    for fragment in cut.journal.video().fragments_between("a01-plate", cut.back, cut.back + SECOND):
        known = cut.journal.inventory().files(ROOT, "/".join(fragment.path.split("/")[:2]))
        cut.journal.inventory().drop(
            next(each for each in known if each.path == fragment.path), "gone"
        )
    assert cut.fetcher().look(cut.journal) == 0
    assert not cut.settings.requests
