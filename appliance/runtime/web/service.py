"""The web programs: a page, and its own heartbeat."""

import logging
import sqlite3
import threading
from pathlib import Path

from appliance.clock import Clock
from appliance.profile.model import Profile
from appliance.profile.secrets import SecretStore
from appliance.runtime.journal import Journal, JournalError
from appliance.runtime.web.app import create_app
from appliance.runtime.web.entry import LARGEST_FORM, cookie_key, create_entry_app
from appliance.runtime.web.serving import Page, served

log = logging.getLogger(__name__)

BEAT_SECONDS = 5.0


class PageStopped(Exception):
    """The page stopped by itself; the supervisor has to start the program anew."""


def serve(profile: Profile, clock: Clock, stop: threading.Event) -> None:
    """Serve the status page at the profile's address until `stop` is set.

    Raises AddressUnavailable before anything is written, PageStopped when the server dies.
    """
    root = Path(profile.storage.root)

    def open_journal() -> Journal:
        return Journal.open(root, clock, readonly=True)

    at = profile.network.status_page
    app = create_app(profile, clock, open_journal)
    _serve(Page("web", "状态页", app, str(at.address), at.port, LARGEST_FORM), root, clock, stop)


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
    _serve(Page("entry", "补录页", app, str(at.address), at.port, LARGEST_FORM), root, clock, stop)


def _serve(page: Page, root: Path, clock: Clock, stop: threading.Event) -> None:
    done = threading.Event()
    with served(page) as running:
        beating = threading.Thread(
            target=_beat, args=(page.program, root, clock, running, done), name="heart"
        )
        beating.start()
        try:
            while not stop.wait(0.2):
                if not running.is_alive():
                    raise PageStopped
        finally:
            done.set()
            beating.join()


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
