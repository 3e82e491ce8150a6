"""What several verbs share: their options, the journal, a machine's part, an end by signal."""

import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from appliance.clock import SystemClock
from appliance.profile.machines import named_machine
from appliance.profile.model import Profile
from appliance.runtime.journal import Journal

console = Console(highlight=False)
ProfileOption = Annotated[Path, typer.Option("--profile", help="站点配置（YAML）。")]
BarrierNumber = Annotated[str, typer.Argument(metavar="BARRIER", help="道闸编号，如 A01。")]
DAY = ["%Y-%m-%d"]
MachineOption = Annotated[
    str | None,
    typer.Option("--machine", help="只管这台工控机的车道（站点配置中的名称）；不给则管全部。"),
]
By = Annotated[str, typer.Option("--by", help="更正人的姓名。")]
Why = Annotated[str, typer.Option("--why", help="更正的原因。")]


@contextmanager
def opened_journal(profile: Profile, *, readonly: bool = False) -> Iterator[Journal]:
    """The journal of a site; an error names the folder. Raises JournalError, OSError."""
    root = Path(profile.storage.root)
    try:
        with Journal.open(root, SystemClock(), readonly=readonly) as journal:
            yield journal
    except sqlite3.OperationalError as error:
        error.add_note(f"数据目录 {root}")  # SQLite does not say where
        raise


def part_of_site(profile: Profile, machine: str | None) -> Profile:
    """The machine's part of the site, or the whole site when none is named."""
    if machine is None:
        return profile
    return profile.part_of(named_machine(profile, machine))


def stop_on_signal() -> threading.Event:
    """An event that SIGTERM and SIGINT set, so that every program ends in order."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
