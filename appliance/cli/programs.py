"""The programs of the box, as supervisor starts them."""

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import typer

from appliance.cli.shared import (
    BarrierNumber,
    MachineOption,
    ProfileOption,
    opened_journal,
    part_of_site,
    stop_on_signal,
)
from appliance.clock import SystemClock
from appliance.profile.loading import load_profile
from appliance.profile.model import Profile
from appliance.profile.secrets import SecretStore

app = typer.Typer()
run_app = typer.Typer(
    help="运行工控机上的一个程序（由 supervisor 启动，不必手工运行）。", no_args_is_help=True
)
app.add_typer(run_app, name="run")


@run_app.command("lane", help="一条车道：相机、识别、放行、记录、道闸。")
def run_lane(
    barrier: BarrierNumber,
    profile: ProfileOption,
    machine: MachineOption = None,
) -> None:
    """Run one lane: camera, recognition, admission, journal, barrier."""
    from appliance.runtime.lane.start import start_lane

    with _program(f"lane-{barrier}", profile, machine) as (site, stop):
        start_lane(site, barrier, SecretStore.of_this_machine(), SystemClock(), stop)


@run_app.command("uplink", help="数据上报：逐条发送报文，直到平台确认。")
def run_uplink_program(profile: ProfileOption, machine: MachineOption = None) -> None:
    """Run the uplink: the outbox to the platform, until each message is acknowledged."""
    from appliance.runtime.uplink.sender import run_uplink

    with _program("uplink", profile, machine) as (site, stop), opened_journal(site) as journal:
        run_uplink(site, journal, SystemClock(), stop, SecretStore.of_this_machine())


@run_app.command("web", help="状态页。")
def run_web(profile: ProfileOption, machine: MachineOption = None) -> None:
    """Run the status page."""
    from appliance.runtime.web import serve

    with _program("web", profile, machine) as (site, stop):
        serve(site, SystemClock(), stop)


@run_app.command("entry", help="补录页：门卫补录相机没有认出的车牌。")
def run_entry(profile: ProfileOption, machine: MachineOption = None) -> None:
    """Run the page on which gatekeepers enter what the camera could not read."""
    from appliance.runtime.web import serve_entry

    with _program("entry", profile, machine) as (site, stop):
        serve_entry(site, SecretStore.of_this_machine(), SystemClock(), stop)


@run_app.command("crashes", help="记录哪个程序自行退出（由 supervisor 告知）。")
def run_crashes(profile: ProfileOption, machine: MachineOption = None) -> None:
    """Note in the journal which program ended by itself; supervisord tells on standard input."""
    from appliance.runtime.crashes import CrashBook, listen

    with _program("crashes", profile, machine) as (site, stop):
        book = CrashBook(Path(site.storage.root), SystemClock())
        listen(sys.stdin.fileno(), sys.stdout.fileno(), book, stop)


@run_app.command("sweeper", help="清理：删除保存期限已满的资料，防止磁盘写满。")
def run_sweeper_program(profile: ProfileOption, machine: MachineOption = None) -> None:
    """Run the sweeper: delete what was kept for its term, keep the disks from filling up."""
    from appliance.runtime.video.process import run_sweeper

    with _program("sweeper", profile, machine) as (site, stop), opened_journal(site) as journal:
        run_sweeper(site, journal, SystemClock(), stop)


@run_app.command("recorder", help="录像：全部相机的录像，和每次通行的视频片段。")
def run_recorder_program(profile: ProfileOption, machine: MachineOption = None) -> None:
    """Run the recorder: every camera's video, and the clip of each passage (4.3-1, 4.5.3-3)."""
    from appliance.runtime.video.recorder_process import run_recorder

    with _program("recorder", profile, machine) as (site, stop):
        run_recorder(site, SecretStore.of_this_machine(), SystemClock(), stop)


@contextmanager
def _program(
    name: str, profile_file: Path, machine: str | None
) -> Iterator[tuple[Profile, threading.Event]]:
    """A program of the box: it ends with supervisord, and runs once for a storage root."""
    from appliance.runtime.alone import only_one
    from appliance.runtime.supervised import supervised
    from appliance.runtime.supervision import CRASHES, programs

    _log_to_stderr()
    stop = stop_on_signal()
    with ExitStack() as held:
        held.enter_context(supervised(stop))
        site = part_of_site(load_profile(profile_file), machine)
        if name in {
            program.name for program in (CRASHES, *programs(site))
        }:  # else no name for a file
            held.enter_context(only_one(Path(site.storage.root), name))
        yield site, stop


def _log_to_stderr() -> None:
    form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=logging.INFO, format=form)
