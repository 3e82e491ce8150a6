"""A site of two lanes, a clock that tests own, and a journal with something in it."""

from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from hand_clock import ClockByHand

from appliance.clock import BEIJING
from appliance.guideline.dictionaries import Direction, EmissionStage, PlateColour, RaiseMethod
from appliance.profile.model import Profile
from appliance.runtime.journal import Journal
from appliance.runtime.journal.values import (
    Admission,
    Decision,
    Passage,
    Photo,
    PhotoKind,
    RecordedPassage,
    Vehicle,
)

NOW = datetime(2025, 11, 24, 10, 42, 7, tzinfo=BEIJING)
PROGRAMS = ("lane-A01", "lane-A02", "uplink", "web", "sweeper", "recorder")


class HandClock(ClockByHand):
    """A clock that begins at this room's usual moment."""

    def __init__(self, now: datetime = NOW) -> None:
        super().__init__(now)


def site(root: Path, port: int = 8080) -> Profile:
    """A minimal valid site whose storage root is `root`."""
    lanes = (("A01", "东门进厂道", "进"), ("A02", "东门出厂道", "出"))
    driver = {"kind": "modbus-relay", "host": "127.0.0.1", "raise_coil": 0}
    return Profile.model_validate(
        {
            "format": 1,
            "enterprise": {
                "number": "91640100MA75XXXX1A001P",
                "name": "宁夏某某有限公司",
                "credit_code": "91640100MA75XXXX1A",
                "address": "银川市兴庆区某某镇",
                "longitude": 106.230909,
                "latitude": 38.487194,
                "legal_representative": "张三",
                "industry": "黑色金属冶炼和压延加工业",
                "industry_branch": "炼钢",
                "performance_grade": "B级",
                "contact": "李四",
                "contact_phone": "0951-1234567",
                "transport_vehicles": 10,
                "plant_vehicles": 2,
                "non_road_machines": 3,
            },
            "entrances": [
                {
                    "id": "A",
                    "name": "东门",
                    "barriers": [
                        {
                            "id": number,
                            "position": position,
                            "direction": direction,
                            "plate_camera": f"plate-{number.lower()}",
                            "driver": driver,
                        }
                        for number, position, direction in lanes
                    ],
                }
            ],
            "cameras": [
                {
                    "id": f"plate-{number.lower()}",
                    "role": "plate",
                    "position": f"{position}卡口",
                    "host": "127.0.0.1",
                    "user": "gate",
                    "password": {"name": "camera-password"},
                }
                for number, position, _ in lanes
            ],
            "uplink": {"host": "127.0.0.1", "port": 9},
            "ups": {"rated_watts": 6000, "runtime_minutes": 120},
            "storage": {"root": str(root)},
            "network": {"status_page": {"address": "127.0.0.1", "port": port}},
        },
        strict=False,
    )


def jpeg(seed: int, width: int = 960, height: int = 540) -> bytes:
    """A picture unlike that of any other seed."""
    colours = np.random.default_rng(seed).integers(0, 255, (9, 16, 3), dtype=np.uint8)
    picture = cv2.resize(colours, (width, height), interpolation=cv2.INTER_NEAREST)
    return cv2.imencode(".jpg", picture)[1].tobytes()


def truck(**changes: Any) -> Vehicle:
    """A truck of which much is known."""
    known: dict[str, Any] = {
        "plate": "宁A12345",
        "plate_colour": PlateColour.YELLOW,
        "vin": "LFWSRXSJ5M1F12345",
        "registered_on": date(2021, 5, 6),
        "emission_stage": EmissionStage.CHINA_6,
        "networked": True,
        "fleet": "宁夏某某运输有限公司",
    }
    return Vehicle(**{**known, **changes})


@dataclass
class Gate:
    """A site in a temporary folder, and what a test does to it."""

    profile: Profile
    clock: HandClock
    journal: Journal
    count: int = field(default=0)

    @property
    def root(self) -> Path:
        return Path(self.profile.storage.root)

    def record(self, hold: str | None = None, **changes: Any) -> RecordedPassage:
        """Record a truck that came in by A01, or what `changes` make of it."""
        self.count += 1
        made: dict[str, Any] = {
            "key": f"p{self.count}",
            "entrance": "A",
            "barrier": "A01",
            "position": "东门进厂道",
            "direction": Direction.IN,
            "passed_at": self.clock.now(),
            "plate": "宁A12345",
            "plate_colour": PlateColour.YELLOW,
            "confidence": 0.98,
            "admission": Admission(Decision.ADMIT, "stage", "国六，符合要求"),
            "raise_method": RaiseMethod.AUTOMATIC,
            "vehicle": truck(),
            "photos": (
                Photo(PhotoKind.FRONT, jpeg(2 * self.count)),
                Photo(PhotoKind.BODY, jpeg(2 * self.count + 1)),
            ),
        }
        return self.journal.record(Passage(**{**made, **changes}), hold=hold)[0]

    def beat(self, *programs: str, ok: bool = True, detail: str = "一切正常") -> None:
        """Let programs beat, all of the site's when none is named."""
        for program in programs or PROGRAMS:
            self.journal.beat(program, ok, detail)

    def readonly(self) -> Journal:
        return Journal.open(self.root, self.clock, readonly=True)
