"""One passage in full: the record, its photos against their hashes, messages and corrections."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from appliance.guideline.messages import PASSAGE_FIELDS
from appliance.profile.model import Profile
from appliance.runtime.journal import Correction, Journal
from appliance.runtime.journal.shelves import Removal
from appliance.runtime.journal.values import (
    OutboxItem,
    PhotoKind,
    Receipt,
    RecordedPassage,
    StoredPhoto,
    Vehicle,
)
from appliance.runtime.journal.video import Clip
from appliance.runtime.web.wording import moment, raising

Row = tuple[str, str]

UNKNOWN = "未登记"
UNREAD = "未识别"

_TITLES = {spec.name: spec.title for spec in PASSAGE_FIELDS}

_VEHICLE_TITLES = {
    "plate": _TITLES["F_CPHM"],
    "plate_colour": _TITLES["F_CPYS"],
    "vin": _TITLES["F_VIN"],
    "registered_on": _TITLES["F_ZCDJRQ"],
    "vehicle_type": _TITLES["F_CLLX"],
    "model": _TITLES["F_CLPPXH"],
    "fuel": _TITLES["F_YLLX"],
    "emission_stage": _TITLES["F_PFBZ"],
    "networked": _TITLES["F_LWZT"],
    "use": _TITLES["F_SYXZ"],
    "fleet": _TITLES["F_CDMC"],
    "terminal_ok": _TITLES["F_CZZDQRSJ"],
}

_FLAGS = {"networked": ("未联网", "已联网"), "terminal_ok": ("不正常", "正常")}


class PhotoState(Enum):
    """A photo on the disk, held against the hash in its record."""

    GENUINE = "与记录一致"
    CHANGED = "与记录不符"
    GONE = "文件缺失"
    REMOVED = "已按保存策略删除"


@dataclass(frozen=True, slots=True)
class PhotoSheet:
    """A photo of the record and how its file is now."""

    stored: StoredPhoto
    title: str
    state: PhotoState


@dataclass(frozen=True, slots=True)
class ClipSheet:
    """A clip of the record: which one, where its camera looks, and whether its file is there."""

    number: int
    clip: Clip
    position: str
    there: bool

    @property
    def playable(self) -> bool:
        """Whether any browser plays it: H.265 needs one that knows it."""
        return self.there and self.clip.codec == "h264"


@dataclass(frozen=True, slots=True)
class MessageSheet:
    """A message and the platform's answers to it."""

    message: OutboxItem
    receipts: tuple[Receipt, ...]


@dataclass(frozen=True, slots=True)
class CorrectionSheet:
    """A correction: who, why and what, as (field, before, after)."""

    at: datetime
    by: str
    why: str
    changes: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Record:
    """All that the page of one passage shows."""

    passage: RecordedPassage
    rows: tuple[Row, ...]
    vehicle_rows: tuple[Row, ...]
    photos: tuple[PhotoSheet, ...]
    clips: tuple[ClipSheet, ...]
    messages: tuple[MessageSheet, ...]
    corrections: tuple[CorrectionSheet, ...]
    removal: Removal | None


def record_of(profile: Profile, journal: Journal, passage_id: int) -> Record:
    """Gather one passage; raises UnknownPassage."""
    passage = journal.passage(passage_id)
    removal = journal.shelves().removal(passage_id)
    return Record(
        passage=passage,
        rows=_rows(profile, passage),
        vehicle_rows=_vehicle_rows(passage.vehicle),
        photos=tuple(_photo(journal, photo, removal) for photo in passage.photos),
        clips=tuple(_clips(profile, journal, passage_id)),
        messages=tuple(
            MessageSheet(message, journal.receipts(message.id))
            for message in journal.messages(passage_id)
        ),
        corrections=tuple(_correction(each) for each in journal.corrections(passage_id)),
        removal=removal,
    )


def _clips(profile: Profile, journal: Journal, passage_id: int) -> Iterator[ClipSheet]:
    positions = {camera.id: camera.position for camera in profile.cameras}
    for number, clip in enumerate(journal.video().clips(passage_id), start=1):
        there = journal.file_path(clip.volume, clip.path).is_file()
        yield ClipSheet(number, clip, positions.get(clip.camera, clip.camera), there)


def _rows(profile: Profile, passage: RecordedPassage) -> tuple[Row, ...]:
    entrances = {entrance.id: entrance.name for entrance in profile.entrances}
    entrance = passage.entrance
    if entrance in entrances:
        entrance = f"{entrance}（{entrances[entrance]}）"
    raised = raising(passage)
    return (
        ("记录编号", str(passage.id)),
        (_TITLES["DATE"], moment(passage.passed_at)),
        (_TITLES["F_JCLX"], passage.direction),
        (_TITLES["F_CRKBH"], entrance),
        (_TITLES["F_ZDBH"], passage.barrier),
        (_TITLES["F_JCWZ"], passage.position),
        (_TITLES["F_CPHM"], passage.plate or UNREAD),
        (_TITLES["F_CPYS"], passage.plate_colour),
        ("识别置信度", f"{passage.confidence:.0%}"),
        *_seen(passage),
        ("放行决定", f"{passage.admission.decision}（{passage.admission.reason}）"),
        (_TITLES["F_TGFS"], f"{passage.raise_method}（未抬杆）" if raised == "未抬杆" else raised),
        ("记录时间", moment(passage.recorded_at)),
        ("记录标识", passage.key),
    )


def _seen(passage: RecordedPassage) -> Iterator[Row]:
    """What readers saw of a plate that is not sure, and what a gatekeeper said of it."""
    for seen in passage.seen:
        sure = "" if seen.confidence is None else f"，{seen.confidence:.0%}"
        colour = seen.plate_colour if seen.colour_known else "颜色未定"
        yield "识别器所见", f"{seen.plate} {colour}（{seen.reader}{sure}）"
    if passage.review:
        yield "人工复核", passage.review


def _vehicle_rows(vehicle: Vehicle | None) -> tuple[Row, ...]:
    if vehicle is None:
        return ()
    return tuple(
        (title, _worded(field, getattr(vehicle, field)))
        for field, title in _VEHICLE_TITLES.items()
        if field not in {"plate", "plate_colour"}
    )


def _photo(journal: Journal, stored: StoredPhoto, removal: Removal | None) -> PhotoSheet:
    title = "车头" if stored.kind is PhotoKind.FRONT else "车身"
    if removal is not None:
        return PhotoSheet(stored, title, PhotoState.REMOVED)
    try:
        digest = hashlib.sha256(journal.photo_path(stored).read_bytes()).hexdigest()
    except OSError:
        return PhotoSheet(stored, title, PhotoState.GONE)
    same = digest == stored.sha256
    return PhotoSheet(stored, title, PhotoState.GENUINE if same else PhotoState.CHANGED)


def _correction(correction: Correction) -> CorrectionSheet:
    changes: list[tuple[str, str, str]] = []
    for field, after in correction.after.items():
        before = correction.before.get(field)
        if field == "vehicle":
            changes += _vehicle_changes(before or {}, after or {})
        elif field == "raise_method":
            changes.append((_TITLES["F_TGFS"], str(before), str(after)))
        elif field == "review":
            changes.append(("人工复核", before or "—", str(after)))
        elif field == "plate":
            changes.append((_TITLES["F_CPHM"], before or UNREAD, after or UNREAD))
        else:
            changes.append((_VEHICLE_TITLES.get(field, field), str(before), str(after)))
    return CorrectionSheet(correction.at, correction.by, correction.why, tuple(changes))


def _vehicle_changes(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[tuple[str, str, str]]:
    return [
        (
            f"车辆信息·{title}",
            _worded(field, before.get(field)),
            _worded(field, after.get(field)),
        )
        for field, title in _VEHICLE_TITLES.items()
        if before.get(field) != after.get(field)
    ]


def _worded(field: str, value: object) -> str:
    if value is None:
        return UNKNOWN
    if field in _FLAGS:
        return _FLAGS[field][bool(value)]
    return str(value)
