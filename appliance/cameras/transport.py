"""HTTP to a device that may be anything: bounded in size and time, to one host, no XML tricks."""

import time

import requests
from zeep.transports import Transport

LARGEST_BYTES = 1_000_000
"""A camera's longest honest answer (200 profiles) is a tenth of this."""

CALL_SECONDS = 15.0
WAIT_SECONDS = 5.0


class Untrustworthy(Exception):
    """The device answered something that no camera needs to say; a Chinese clause why."""


class BoundedTransport(Transport):
    """zeep's transport with limits: no redirects, no proxies, no DTD, a bound on all."""

    def __init__(self) -> None:
        session = requests.Session()
        session.trust_env = False  # neither a proxy nor a .netrc has a say here
        super().__init__(  # type: ignore[no-untyped-call]
            timeout=WAIT_SECONDS, operation_timeout=WAIT_SECONDS, session=session
        )

    def post(self, address: str, message: bytes, headers: dict[str, str]) -> requests.Response:
        """Send a request and read the answer whole; raises Untrustworthy, RequestException."""
        deadline = time.monotonic() + CALL_SECONDS
        with self.session.post(
            address,
            data=message,
            headers=headers,
            timeout=WAIT_SECONDS,
            stream=True,
            allow_redirects=False,
        ) as response:
            if response.is_redirect or 300 <= response.status_code < 400:
                raise Untrustworthy("应答要求转到别处")
            pieces, size = [], 0
            for piece in response.iter_content(65_536):
                pieces.append(piece)
                size += len(piece)
                if size > LARGEST_BYTES:
                    raise Untrustworthy(f"应答超过 {LARGEST_BYTES} 字节")
                if time.monotonic() > deadline:
                    raise requests.Timeout("the answer drips")
            # requests keeps the body of a streamed response only when asked for it at once.
            response._content = b"".join(pieces)
        check_document(response.content, response.headers.get("Content-Type", ""))
        return response


def check_document(body: bytes, content_type: str) -> None:
    """Refuse before the parser sees it: a DTD, another encoding that would hide one, attachments.

    Raises Untrustworthy.
    """
    if content_type.lower().startswith("multipart/"):
        raise Untrustworthy("应答带有附件")
    if b"\0" in body:
        raise Untrustworthy("应答不是 UTF-8 文本")
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise Untrustworthy("应答带有 DTD")
