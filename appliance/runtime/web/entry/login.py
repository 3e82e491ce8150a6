"""Who is at the desk: names and passwords of the profile, a signed cookie, a limit on guessing."""

import hmac
import os
import secrets
import threading
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

from flask import Flask, abort, request, session

from appliance.clock import Clock

DOORMAN = "doorman"
"""Under this name the application keeps its doorman."""

SHIFT = timedelta(hours=12)
"""How long a login lasts."""

GUESSES, PAUSE_SECONDS = 5, 60.0
"""After so many wrong passwords in a row a name must wait."""

MOST_NAMES = 1000


class Doorman:
    """Knows the gatekeepers. `passwords` by name; nothing of them is kept in a cookie or log."""

    def __init__(self, passwords: Mapping[str, str], key: bytes, clock: Clock) -> None:
        self._passwords = dict(passwords)
        self._key = key
        self._clock = clock
        self._wrong: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()

    def let_in(self, name: str, password: str) -> bool | None:
        """Whether the two belong together; None when too many guesses were made of late."""
        now = self._clock.monotonic()
        with self._lock:
            wrong, since = self._wrong.get(name, (0, now))
            if wrong >= GUESSES and now - since < PAUSE_SECONDS:
                return None
            known = self._passwords.get(name)
            # An unknown name takes as long as a wrong password.
            right = hmac.compare_digest((known or "\0").encode(), password.encode())
            if right and known is not None:
                self._wrong.pop(name, None)
                return True
            if len(self._wrong) >= MOST_NAMES:  # somebody tries names at random
                self._wrong.clear()
            self._wrong[name] = (wrong + 1 if wrong < GUESSES else 1, now)
            return False

    def begin_shift(self, name: str) -> None:
        """Remember in the cookie who came in."""
        session.clear()
        session.permanent = True
        session["name"] = name
        session["proof"] = self._proof(name)
        session["token"] = secrets.token_urlsafe(16)

    def present(self) -> str | None:
        """The gatekeeper of this request's cookie; a changed password ends every login."""
        name = session.get("name")
        if not isinstance(name, str) or name not in self._passwords:
            return None
        proof = str(session.get("proof", ""))
        return name if hmac.compare_digest(proof, self._proof(name)) else None

    def _proof(self, name: str) -> str:
        said = f"{name}\n{self._passwords[name]}".encode()
        return hmac.new(self._key, said, sha256).hexdigest()


def lock(app: Flask, *, cookie: str, key: bytes, largest: int) -> None:
    """Cookies of a page that one logs in to: signed by `key`, unseen by scripts and other sites,
    for a shift at most; and the most bytes of a form."""
    app.secret_key = key
    app.config.update(
        SESSION_COOKIE_NAME=cookie,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        PERMANENT_SESSION_LIFETIME=SHIFT,
        SESSION_REFRESH_EACH_REQUEST=False,
        MAX_CONTENT_LENGTH=largest,
    )


def check_token() -> None:
    """Refuse a form that did not come from our own page."""
    token = session.get("token")
    if not token or not hmac.compare_digest(str(token), request.form.get("token", "")):
        abort(400)


def cookie_key(root: Path) -> bytes:
    """The key that signs cookies, made at the first start and readable by this service alone."""
    path = root / "run" / "entry-key"
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        key = path.read_bytes()
        if len(key) == KEY_BYTES:
            return key
        path.unlink()  # half-written when the power went
        return cookie_key(root)
    with os.fdopen(handle, "wb") as file:
        key = secrets.token_bytes(KEY_BYTES)
        file.write(key)
    return key


KEY_BYTES = 32
