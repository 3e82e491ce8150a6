"""The web programs: a page on waitress, and its own heartbeat."""

import logging
import socket
import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from waitress import create_server, wasyncore

from appliance.clock import Clock
from appliance.profile.model import Profile
from appliance.profile.secrets import SecretStore
from appliance.runtime.journal import Journal, JournalError
from appliance.runtime.web.app import create_app
from appliance.runtime.web.entry import LARGEST_FORM, cookie_key, create_entry_app
from appliance.trouble import Trouble

log = logging.getLogger(__name__)

BEAT_SECONDS = 5.0

SERVER_THREADS = 8
"""A browser asks for a page's pictures six at a time."""


class PageStopped(Exception):
    """The page stopped by itself; the supervisor has to start the program anew."""


class AddressUnavailable(Trouble):
    """The profile's address cannot be listened on: taken, or not this machine's."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page to serve: its program's name, what people call it, and where it listens."""

    program: str
    title: str
    app: Flask
    address: str
    port: int


def serve(profile: Profile, clock: Clock, stop: threading.Event) -> None:
    """Serve the status page at the profile's address until `stop` is set.

    Raises AddressUnavailable before anything is written, PageStopped when the server dies.
    """
    root = Path(profile.storage.root)

    def open_journal() -> Journal:
        return Journal.open(root, clock, readonly=True)

    at = profile.network.status_page
    app = create_app(profile, clock, open_journal)
    _serve(Page("web", "状态页", app, str(at.address), at.port), root, clock, stop)


def serve_entry(
    profile: Profile, secrets: SecretStore, clock: Clock, stop: threading.Event
) -> None:
    """Serve the entry page (4.5.1-1) until `stop` is set. Raises what `serve` raises, and
    SecretFault when a gatekeeper's password cannot be had."""
    root = Path(profile.storage.root)

    def open_journal() -> Journal:
        return Journal.open(root, clock)

    at = profile.network.entry_page
    keepers = {each.name: secrets.resolve(each.password) for each in profile.access.gatekeepers}
    app = create_entry_app(profile, clock, open_journal, keepers, cookie_key(root))
    _serve(Page("entry", "补录页", app, str(at.address), at.port), root, clock, stop)


def _serve(page: Page, root: Path, clock: Clock, stop: threading.Event) -> None:
    # A page of pictures fills waitress's queue for an instant, which is nothing to warn of.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    # Bound here, because waitress leaves its own socket open when it cannot bind.
    listening = _listen(page)
    sockets: dict[int, Any] = {}
    server = create_server(
        page.app,
        map=sockets,
        sockets=[listening],
        threads=SERVER_THREADS,
        ident=None,  # no Server banner
        max_request_body_size=LARGEST_FORM,
    )
    done = threading.Event()
    running = threading.Thread(target=server.run, name="page", daemon=True)
    beating = threading.Thread(
        target=_beat, args=(page.program, root, clock, running, done), name="heart"
    )
    running.start()
    beating.start()
    log.info("%s listens on %s:%d", page.program, page.address, page.port)
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


def _listen(page: Page) -> socket.socket:
    try:
        return socket.create_server((page.address, page.port))
    except OSError as error:
        raise AddressUnavailable(
            f"{page.title}无法监听 {page.address}:{page.port}（{error.strerror}）。"
            f"请核对站点配置中的{page.title}地址和端口，并查看端口是否被其他程序占用。"
        ) from error


def _beat(
    program: str, root: Path, clock: Clock, page: threading.Thread, done: threading.Event
) -> None:
    """Beat while the page runs. The journal is opened for each beat, so that none is held open
    over a fault of the disk; a beat that fails is itself seen on the page after 15 s."""
    while page.is_alive():
        try:
            with Journal.open(root, clock) as journal:
                journal.beat(program, ok=True, detail="页面可以访问")
        except (JournalError, sqlite3.Error, OSError) as error:
            log.warning("no heartbeat: %s", error)
        if done.wait(BEAT_SECONDS):
            return
