"""A site with one lane, and passages through it."""

import hashlib
from dataclasses import fields
from datetime import date, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from sites import demo_profile

from appliance.clock import BEIJING
from appliance.guideline.dictionaries import Direction, EmissionStage, PlateColour, RaiseMethod
from appliance.profile.model import Profile
from appliance.runtime.journal.values import (
    Admission,
    Decision,
    Passage,
    Photo,
    PhotoKind,
    RecordedPassage,
    StoredPhoto,
    Vehicle,
)

MN = "91640100MA75XXXX1A"


def site(**uplink: Any) -> Profile:
    """The demo's site with one lane; `uplink` is merged in, unchecked for short seconds."""
    driver = {"kind": "modbus-relay", "host": "127.0.0.1", "raise_coil": 0}
    lane = {"id": "A01", "position": "东门进厂道", "direction": "进", "plate_camera": "east-in"}
    camera = {"id": "east-in", "role": "plate", "position": "东门进厂道卡口", "host": "127.0.0.1"}
    profile = demo_profile(
        Path("/var/lib/gatehouse"),  # a test's journal lies elsewhere
        enterprise__number=f"{MN}001P",
        enterprise__credit_code=MN,
        entrances__0__barriers=[{**lane, "driver": driver}],
        cameras=[{**camera, "user": "gate", "password": {"name": "camera-east-in"}}],
        uplink={"host": "127.0.0.1", "port": 9},
    )
    quick = {
        "acknowledge_seconds": 5.0,
        "retry_pause_seconds": 0.05,
        "retry_pause_limit_seconds": 0.2,
    }
    return profile.model_copy(
        update={"uplink": profile.uplink.model_copy(update={**quick, **uplink})}
    )


def jpeg(width: int = 320, height: int = 180, *, seed: int = 1) -> bytes:
    """A noisy picture, larger than any socket buffer would round off."""
    noise = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    encoded = cv2.imencode(".jpg", noise, [cv2.IMWRITE_JPEG_QUALITY, 80])[1]
    return encoded.tobytes()


def vehicle(**changes: Any) -> Vehicle:
    """A truck of which everything is known."""
    known: dict[str, Any] = {
        "plate": "宁A12345",
        "plate_colour": PlateColour.YELLOW,
        "vin": "LFWSRXSJ5M1F12345",
        "registered_on": date(2021, 5, 6),
        "vehicle_type": "H17",
        "model": "解放_J6P",
        "fuel": "B",
        "emission_stage": EmissionStage.CHINA_6,
        "networked": True,
        "use": "F",
        "fleet": "宁夏某某运输有限公司",
        "terminal_ok": True,
    }
    return Vehicle(**{**known, **changes})


def passage(key: str = "p1", **changes: Any) -> Passage:
    """A truck that came in by the lane A01 on 10 May 2025, with two photos."""
    made: dict[str, Any] = {
        "key": key,
        "entrance": "A",
        "barrier": "A01",
        "position": "东门进厂道",
        "direction": Direction.IN,
        "passed_at": datetime(2025, 5, 10, 8, 9, 10, tzinfo=BEIJING),
        "plate": "宁A12345",
        "plate_colour": PlateColour.YELLOW,
        "confidence": 0.98,
        "admission": Admission(Decision.ADMIT, "stage", "符合排放标准"),
        "raise_method": RaiseMethod.AUTOMATIC,
        "vehicle": vehicle(),
        "photos": (
            Photo(PhotoKind.FRONT, jpeg(seed=1)),
            Photo(PhotoKind.BODY, jpeg(seed=2)),
        ),
    }
    return Passage(**{**made, **changes})


def recorded(root: Path, made: Passage) -> RecordedPassage:
    """`made` as the journal would give it back, its photos written under `root`."""
    root.mkdir(parents=True, exist_ok=True)
    stored = []
    for photo in made.photos:
        (root / f"{photo.kind}.jpg").write_bytes(photo.jpeg)
        digest = hashlib.sha256(photo.jpeg).hexdigest()
        stored.append(StoredPhoto(photo.kind, f"{photo.kind}.jpg", digest, len(photo.jpeg)))
    names = [field.name for field in fields(made) if field.name != "photos"]
    return RecordedPassage(
        id=1,
        recorded_at=made.passed_at,
        photos=tuple(stored),
        corrected=False,
        **{name: getattr(made, name) for name in names},
    )
