"""What every request needs: the profile, a clock, and the journal while it lasts."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from flask import Flask, current_app, g

from appliance.clock import Clock
from appliance.profile.model import Profile
from appliance.runtime.journal import Journal, JournalError
from appliance.runtime.web.books import DayCounter

EXTENSION = "gatehouse"


class JournalUnavailable(Exception):
    """The journal cannot be read now; the message is a Chinese sentence."""


@dataclass(frozen=True, slots=True)
class Site:
    """One site as the pages see it; `open_journal` opens the journal read-only."""

    profile: Profile
    clock: Clock
    open_journal: Callable[[], Journal]
    counter: DayCounter

    @property
    def root(self) -> Path:
        """The storage root."""
        return Path(self.profile.storage.root)

    def snapshot_path(self, barrier: str) -> Path:
        """Where the lane process keeps its present picture; see `lane.memory`."""
        return self.root / "lanes" / f"{barrier}.jpg"


def attach(app: Flask, site: Site) -> None:
    """Give the application its site, and close each request's journal after it."""
    app.extensions[EXTENSION] = site
    app.teardown_appcontext(_close_journal)


def current_site() -> Site:
    """The site of the application that answers."""
    return cast(Site, current_app.extensions[EXTENSION])


def current_journal() -> Journal:
    """This request's journal, opened at first use; raises JournalUnavailable.

    One a request, because an SQLite connection belongs to its thread and because a journal that
    is made, moved or migrated meanwhile is then met as it is.
    """
    if "journal" not in g:
        try:
            g.journal = current_site().open_journal()
        except JournalError as error:
            raise JournalUnavailable(str(error)) from error
        except (sqlite3.Error, OSError) as error:
            current_app.logger.warning("the journal does not open: %s", error)
            raise JournalUnavailable("记录库暂时无法读取，请检查数据目录和磁盘。") from error
    return cast(Journal, g.journal)


def _close_journal(_error: BaseException | None) -> None:
    journal = g.pop("journal", None)
    if journal is not None:
        journal.close()
