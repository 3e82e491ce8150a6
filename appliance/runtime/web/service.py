"""The web program: the page on waitress, and its own heartbeat."""

import logging
import socket
import sqlite3
import threading
from pathlib import Path
from typing import Any

from waitress import create_server, wasyncore

from appliance.clock import Clock
from appliance.profile.model import Profile
from appliance.runtime.journal import Journal, JournalError
from appliance.runtime.web.app import create_app
from appliance.trouble import Trouble

log = logging.getLogger(__name__)

PROGRAM = "web"
BEAT_SECONDS = 5.0
SERVER_THREADS = 8
"""A browser asks for a page's pictures six at a time."""


class PageStopped(Exception):
    """The page stopped by itself; the supervisor has to start the program anew."""


class AddressUnavailable(Trouble):
    """The profile's address cannot be listened on: taken, or not this machine's."""


def serve(profile: Profile, clock: Clock, stop: threading.Event) -> None:
    """Serve the status page at the profile's address until `stop` is set.

    Raises AddressUnavailable before anything is written, PageStopped when the server dies.
    """
    root = Path(profile.storage.root)
    page = profile.network.status_page

    def open_journal() -> Journal:
        return Journal.open(root, clock, readonly=True)

    # A page of pictures fills waitress's queue for an instant, which is nothing to warn of.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    # Bound here, because waitress leaves its own socket open when it cannot bind.
    listening = _listen(str(page.address), page.port)
    sockets: dict[int, Any] = {}
    server = create_server(
        create_app(profile, clock, open_journal),
        map=sockets,
        sockets=[listening],
        threads=SERVER_THREADS,
        ident=None,  # no Server banner
    )
    done = threading.Event()
    running = threading.Thread(target=server.run, name="page", daemon=True)
    beating = threading.Thread(target=_beat, args=(root, clock, running, done), name="heart")
    running.start()
    beating.start()
    log.info("the status page listens on %s:%d", page.address, page.port)
    try:
        while not stop.wait(0.2):
            if not running.is_alive():
                raise PageStopped
    finally:
        done.set()
        server.task_dispatcher.shutdown()
        # Closed by the thread that runs the loop: waitress is not made to be closed by another.
        server.trigger.pull_trigger(lambda: wasyncore.close_all(sockets))
        running.join(timeout=5)
        beating.join()


def _listen(address: str, port: int) -> socket.socket:
    try:
        return socket.create_server((address, port))
    except OSError as error:
        raise AddressUnavailable(
            f"状态页无法监听 {address}:{port}（{error.strerror}）。"
            "请核对站点配置中的状态页地址和端口，并查看端口是否被其他程序占用。"
        ) from error


def _beat(root: Path, clock: Clock, page: threading.Thread, done: threading.Event) -> None:
    """Beat while the page runs. The journal is opened for each beat, so that none is held open
    over a fault of the disk; a beat that fails is itself seen on the page after 15 s."""
    while page.is_alive():
        try:
            with Journal.open(root, clock) as journal:
                journal.beat(PROGRAM, ok=True, detail="页面可以访问")
        except (JournalError, sqlite3.Error, OSError) as error:
            log.warning("no heartbeat: %s", error)
        if done.wait(BEAT_SECONDS):
            return
