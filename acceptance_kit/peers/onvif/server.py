"""The SOAP server of a simulated camera, on loopback unless told otherwise."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from lxml import etree

from acceptance_kit.peers.onvif.camera import SimulatedSettings
from acceptance_kit.peers.onvif.operations import SCHEMA, Operations, Unsupported
from acceptance_kit.peers.onvif.security import TokenCheck

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ERRORS = "http://www.onvif.org/ver10/error"
RESOURCE = "http://docs.oasis-open.org/wsrf/rw-2"
LARGEST_BYTES = 1_000_000
UNSIGNED = {"GetSystemDateAndTime"}
"""What ONVIF lets anybody ask (class PRE_AUTH)."""


class OnvifPeer:
    """Answers ONVIF requests for `settings` until `stop`.

    `base` may be set to a false address that the camera then tells of itself. `reply` may be set
    to bytes, which then answer everything, as a hostile device would.
    """

    def __init__(self, settings: SimulatedSettings, host: str = "127.0.0.1", port: int = 0) -> None:
        self.settings = settings
        self.reply: tuple[int, dict[str, str], bytes] | None = None
        self._check = TokenCheck(settings)
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer((host, port), self._handler())
        self._server.daemon_threads = True
        self.operations = Operations(settings, f"http://{host}:{self.address[1]}")
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that it listens on."""
        host, port = self._server.server_address[:2]
        return str(host), int(port)

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Close the listening socket."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, body: bytes, path: str = "") -> tuple[int, bytes]:
        """The HTTP status and body that a request at a path gets."""
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        try:
            envelope = etree.fromstring(body, parser)
            request = envelope.find(f"{{{SOAP}}}Body")[0]
        except (etree.XMLSyntaxError, TypeError, IndexError):
            return 400, _fault("Sender", "ter:WellFormed", "not understood")
        name = etree.QName(request).localname
        with self._lock:
            self.settings.requests.append(name)
            if name not in UNSIGNED and (refusal := self._check.refusal(envelope)):
                self.settings.refused.append(f"{name}: {refusal}")
                # What it knows is not told: a real camera says no more than this either.
                return 400, _fault("Sender", "ter:NotAuthorized", "Sender not authorized")
            try:
                if name != "PullMessages":
                    return 200, _envelope(self.operations.answer(request))
            except Unsupported:
                return 500, _fault("Receiver", "ter:ActionNotSupported", "not supported")
        # It may wait for something to happen, and nobody shall wait for it.
        try:
            return 200, _envelope(self.operations.pull(request, path))
        except Unsupported:
            return 400, _fault("Sender", "wsrf-rw:ResourceUnknownFault", "no such subscription")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        peer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(min(size, LARGEST_BYTES))
                headers = {"Content-Type": "application/soap+xml; charset=utf-8"}
                if peer.reply is not None:
                    status, more, content = peer.reply
                    headers |= more
                else:
                    status, content = peer.answer(body, self.path)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                try:
                    self.wfile.write(content)
                except OSError:  # whoever asked has heard enough
                    self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Nothing: the settings remember what was asked."""

        return Handler


def _envelope(inner: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:tt="{SCHEMA}"><s:Body>{inner}</s:Body></s:Envelope>'
    ).encode()


def _fault(code: str, subcode: str, reason: str) -> bytes:
    return _envelope(
        f'<s:Fault xmlns:ter="{ERRORS}" xmlns:wsrf-rw="{RESOURCE}">'
        f"<s:Code><s:Value>s:{code}</s:Value>"
        f"<s:Subcode><s:Value>{subcode}</s:Value></s:Subcode></s:Code><s:Reason>"
        f'<s:Text xml:lang="en">{reason}</s:Text></s:Reason></s:Fault>'
    )
