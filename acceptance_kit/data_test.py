"""数据传输测试 (9.1): one message of each kind against the reference platform, before the filing.

The site's own profile says what is sent: its numbers, positions, cameras and dialect. Its uplink,
as it runs on a box, sends test records out of a journal that is thrown away; the platform judges
them as literally as the dialect lets it (7.3, 7.4, chapter 8, 6.2.2–6.2.5). The authority's own
platform is tried from the box, by `gatehouse uplink probe`.

No password of a camera is needed: a stand-in of the same length rules is sent, and not kept.
"""

import io
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from PIL import Image

from acceptance_kit.findings import Finding, Means, Verdict
from acceptance_kit.peers.platform import ReferencePlatform
from acceptance_kit.peers.platform.records import Received
from acceptance_kit.peers.platform.replies import ReplyStyle
from acceptance_kit.peers.platform.variant import Variant
from acceptance_kit.proof import Proof
from appliance.clock import Clock
from appliance.guideline.dictionaries import EmissionStage, PlateColour, RaiseMethod
from appliance.guideline.messages import CAMERA, PASSAGE, STATUS, Result
from appliance.profile.model import Dialect, Lane, Profile
from appliance.profile.secrets import SecretStore
from appliance.runtime.journal import Journal
from appliance.runtime.journal.values import (
    Admission,
    Decision,
    Passage,
    Photo,
    PhotoKind,
    Vehicle,
)
from appliance.runtime.uplink.probe import TEST_MARK
from appliance.runtime.uplink.sender import run_uplink

PATIENCE_SECONDS = 90.0
LONGEST_SEGMENT = {"packets": 1024, "shrink": 9999}
DATA = Proof(
    "data.reference",
    ("9.1", "7.3.1–3", "6.2.2–3", "6.2.4", "6.2.5", "8.1–3", "5.2-1…4"),
    "各类报文的数据项、长度、代码和格式被参考平台接收",
    Means.RECORDS,
)
DEMANDS = (DATA,)
_REPLIES = {
    "9012": ReplyStyle.EXECUTE,
    "number": ReplyStyle.NUMBER,
    "json": ReplyStyle.JSON,
    "text": ReplyStyle.TEXT,
}


@dataclass(frozen=True, slots=True)
class DataTest:
    """What the platform got: messages that were owed, those that came, those it refused."""

    owed: int
    received: tuple[Received, ...]
    aside: tuple[str, ...]

    @property
    def refused(self) -> tuple[Received, ...]:
        """What the platform judged wrong."""
        return tuple(kept for kept in self.received if kept.code != Result.RECEIVED)

    @property
    def passed(self) -> bool:
        """Whether everything that was owed was taken."""
        return len(self.received) >= self.owed and not self.refused and not self.aside

    def count(self, cn: str) -> int:
        """How many messages of a kind the platform took."""
        return sum(kept.cn == cn and kept.code == Result.RECEIVED for kept in self.received)


def variant_of(dialect: Dialect) -> Variant:
    """The platform that speaks a dialect, and is strict in all else."""
    return Variant(
        body=dialect.body,
        crc=dialect.crc,
        length=dialect.length_field,
        longest_segment=LONGEST_SEGMENT.get(dialect.length, Variant().longest_segment),
        packets=dialect.length == "packets",
        photos=2 if dialect.photos == "two-messages" else 1,
        dictionary=dialect.dictionary,
        dates=dialect.dates,
        photo_words=dialect.forbidden_words,
        reply=_REPLIES.get(dialect.replies, ReplyStyle.ACKNOWLEDGE),
        mn_length=24,
        version=dialect.version,
    )


def send_each_kind(profile: Profile, clock: Clock, seconds: float = PATIENCE_SECONDS) -> DataTest:
    """A passage for each barrier, the news of each camera, the state: send, and see what came."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-data-test-") as folder:
        root = Path(folder)
        store = _stand_ins(profile, root / "secrets")
        platform = ReferencePlatform(
            database=root / "platform.sqlite3",
            known_mn={profile.mn},
            variant=variant_of(profile.uplink.dialect),
            clock=clock,
        )
        with platform:
            host, port = platform.address
            uplink = profile.uplink.model_copy(
                update={"host": host, "port": port, "retry_pause_limit_seconds": 1}
            )
            site = profile.model_copy(update={"uplink": uplink})
            lanes = site.lanes()
            messages = len(lanes) + len(site.cameras) + 1
            # A passage is one message of the outbox, though it may travel as two.
            owed = messages + (len(lanes) if uplink.dialect.photos == "two-messages" else 0)
            with Journal.open(root / "journal", clock) as journal:
                for number, lane in enumerate(lanes):
                    journal.record(_passage(number, lane, clock))
                with _uplink(site, root / "journal", clock, store) as thread:
                    end = clock.monotonic() + seconds
                    while (
                        not _settled(journal, messages)
                        and clock.monotonic() < end
                        and thread.is_alive()
                    ):
                        for lane in lanes:  # the state message says 正常 when the lanes are well
                            journal.beat(f"lane-{lane.barrier.id}", True, TEST_MARK)
                        clock.sleep(0.5)
                aside = tuple(item.reason or item.cn for item in journal.aside())
            received = tuple(platform.records())
    return DataTest(owed, received, aside)


def finding(test: DataTest, by: str, clock: Clock) -> Finding:
    """是 when the platform took one of each kind and refused nothing."""
    reason = ""
    if test.refused:
        first = test.refused[0]
        reason = f"参考平台拒收 {first.cn}：{first.reason}。请按提示更正站点配置。"
    elif test.aside:
        reason = f"报文无法发送：{test.aside[0]}。请按提示更正站点配置。"
    elif not test.passed:
        reason = f"应发 {test.owed} 条，参考平台只收到 {len(test.received)} 条。"
    counts = (
        f"通行记录 {test.count(PASSAGE)} 条、视频信息 {test.count(CAMERA)} 条、"
        f"企业状态 {test.count(STATUS)} 条"
    )
    return Finding(
        item=DATA.item,
        clauses=DATA.clauses,
        title=DATA.title,
        verdict=Verdict.YES if test.passed else Verdict.NO,
        means=Means.RECORDS,
        by=by,
        at=clock.now(),
        measured=f"参考平台接收{counts}",
        reason=reason,
        method="按站点配置生成测试报文，由上报程序发给从严核对的参考平台。",
    )


def _settled(journal: Journal, messages: int) -> bool:
    counts = journal.outbox_counts()
    return counts.done + counts.aside >= messages and not counts.waiting


@contextmanager
def _uplink(
    site: Profile, root: Path, clock: Clock, store: SecretStore
) -> Iterator[threading.Thread]:
    """The uplink at work, in a thread."""
    stop = threading.Event()

    def work() -> None:
        with Journal.open(root, clock) as journal:
            run_uplink(site, journal, clock, stop, store)

    thread = threading.Thread(target=work, name="data test")
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join()


def _stand_ins(profile: Profile, folder: Path) -> SecretStore:
    folder.mkdir(mode=0o700)
    for camera in profile.cameras:
        file = folder / camera.password.name
        file.write_text("test-0000\n")
        file.chmod(0o600)
    return SecretStore(folder)


def _passage(number: int, lane: Lane, clock: Clock) -> Passage:
    """Every field is filled, so that every one is judged."""
    return Passage(
        key=f"{TEST_MARK}-{lane.barrier.id}",
        entrance=lane.entrance.id,
        barrier=lane.barrier.id,
        position=lane.barrier.position,
        direction=lane.barrier.direction,
        passed_at=clock.now(),
        plate=f"宁A{number:05d}",
        plate_colour=PlateColour.YELLOW,
        confidence=1.0,
        admission=Admission(Decision.ADMIT, "data-test", TEST_MARK),
        raise_method=RaiseMethod.AUTOMATIC,
        vehicle=Vehicle(
            plate=f"宁A{number:05d}",
            plate_colour=PlateColour.YELLOW,
            vin="LFWSRXSJ5M1F00000",
            registered_on=date(2025, 1, 1),
            vehicle_type="Q11",
            model=TEST_MARK,
            fuel="B",
            emission_stage=EmissionStage.CHINA_6,
            networked=True,
            use="F",
            fleet=TEST_MARK,
            terminal_ok=True,
        ),
        photos=tuple(Photo(kind, _picture(kind)) for kind in PhotoKind),
    )


def _picture(kind: PhotoKind) -> bytes:
    """A plain colour of its own for each kind: no one takes it for a truck."""
    out = io.BytesIO()
    colour = (255, 120, 0) if kind is PhotoKind.FRONT else (0, 120, 255)
    Image.new("RGB", (640, 360), colour).save(out, "JPEG")
    return out.getvalue()
