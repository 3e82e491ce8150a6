"""A sample of the report (5.1.3), so that a gate shows what it would file before it ever must."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from appliance.clock import SystemClock
from appliance.guideline.dictionaries import PlateColour, RaiseMethod
from appliance.profile.model import Profile
from appliance.runtime.journal import Journal
from appliance.runtime.journal.values import Admission, Decision, Passage
from appliance.runtime.uplink.books.interruptions import to_report
from appliance.runtime.uplink.books.report import report_text

A_DAY = timedelta(hours=24)
"""What 5.1.3 says, and not what the code takes for it: a sample must be able to fail."""

HEAD = "【样稿】所述中断是虚构的，只供查看文件，不得报送。\n\n"
FAULT = "无法连接平台"


@dataclass
class _HandClock(SystemClock):
    time: datetime

    def now(self) -> datetime:
        return self.time


def sample_report(profile: Profile, now: datetime) -> str | None:
    """The paper on a made-up interruption: one vehicle passed 24 h ago and waits still.

    It goes the way of a true one, in a journal of its own that is removed again; the gate's is
    not touched. None when that way finds nothing to report.
    """
    clock = _HandClock(now.replace(microsecond=0) - A_DAY)
    with (
        TemporaryDirectory(prefix="gatehouse-") as folder,
        Journal.open(Path(folder), clock) as journal,
    ):
        passage, _ = journal.record(_passage(profile, clock.now()))
        message = journal.begin_attempt(journal.messages(passage.id)[-1])
        clock.time = now
        journal.postpone(message, now, FAULT)
        interruption = to_report(journal, now)
        if interruption is None:
            return None
        return HEAD + report_text(profile, journal, interruption, now)


def _passage(profile: Profile, at: datetime) -> Passage:
    lane = next(iter(profile.lanes()))
    return Passage(
        key="sample",
        entrance=lane.entrance.id,
        barrier=lane.barrier.id,
        position="样稿",
        direction=lane.barrier.direction,
        passed_at=at,
        plate="宁A00000",
        plate_colour=PlateColour.YELLOW,
        confidence=1.0,
        admission=Admission(Decision.ADMIT, "sample", "样稿"),
        raise_method=RaiseMethod.AUTOMATIC,
        vehicle=None,
        photos=(),
    )
