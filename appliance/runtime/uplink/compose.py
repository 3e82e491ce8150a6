"""From what the journal owes to the frames that travel: one message, one or several packets."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from appliance.clock import BEIJING
from appliance.guideline.messages import CAMERA, STATUS
from appliance.profile.model import Camera, Profile
from appliance.runtime.journal.values import RecordedPassage, StoredPhoto
from appliance.runtime.uplink.dialect import HJ212Dialect
from appliance.runtime.uplink.message import checked, passage_fields
from appliance.runtime.uplink.photo import passage_photo

Qns = Callable[[int], tuple[str, ...]]
"""Gives that many QNs for one message, the same ones on every call; the first is the message's."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One frame, answered under its own QN; a message is done when all its packets are."""

    qn: str
    raw: bytes


class Composer:
    """Makes the packets of messages in the dialect of a site."""

    def __init__(self, profile: Profile, locate: Callable[[StoredPhoto], Path]) -> None:
        self._profile = profile
        self._locate = locate
        self._dialect = HJ212Dialect.of(profile.uplink.dialect)

    def passage(self, passage: RecordedPassage, qns: Qns) -> tuple[Packet, ...]:
        """The packets of a 60001; raises Unsendable."""
        uplink = self._profile.uplink
        photo = passage_photo(
            passage, self._locate, layout=uplink.dialect.photos, limit=uplink.photo_limit_bytes
        )
        (qn,) = qns(1)
        fields = passage_fields(passage, photo, qn=qn, mn=self._profile.mn, uplink=uplink)
        return (Packet(qn, self._dialect.frame(fields)),)

    def camera(self, camera: Camera, password: str, at: datetime, qns: Qns) -> tuple[Packet, ...]:
        """The packets of a 60002; raises Unsendable."""
        values = {
            "F_WZ": camera.position,
            "F_DZ": f"rtsp://{camera.host}:{camera.rtsp_port}{camera.rtsp_path}",
            "F_PORT": str(camera.rtsp_port),
            "F_UID": camera.user,
            "F_PSD": password,
        }
        return self._plain(CAMERA, values, at, qns)

    def status(self, state: str, production: str, at: datetime, qns: Qns) -> tuple[Packet, ...]:
        """The packets of a 60003; raises Unsendable."""
        return self._plain(STATUS, {"F_QYMJJKZT": state, "F_SCQK": production}, at, qns)

    def _plain(self, cn: str, values: dict[str, str], at: datetime, qns: Qns) -> tuple[Packet, ...]:
        (qn,) = qns(1)
        head = {
            "QN": qn,
            "ST": "31",
            "CN": cn,
            "MN": self._profile.mn,
            "DATE": at.astimezone(BEIJING).strftime("%Y%m%d%H%M%S"),
            "Flag": "5",
        }
        fields = checked(cn, {**head, **values})
        return (Packet(qn, self._dialect.frame(fields)),)
