"""A caching proxy for Debian packages, so that a second build and provision downloads nothing.

It serves only the archives of the host's apt configuration and fetches through apt's own helper, so
the host's mirrors, proxies and certificates apply. What carries its hash or version in its name is
kept for ever; an InRelease is asked for again after a day, and the kept one is served when the
archive cannot be reached.
"""

import argparse
import os
import subprocess
import tempfile
import threading
import time
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import copyfileobj
from urllib.parse import quote, unquote

from . import mirror
from .places import CACHE

KEPT = CACHE / "packages"
FRESH_SECONDS = 86_400
FETCH = ["/usr/lib/apt/apt-helper", "-o", "APT::Sandbox::User=root", "download-file"]


def is_lasting(url: str) -> bool:
    """Whether what the URL names never changes."""
    return url.endswith(".deb") or "/by-hash/" in url


class Proxy(ThreadingHTTPServer):
    """Serves from the cache folder, and fetches into it what is missing."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], outside: Path | None = None) -> None:
        """`outside` is the network namespace to fetch from, when this process stands in another."""
        super().__init__(address, _Handler)
        self.mirror = mirror.of_this_host()
        self._enter = [] if outside is None else ["nsenter", f"--net={outside}"]
        self._turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        KEPT.mkdir(parents=True, exist_ok=True)

    def file(self, url: str) -> Path | None:
        """The kept file for a URL, fetched if need be; None when there is none."""
        source = self.mirror.upstream(url)
        if source is None:
            return None
        kept = KEPT / quote(url, safe="")
        with self._turns[url]:
            if kept.exists() and (
                is_lasting(url) or time.time() - kept.stat().st_mtime < FRESH_SECONDS
            ):
                return kept
            return self._fetch(source, kept) or (kept if kept.exists() else None)

    def _fetch(self, source: str, kept: Path) -> Path | None:
        with tempfile.TemporaryDirectory(dir=KEPT) as folder:
            new = Path(folder) / "file"
            done = subprocess.run(
                [*self._enter, *FETCH, source, new], check=False, capture_output=True
            )
            if done.returncode or not new.exists():
                return None
            os.utime(new)  # apt gives a file the archive's date; we want to know when we asked
            return new.replace(kept)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def do_GET(self) -> None:
        kept = self.server.file(unquote(self.path))  # newer apt writes a + as %2b
        if kept is None:
            self.send_error(404)
            return
        with kept.open("rb") as body:
            self.send_response(200)
            self.send_header("Content-Length", str(os.fstat(body.fileno()).st_size))
            self.end_headers()
            copyfileobj(body, self.wfile)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name upstream
        """Keep silent: apt says what it could not get."""


def main() -> None:
    """Serve for ever on `--port`, fetching from the network namespace `--outside`."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--outside", type=Path)
    options = parser.parse_args()
    Proxy(("", options.port), options.outside).serve_forever()


if __name__ == "__main__":
    main()
