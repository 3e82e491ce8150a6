"""WS-UsernameToken as a strict camera checks it: digest, time window, no nonce twice."""

import base64
import binascii
import hashlib
import hmac
from datetime import UTC, datetime

from lxml import etree

from acceptance_kit.peers.onvif.camera import SimulatedSettings

WSSE = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}"
WSU = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}"


class TokenCheck:
    """Remembers nonces, so that a request cannot be sent a second time by a listener."""

    def __init__(self, settings: SimulatedSettings) -> None:
        self._settings = settings
        self._nonces: set[str] = set()

    def refusal(self, envelope: etree._Element) -> str | None:
        """Why a request may not do what it asks, or None."""
        token = envelope.find(f".//{WSSE}UsernameToken")
        if token is None:
            return "no token"
        user, password = token.findtext(f"{WSSE}Username"), token.findtext(f"{WSSE}Password")
        nonce, created = token.findtext(f"{WSSE}Nonce"), token.findtext(f"{WSU}Created")
        if not (user and password and nonce and created):
            return "incomplete token"
        try:
            moment = datetime.strptime(created, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
            raw = base64.b64decode(nonce, validate=True)
        except (ValueError, binascii.Error):
            return "malformed token"
        if abs((moment - self._settings.now()).total_seconds()) > self._settings.window_seconds:
            return "out of the time window"
        content = raw + created.encode() + self._settings.password.encode()
        right = base64.b64encode(hashlib.sha1(content, usedforsecurity=False).digest())
        if user != self._settings.user or not hmac.compare_digest(right, password.encode()):
            return "wrong user or digest"
        used, self._nonces = nonce in self._nonces, self._nonces | {nonce}
        return "nonce used before" if used else None
