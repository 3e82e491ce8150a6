"""The storage as the status page shows it: what the sweeper last said, and early deletions."""

from collections.abc import Iterator
from dataclasses import dataclass

from appliance.profile.model import Profile
from appliance.profile.storage import ROOT
from appliance.runtime.journal import Journal
from appliance.runtime.journal.shelves import EarlyDeletion
from appliance.runtime.journal.storage_state import StorageState, VolumeState
from appliance.runtime.web.verdict import Finding, Level

EARLY_SHOWN = 5


@dataclass(frozen=True, slots=True)
class VolumeLine:
    """A volume as a line of the list; `alarm` when it will be full too soon or is not there."""

    name: str
    state: VolumeState
    free_percent: float
    alarm: bool


@dataclass(frozen=True, slots=True)
class StorageView:
    """All that the page says of the storage; `state` is None before the sweeper's first look."""

    state: StorageState | None
    volumes: tuple[VolumeLine, ...]
    early: tuple[EarlyDeletion, ...]

    def findings(self) -> Iterator[Finding]:
        """What the verdict says of it."""
        if self.state is None:
            return
        if self.state.stopped:
            kinds = "、".join(kind.called for kind in self.state.stopped)
            sentence = f"磁盘已满，停止存入：{kinds}。"
            yield Finding(Level.FAULT, "storage-stopped", sentence)
        for line in self.volumes:
            if not line.state.present:
                sentence = f"{line.state.short}。"
                yield Finding(Level.FAULT, f"volume-missing:{line.state.volume}", sentence)
            elif line.alarm:
                days = int(line.state.days_left or 0)
                sentence = f"{line.name}约 {days} 天后写满，{line.state.short}。"
                yield Finding(Level.ATTENTION, f"days-left:{line.state.volume}", sentence)
        if self.state.early:
            sentence = f"近 30 天因盘满提前删除 {self.state.early} 批资料，保存期限不足，请扩容。"
            yield Finding(Level.ATTENTION, "early-deletion", sentence)
        if self.state.refusal:
            sentence = f"到期资料暂不删除：{self.state.refusal}。"
            yield Finding(Level.ATTENTION, "sweep-refused", sentence)


def storage_of(profile: Profile, journal: Journal) -> StorageView:
    """Gather it; cheap, for it is asked for with every verdict."""
    state = journal.storage()
    lines = tuple(
        VolumeLine(
            name="数据盘" if each.volume == ROOT else f"录像盘 {each.volume} ",
            state=each,
            free_percent=100 * each.free / each.size if each.size else 0.0,
            alarm=not each.present
            or (each.days_left is not None and each.days_left <= profile.storage.alarm_days),
        )
        for each in (state.volumes if state else ())
    )
    return StorageView(state, lines, journal.shelves().early_deletions(EARLY_SHOWN))
