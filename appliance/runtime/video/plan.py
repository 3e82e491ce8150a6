"""`gatehouse storage plan`: terabytes and days that fit, from the profile and what was measured."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rich.table import Table

from appliance.guideline.retention import Kind
from appliance.profile.capacity import TB, Measured, Room, rooms, shortage
from appliance.profile.model import Profile
from appliance.profile.storage import ROOT, WhenFull
from appliance.runtime.journal import Journal

MEASURED_OVER = timedelta(days=28)
LONGEST_TOLD = 3650
"""Days; longer times are told as ten years and more."""

_WHEN_FULL = {WhenFull.OVERWRITE: "满覆盖", WhenFull.STOP: "满即停"}


def measure(journal: Journal, now: datetime) -> Measured:
    """What the last four weeks came to; what is not known yet stays assumed."""
    since = now - MEASURED_OVER
    bitrates = journal.video().bitrates(since)
    traffic = journal.video().traffic(since, now)
    if traffic is None:
        return Measured(bitrates)
    return Measured(bitrates, traffic.passages_per_day, traffic.photo_bytes, traffic.clip_bytes)


@dataclass(frozen=True, slots=True)
class Plan:
    """Every place of a site and how long each kind can stay there."""

    profile: Profile
    rooms: tuple[Room, ...]
    measured: Measured

    @property
    def fits(self) -> bool:
        """Whether every kind stays for its term on every machine."""
        return all(room.fits for room in self.rooms)

    def days(self) -> dict[Kind, float]:
        """Days that fit by kind: of several machines, the fewest."""
        found: dict[Kind, float] = {}
        for room in self.rooms:
            for kind, days in room.days().items():
                found[kind] = min(days, found.get(kind, days))
        return {kind: found[kind] for kind in Kind if kind in found}

    def as_dict(self) -> dict[str, Any]:
        """For machines: whole days, terabytes (10¹² bytes); `assumed` names sizes not stated."""
        return {
            "fits": self.fits,
            "days": {kind.value: int(days) for kind, days in self.days().items()},
            "needed_tb": round(sum(room.needed for room in self.rooms) / TB, 3),
            "available_tb": round(sum(room.bytes for room in self.rooms) / TB, 3),
            "mbps": round(sum(room.mbps for room in self.rooms), 3),
            "measured_cameras": sorted(self.measured.bitrates),
            "assumed": [f"{room.machine}:{room.place}" for room in self.rooms if not room.stated],
            "sentences": self.sentences(),
        }

    def sentences(self) -> list[str]:
        """What does not fit, and what would; Chinese."""
        return [
            f"{wrong}；可行的办法：{allowed}。"
            for wrong, allowed in (shortage(room) for room in self.rooms if not room.fits)
        ]

    def as_table(self) -> Table:
        """The one table of the retention, with what fits."""
        table = Table("工控机", "资料", "位置", "法定天数", "保存天数", "盘满时", "每日", "够存")
        retention = self.profile.storage.retention
        for room in self.rooms:
            days = room.days()
            for kind, rate in room.a_day.items():
                when = "—" if kind is Kind.PASSAGES else _WHEN_FULL[retention.when_full(kind)]
                table.add_row(
                    room.machine,
                    kind.called,
                    "数据盘" if room.place == ROOT else "录像盘",
                    str(kind.legal_days),
                    str(room.kept_days[kind]),
                    when,
                    f"{rate / 1e9:.2f} GB",
                    _told(days.get(kind)),
                )
        return table

    def conclusion(self) -> str:
        """One line on the whole."""
        said = self.as_dict()
        verdict = "够用" if self.fits else "不够"
        return (
            f"共需 {said['needed_tb']:.1f} T，现有 {said['available_tb']:.1f} T"
            f"{'（部分容量为假定值）' if said['assumed'] else ''}，"
            f"录像合计 {said['mbps']:.4g} Mbit/s：{verdict}。"
        )


def plan(profile: Profile, measured: Measured | None = None) -> Plan:
    """The plan of a site."""
    found = measured or Measured()
    return Plan(profile, rooms(profile, found), found)


def _told(days: float | None) -> str:
    if days is None:
        return "—"
    return f"{LONGEST_TOLD} 天以上" if days > LONGEST_TOLD else f"{int(days)} 天"
