"""The one form in which a plate camera hands in what it read (docs/plate-push.md), and its proof.

Everything that comes is a stranger's until its token is seen: sizes are bounded before anything is
parsed, a picture's pixels are counted before they are made, and what is refused is told in a word.
"""

import base64
import binascii
import hashlib
import hmac
import io
import warnings
from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Literal

import cv2
import numpy as np
from PIL import Image as PillowImage
from PIL import UnidentifiedImageError
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from appliance.clock import Clock
from appliance.guideline.dictionaries import PlateColour
from appliance.runtime.vision.grammar import spelled
from appliance.runtime.vision.reading import Image
from appliance.runtime.vision.report import PlateReport

LARGEST_BODY = 4_000_000
"""Bytes: a picture of three megabytes in base64, and the rest."""

MOST_PIXELS = 13_000_000
SKEW_SECONDS = 60.0
"""How far a signature's time may be from ours: cameras are set by our clock (4.1-1)."""

TRUSTED_CLOCK = timedelta(seconds=10)
"""A reading's own time farther off than this is not believed; it was read when it came."""

REMEMBERED = 4096
COLOURS = {colour.name.lower().replace("_", "-"): colour for colour in PlateColour}


class Refused(Exception):
    """A request that is not taken: its HTTP status and a word why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class PushForm(BaseModel):
    """The body's fields; others are passed over, so that a camera may tell more."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)

    format: Literal[1]
    id: Annotated[str, Field(max_length=64)] = ""
    plate: Annotated[str, Field(max_length=32)]
    colour: Annotated[str, Field(max_length=32)] | None = None
    confidence: Annotated[float, Field(ge=0, le=1)] | None = None
    read_at: AwareDatetime | None = None
    picture: str | None = None


class Doorkeeper:
    """Proves and reads the requests of one camera; remembers what it has taken."""

    def __init__(self, token: str, clock: Clock) -> None:
        self._token = token.encode()
        self._clock = clock
        self._proofs: deque[bytes] = deque(maxlen=REMEMBERED)
        self._ids: deque[str] = deque(maxlen=REMEMBERED)

    def prove(self, headers: Mapping[str, str], body: bytes, *, room: bool = True) -> None:
        """Raises Refused unless the request shows the token or is signed with it and there is
        `room` for what it brings.

        `headers` in WSGI's spelling. A signature holds for a minute and once, but is not used up
        by a request for which there is no room; the token itself is for cameras that cannot sign,
        on a network of their own.
        """
        signature = self._signature(headers, body)
        if not room:
            raise Refused(503, "the lane is behind")  # told only to who has proved the token
        if signature is not None:
            self._proofs.append(signature)

    def _signature(self, headers: Mapping[str, str], body: bytes) -> bytes | None:
        """The request's good signature, None when it shows the token instead; raises Refused."""
        shown = headers.get("HTTP_AUTHORIZATION", "")
        if shown.startswith("Bearer "):
            if not hmac.compare_digest(shown.removeprefix("Bearer ").encode(), self._token):
                raise Refused(401, "wrong token")
            return None
        moment = headers.get("HTTP_X_GATEHOUSE_TIME", "")
        digest = headers.get("HTTP_X_GATEHOUSE_DIGEST", "").lower().encode()
        right = hmac.new(self._token, moment.encode() + b"\n" + body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(digest, right.encode()):
            raise Refused(401, "no proof" if not digest else "wrong digest")
        if not (moment.isascii() and moment.isdigit() and len(moment) < 12):
            raise Refused(401, "time is not in whole seconds since 1970")
        if abs(int(moment) - self._clock.now().timestamp()) > SKEW_SECONDS:
            raise Refused(401, "out of the time window")
        if digest in self._proofs:
            raise Refused(409, "seen before")
        return digest

    def report(self, body: bytes) -> PlateReport | None:
        """What a proved body reports; None when it was taken before or names no plate. Raises
        Refused."""
        try:
            form = PushForm.model_validate_json(body)
        except ValidationError as faults:
            fields = {".".join(map(str, fault["loc"])) or "body" for fault in faults.errors()}
            raise Refused(400, f"not understood: {', '.join(sorted(fields))}") from None
        if form.colour is not None and form.colour not in COLOURS:
            raise Refused(400, "not understood: colour")
        picture = None if form.picture is None else _picture(form.picture)
        if form.id and form.id in self._ids:
            return None
        if form.id:
            self._ids.append(form.id)
        plate = spelled(form.plate)
        if plate is None:
            return None
        now = self._clock.now()
        return PlateReport(
            plate=plate,
            at=believed(form.read_at, now),
            instant=self._clock.monotonic(),
            colour=COLOURS.get(form.colour or ""),
            confidence=form.confidence,
            picture=picture,
        )


def believed(told: datetime | None, now: datetime) -> datetime:
    """When a plate was read: as the camera says if its clock can be believed, else now."""
    if told is None or abs(told - now) > TRUSTED_CLOCK:
        return now
    return told.astimezone(now.tzinfo)


def _picture(text: str) -> Image:
    """The picture's pixels; raises Refused. A few kilobytes can claim gigapixels: they are asked
    first."""
    try:
        data = base64.b64decode(text, validate=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PillowImage.DecompressionBombWarning)
            with PillowImage.open(io.BytesIO(data), formats=("JPEG", "PNG")) as header:
                width, height = header.size
        if width * height > MOST_PIXELS:
            raise Refused(400, "picture too large")
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except (
        binascii.Error,
        ValueError,
        OSError,
        UnidentifiedImageError,
        PillowImage.DecompressionBombError,
        cv2.error,
    ):
        image = None
    if image is None:
        raise Refused(400, "not understood: picture")
    return np.asarray(image, np.uint8)
