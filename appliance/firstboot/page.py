"""A page in the status page's place, for as long as the gate itself serves none."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from appliance.firstboot.notice import Notice

PORT = 8080


class NoticePage:
    """Serves the notice of the moment; where the port is taken the gate itself is there."""

    def __init__(self, address: tuple[str, int] = ("0.0.0.0", PORT)) -> None:  # noqa: S104
        self._address = address
        self._server: ThreadingHTTPServer | None = None
        self.notice = Notice("正在启动")

    def open(self) -> bool:
        """Begin to serve; False where another program has the port."""
        if self._server is None:
            try:
                self._server = ThreadingHTTPServer(self._address, self._handler())
            except OSError:
                return False
            threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return True

    @property
    def port(self) -> int:
        """The port it serves; 0 while it does not."""
        return self._server.server_port if self._server else 0

    def close(self) -> None:
        """Give the port to the gate."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def _handler(page) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - `self` is the handler's
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = page.notice.page().encode("utf-8")
                # A check of the gate's health must not take this for the gate.
                self.send_response(503 if self.path == "/healthz" else 200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.send_header(
                    "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"
                )
                self.send_header("Cache-Control", "no-store")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Keep silent: who looks is nobody's business."""

        return Handler
