"""From what the journal owes to the frames that travel: one message, one or several packets."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from appliance.guideline.messages import PHOTO_FIELD
from appliance.profile.model import Camera, Profile
from appliance.runtime.journal.values import RecordedPassage, StoredPhoto
from appliance.runtime.uplink.bodies import MOST_SUB_PACKETS
from appliance.runtime.uplink.darkroom import Darkroom
from appliance.runtime.uplink.dialect import HJ212Dialect
from appliance.runtime.uplink.frame import Pairs
from appliance.runtime.uplink.message import (
    ANY_QN,
    Unsendable,
    camera_fields,
    passage_fields,
    status_fields,
)

Qns = Callable[[int], tuple[str, ...]]
"""Gives that many QNs for one message, the same ones on every call; the first is the message's."""

# As long as no photo; the room for a photo is what the fields beside it leave.
_ANY_PHOTO = b"\0"


@dataclass(frozen=True, slots=True)
class Packet:
    """One frame, answered under its own QN; a message is done when all its packets are.

    Nothing but their order and PNO ties the sub-packets of a message together, so those of
    another message of the same CN must not come between them. `raw` may hold a password and is
    therefore not in the repr.
    """

    qn: str
    raw: bytes = field(repr=False)


class Composer:
    """Makes the packets of messages in the dialect of a site."""

    def __init__(self, profile: Profile, locate: Callable[[StoredPhoto], Path]) -> None:
        self._profile = profile
        self._dialect = HJ212Dialect.of(profile.uplink.dialect)
        self._darkroom = Darkroom(locate, self._dialect.finder)

    def ahead(self, passage: RecordedPassage) -> None:
        """Begin the slow part of a 60001 that will leave soon; `close` is then owed."""
        with suppress(Unsendable):  # said when the message is composed
            limit = self._photo_limit(passage)
            for kinds in self._dialect.photos:
                self._darkroom.begin(passage, kinds, limit)

    def close(self) -> None:
        """End what was begun ahead."""
        self._darkroom.close()

    def passage(self, passage: RecordedPassage, qns: Qns) -> tuple[Packet, ...]:
        """The packets of a 60001, of two where the dialect sends each photo by itself.

        Raises Unsendable.
        """
        limit = self._photo_limit(passage)
        photos = [self._darkroom.photo(passage, kinds, limit) for kinds in self._dialect.photos]
        return self._packets([self._passage_fields(passage, photo) for photo in photos], qns)

    def camera(self, camera: Camera, password: str, at: datetime, qns: Qns) -> tuple[Packet, ...]:
        """The packets of a 60002, the only place the password goes to. Raises Unsendable."""
        fields = camera_fields(
            camera, password, at, qn=ANY_QN, mn=self._profile.mn, dialect=self._dialect
        )
        return self._packets([fields], qns)

    def status(self, state: str, production: str, at: datetime, qns: Qns) -> tuple[Packet, ...]:
        """The packets of a 60003 in the words of GateState and Production. Raises Unsendable."""
        fields = status_fields(
            state, production, at, qn=ANY_QN, mn=self._profile.mn, dialect=self._dialect
        )
        return self._packets([fields], qns)

    def _passage_fields(self, passage: RecordedPassage, photo: bytes) -> Pairs:
        return passage_fields(
            passage,
            photo,
            qn=ANY_QN,
            mn=self._profile.mn,
            uplink=self._profile.uplink,
            dialect=self._dialect,
        )

    def _photo_limit(self, passage: RecordedPassage) -> int:
        """The most bytes a photo may have beside the other fields of the passage."""
        fields = self._passage_fields(passage, _ANY_PHOTO)
        beside = tuple(pair for pair in fields if pair[0] != PHOTO_FIELD)
        room = self._dialect.photo_room(beside)
        limit = self._profile.uplink.photo_limit_bytes
        return limit if room is None else min(room, limit)

    def _packets(self, messages: list[Pairs], qns: Qns) -> tuple[Packet, ...]:
        packets: list[Pairs] = []
        for message in messages:
            parts = self._dialect.packets(message)
            if len(parts) > MOST_SUB_PACKETS:
                raise Unsendable(f"报文要分{len(parts)}包，超过上限{MOST_SUB_PACKETS}包")
            packets += parts
        return tuple(
            Packet(qn, self._dialect.frame((("QN", qn), *fields[1:])))
            for qn, fields in zip(qns(len(packets)), packets, strict=True)
        )
