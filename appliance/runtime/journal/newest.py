"""What the acceptance asks of a journal, as one JSON object (`gatehouse journal newest`).

Read only, bounded, and without secrets: the newest passages of each barrier with what became of
them, what the platform has acknowledged, the newest video of each camera, what was deleted too
early, the programs.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from appliance.guideline.messages import CAMERA, STATUS
from appliance.profile.model import Profile
from appliance.runtime.journal.declaration import passage_refusal
from appliance.runtime.journal.errors import UnsafePath
from appliance.runtime.journal.journal import Journal
from appliance.runtime.journal.values import RecordedPassage, StoredPhoto, Vehicle

LOOKED_AT = 2000
"""How many are looked at, newest first: passages (for the newest of a barrier), early deletions."""

PARTICULARS = {
    "emission_stage": "排放标准",
    "networked": "联网状态",
    "fuel": "燃料类型",
    "vehicle_type": "车辆类型",
    "model": "品牌型号",
    "registered_on": "注册登记日期",
    "vin": "VIN",
    "use": "使用性质",
}
"""What 4.5.1-3 wants known of a vehicle, as far as Table 2 has it: it has no engine number."""


def newest(profile: Profile, journal: Journal, now: datetime, per_barrier: int) -> dict[str, Any]:
    """The newest of a machine's part of a site; `per_barrier` newest passages of each barrier.

    `news` is, for 60002 and 60003, the newest message of each content. Moments are ISO 8601, in
    Beijing time.
    """
    counts = journal.outbox_counts()
    return {
        "at": _text(now),
        "outbox": {
            "waiting": counts.waiting,
            "held": counts.held,
            "aside": counts.aside,
            "oldest_waiting": _text(counts.oldest_waiting),
        },
        "last_receipt_at": _text(journal.last_receipt_at()),
        "aside": [{"id": each.id, "reason": each.reason} for each in journal.aside()[:20]],
        "news": {cn: _news(journal, cn) for cn in (CAMERA, STATUS)},
        "vehicles": journal.count_vehicles(),
        "programs": [
            {"program": each.program, "ok": each.ok, "detail": each.detail, "at": _text(each.at)}
            for each in journal.heartbeats()
        ],
        "passages": list(_passages(profile, journal, per_barrier)),
        "video": {camera.id: _newest(journal, camera.id) for camera in profile.cameras},
        "early_deletions": list(_missing(journal, now)),
    }


def _missing(journal: Journal, now: datetime) -> Iterator[dict[str, Any]]:
    """The early deletions of what the law would have here even now."""
    for each in journal.shelves().early_deletions(LOOKED_AT):
        if each.newest + timedelta(days=each.kind.legal_days) > now:
            yield {
                "at": _text(each.at),
                "kind": each.kind.value,
                "items": each.items,
                "oldest": _text(each.oldest),
                "newest": _text(each.newest),
            }


def _passages(profile: Profile, journal: Journal, most: int) -> Iterator[dict[str, Any]]:
    wanted = {lane.barrier.id: most for lane in profile.lanes()}
    for passage in journal.latest_passages(LOOKED_AT):
        if wanted.get(passage.barrier, 0):
            wanted[passage.barrier] -= 1
            yield _passage(journal, passage)


def _passage(journal: Journal, passage: RecordedPassage) -> dict[str, Any]:
    return {
        "id": passage.id,
        "barrier": passage.barrier,
        "entrance": passage.entrance,
        "direction": passage.direction,
        "passed_at": _text(passage.passed_at),
        "recorded_at": _text(passage.recorded_at),
        "plate": passage.plate,
        "plate_colour": passage.plate_colour,
        "awaits_entry": passage.awaits_entry,
        "corrected": passage.corrected,
        "raise_method": passage.raise_method,
        "registered": _is_registered(journal, passage),
        "particulars_lacking": _lacking(passage.vehicle),
        "refusal": passage_refusal(passage),
        "photos": [_photo(journal, each) for each in passage.photos],
        "clips": [
            {"camera": each.camera, "seconds": each.seconds}
            for each in journal.video().clips(passage.id)
        ],
        "messages": [
            {"cn": each.cn, "state": each.state.value, "codes": _codes(journal, each.id)}
            for each in journal.messages(passage.id)
        ],
    }


def _is_registered(journal: Journal, passage: RecordedPassage) -> bool:
    """Whether the register knows that plate now; a passage keeps what was known when it passed."""
    plate, colour = passage.plate, passage.plate_colour
    return plate is not None and journal.find_vehicle(plate, colour) is not None


def _lacking(vehicle: Vehicle | None) -> list[str]:
    """Which of the particulars a passage's vehicle does not have; none of the values is told."""
    return [name for field, name in PARTICULARS.items() if getattr(vehicle, field, None) is None]


def _codes(journal: Journal, message: int) -> list[int]:
    return [receipt.code for receipt in journal.receipts(message)]


def _photo(journal: Journal, stored: StoredPhoto) -> dict[str, Any]:
    """A photo, and whether its file is the one that was recorded."""
    try:
        path = journal.photo_path(stored)
        whole = hashlib.sha256(path.read_bytes()).hexdigest() == stored.sha256
    except (OSError, UnsafePath):
        return {"kind": stored.kind.value, "path": None, "whole": False}
    return {"kind": stored.kind.value, "path": str(path), "whole": whole}


def _news(journal: Journal, cn: str) -> list[dict[str, Any]]:
    return [
        {
            **json.loads(each.payload),
            "message": each.state.value,
            "acknowledged_at": _text(each.acknowledged_at),
        }
        for each in journal.statistics().news(cn)
    ]


def _newest(journal: Journal, camera: str) -> dict[str, Any] | None:
    fragment = journal.video().newest_fragment(camera)
    if fragment is None:
        return None
    try:
        path: Path | None = journal.file_path(fragment.volume, fragment.path)
    except UnsafePath:
        path = None
    return {
        "ended_at": _text(fragment.ended_at),
        "seconds": fragment.seconds,
        "path": fragment.path,
        "present": path is not None and path.is_file(),
    }


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")


def as_lines(told: dict[str, Any]) -> Iterator[str]:
    """For people: what is owed and acknowledged, a line each."""
    outbox = told["outbox"]
    yield f"待发 {outbox['waiting']} 条，搁置 {outbox['aside']} 条，待处理 {outbox['held']} 条"
    for cn, news in told["news"].items():
        taken = sum(each["acknowledged_at"] is not None for each in news)
        yield f"{cn}：{len(news)} 种内容，平台已收 {taken} 种"
    yield f"登记车辆 {told['vehicles']} 辆，最近通行 {len(told['passages'])} 次"
