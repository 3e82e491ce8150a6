"""Whether the disks hold what the retention asks (4.3-1, 4.4.5-2): arithmetic over the profile.

A terabyte is what disk makers sell: 10¹² bytes. What is measured replaces what is assumed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from appliance.guideline.retention import RECORDER_TERABYTES, Kind
from appliance.profile.box import Machine
from appliance.profile.model import Profile
from appliance.profile.storage import ROOT, VIDEO_DISKS

TB = 10**12
DAY_SECONDS = 86_400

ASSUMED_DATA_TB = 0.5
"""A system disk that nobody described; with video on it, the guideline's 32 T."""

PHOTO_BYTES = 800_000
"""Two stamped photos of a passage, before any is measured."""

ROW_BYTES = 8_000
"""A passage with its photos' rows, its link, message, receipts and indexes."""

IN_ORDER = (Kind.PASSAGES, Kind.PHOTOS, Kind.CLIPS, Kind.SMOKE, Kind.VIDEO)
"""Who is served first where not all fit: the small ones that the law keeps longest."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What the journal says: Mbit/s by camera, passages a day, bytes a passage. Empty: nothing."""

    bitrates: Mapping[str, float] = field(default_factory=dict)
    passages_per_day: float | None = None
    photo_bytes: float | None = None
    clip_bytes: float | None = None


@dataclass(frozen=True, slots=True)
class Room:
    """One place of one machine, what comes in by the day, and for how long it is to stay."""

    machine: str
    place: str
    bytes: float
    stated: bool
    mbps: float
    cameras: int
    a_day: Mapping[Kind, float]
    kept_days: Mapping[Kind, int]

    @property
    def needed(self) -> float:
        """Bytes to hold every kind for its term."""
        return sum(rate * self.kept_days[kind] for kind, rate in self.a_day.items())

    @property
    def fits(self) -> bool:
        """Whether every kind stays for its term."""
        return self.needed <= self.bytes

    def days(self) -> dict[Kind, float]:
        """How long each kind can stay.

        Where all fit: how long, the others staying for their terms. Else each in `IN_ORDER` gets
        its term while there is room.
        """
        if self.fits:
            spare = self.bytes - self.needed
            return {
                kind: self.kept_days[kind] + spare / rate
                for kind, rate in self.a_day.items()
                if rate
            }
        left, found = self.bytes, {}
        for kind in IN_ORDER:
            rate = self.a_day.get(kind, 0)
            if rate:
                found[kind] = min(float(self.kept_days[kind]), left / rate)
                left -= found[kind] * rate
        return found


def rooms(profile: Profile, measured: Measured | None = None) -> tuple[Room, ...]:
    """Every place of every machine, with what it has to hold."""
    found = measured or Measured()
    return tuple(
        room for machine in profile.machines for room in _of_machine(profile, machine, found)
    )


def places(profile: Profile, machine: Machine) -> dict[Kind, tuple[str, ...]]:
    """Where a machine keeps each kind: `root`, or the mounts of its video disks.

    `video` means the disks that no kind names by its mount, or all when each is named.
    """
    mounts = [str(disk.mount) for disk in machine.video_disks]
    table = profile.storage.retention
    named = {table.volume(kind) for kind in Kind}
    free = tuple(mount for mount in mounts if mount not in named) or tuple(mounts)
    found: dict[Kind, tuple[str, ...]] = {}
    for kind in Kind:
        volume = table.volume(kind)
        if volume in mounts:
            found[kind] = (volume,)
        else:
            found[kind] = free if volume != ROOT and free else (ROOT,)
    return found


def _of_machine(profile: Profile, machine: Machine, measured: Measured) -> list[Room]:
    rates = _rates(profile, machine, measured)
    where = places(profile, machine)
    cameras = profile.cameras_of(machine)
    mbps = sum(measured.bitrates.get(camera.id, camera.bitrate_mbps) for camera in cameras)
    made = []
    for place in dict.fromkeys(where.values()):
        kinds = [kind for kind in Kind if where[kind] == place]
        with_video = Kind.VIDEO in kinds
        size = _size(profile, machine, place)
        assumed = RECORDER_TERABYTES if with_video else ASSUMED_DATA_TB
        made.append(
            Room(
                machine=machine.name,
                place=ROOT if place == (ROOT,) else VIDEO_DISKS,
                bytes=(assumed if size is None else size) * TB,
                stated=size is not None,
                mbps=mbps if with_video else 0.0,
                cameras=len(cameras),
                a_day={kind: rates[kind] for kind in kinds},
                kept_days={kind: profile.storage.retention.days(kind) for kind in kinds},
            )
        )
    return made


def _size(profile: Profile, machine: Machine, place: tuple[str, ...]) -> float | None:
    """Terabytes, None where any part of the place is not described."""
    if place == (ROOT,):
        return profile.storage.size_tb
    sizes = [disk.size_tb for disk in machine.video_disks if str(disk.mount) in place]
    return None if None in sizes else sum(size for size in sizes if size is not None)


def _rates(profile: Profile, machine: Machine, measured: Measured) -> dict[Kind, float]:
    """Bytes a day by kind."""
    bits = {
        camera.id: measured.bitrates.get(camera.id, camera.bitrate_mbps) * 1e6
        for camera in profile.cameras_of(machine)
    }
    lanes = profile.lanes_of(machine)
    whole = measured.passages_per_day or profile.storage.passages_per_day
    passages = whole * len(lanes) / len(profile.lanes())
    # A clip comes from its lane's plate camera.
    of_lanes = [bits.get(lane.camera.id, lane.camera.bitrate_mbps * 1e6) for lane in lanes]
    clip = profile.recording.clip_seconds * sum(of_lanes) / max(1, len(of_lanes)) / 8
    return {
        Kind.PASSAGES: passages * ROW_BYTES,
        Kind.PHOTOS: passages * (measured.photo_bytes or PHOTO_BYTES),
        Kind.CLIPS: passages * (measured.clip_bytes or clip),
        Kind.VIDEO: sum(bits.values()) / 8 * DAY_SECONDS,
        Kind.SMOKE: 0.0,  # until a smoke camera is part of the profile
    }


def shortage(room: Room) -> tuple[str, str]:
    """What is wrong with a place that does not hold its kinds, and what would fit; Chinese."""
    days = room.days()
    short = [
        f"{kind.called}只够存 {int(days[kind])} 天（应存 {room.kept_days[kind]} 天，{kind.clause}）"
        for kind in IN_ORDER
        if kind in days and int(days[kind]) < room.kept_days[kind]
    ]
    where = "数据盘" if room.place == ROOT else "录像盘"
    held = f"{room.bytes / TB:.4g} T" + ("" if room.stated else "（未写容量，按此假定）")
    cameras = f"，{room.cameras} 台相机合计 {room.mbps:.4g} Mbit/s" if room.mbps else ""
    wrong = f"工控机“{room.machine}”的{where}共 {held}{cameras}，" + "，".join(short)
    allowed = f"至少 {room.needed / TB:.1f} T"
    others = sum(
        rate * room.kept_days[kind] for kind, rate in room.a_day.items() if kind != Kind.VIDEO
    )
    if room.mbps and others < room.bytes:
        per_day = (room.bytes - others) / room.kept_days[Kind.VIDEO]
        allowed += f"；或把合计码率降到 {per_day * 8 / DAY_SECONDS / 1e6:.1f} Mbit/s 以下"
    return wrong, allowed
