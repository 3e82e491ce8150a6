"""From what the journal owes to the frames that travel: one message, one or several packets."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from appliance.profile.model import Profile
from appliance.runtime.journal.values import RecordedPassage, StoredPhoto
from appliance.runtime.uplink.dialect import HJ212Dialect
from appliance.runtime.uplink.message import passage_fields
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
