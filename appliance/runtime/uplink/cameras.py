"""News of the cameras (60002, 4.5.3-4): at a start, and whenever their particulars change.

What was told last lies in the journal as a slow, salted digest (scrypt): it shows that a password
changed and does not show the password, not even to who tries a list of likely ones.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta

from appliance.clock import Clock
from appliance.guideline.messages import CAMERA
from appliance.profile.model import Camera, Profile
from appliance.profile.secrets import SecretFault, SecretStore
from appliance.runtime.journal import Journal
from appliance.runtime.uplink.dialect import HJ212Dialect
from appliance.runtime.uplink.message import ANY_QN, camera_fields, why_unsendable

# A process that is started over and over must not fill the platform with the same news.
QUIET_AFTER_A_START = timedelta(minutes=10)


class CameraNews:
    """Looks at one camera a call; a message names the camera only, its password never."""

    def __init__(
        self, profile: Profile, journal: Journal, clock: Clock, store: SecretStore
    ) -> None:
        self._cameras = profile.cameras
        self._mn = profile.mn
        self._dialect = HJ212Dialect.of(profile.uplink.dialect)
        self._journal = journal
        self._clock = clock
        self._store = store
        # Digests that are compared every few seconds have to be fast; the key makes them
        # worthless outside this process.
        self._key = secrets.token_bytes(32)
        self._seen: dict[str, bytes] = {}
        self._turn = self._turns()

    def __call__(self) -> None:
        """Queue a message when the camera whose turn it is has news."""
        camera = next(self._turn)
        password = self._password(camera)
        particulars = _particulars(camera, password)
        mark = hmac.digest(self._key, particulars, "sha256")
        if self._seen.get(camera.id) != mark:
            self._tell(camera, particulars, self._refusal(camera, password))
            self._seen[camera.id] = mark

    def _turns(self) -> Iterator[Camera]:
        while True:
            yield from self._cameras

    def _password(self, camera: Camera) -> str | None:
        try:
            return self._store.resolve(camera.password)
        except SecretFault:
            return None  # the message is set aside when it is to leave, and says why

    def _refusal(self, camera: Camera, password: str | None) -> str | None:
        """Why the platform must refuse the message; what is not known yet it cannot refuse."""
        if password is None:
            return None
        return why_unsendable(
            lambda: camera_fields(
                camera,
                password,
                self._clock.now(),
                qn=ANY_QN,
                mn=self._mn,
                dialect=self._dialect,
            )
        )

    def _tell(self, camera: Camera, particulars: bytes, refusal: str | None) -> None:
        name = f"camera-news-{camera.id}"
        now = self._clock.now()
        kept = self._journal.recall(name)
        if kept is not None:
            earlier = json.loads(kept)
            told_at = datetime.fromisoformat(earlier["at"])
            same = hmac.compare_digest(_slow(particulars, earlier["salt"]), earlier["digest"])
            if same and abs(now - told_at) < QUIET_AFTER_A_START:
                return
        salt = secrets.token_hex(16)
        self._journal.owe_news(CAMERA, json.dumps({"camera": camera.id}), refusal=refusal)
        # Kept after it is queued: a crash in between repeats the news and loses none.
        told = {"salt": salt, "digest": _slow(particulars, salt), "at": now.isoformat()}
        self._journal.remember(name, json.dumps(told))


def _particulars(camera: Camera, password: str | None) -> bytes:
    said = [camera.position, camera.host, camera.rtsp_port, camera.rtsp_path, camera.user]
    return json.dumps([*said, password], ensure_ascii=False).encode()


def _slow(particulars: bytes, salt: str) -> str:
    return hashlib.scrypt(particulars, salt=bytes.fromhex(salt), n=2**14, r=8, p=1).hex()
