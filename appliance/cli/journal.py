"""The journal of passages, its corrections and the vehicle register."""

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from appliance.cli.shared import (
    DAY,
    By,
    MachineOption,
    ProfileOption,
    Why,
    console,
    opened_journal,
    part_of_site,
)
from appliance.clock import SystemClock
from appliance.guideline.dictionaries import PlateColour, RaiseMethod
from appliance.options import AsJson
from appliance.profile.loading import load_profile
from appliance.trouble import Trouble

app = typer.Typer()
journal_app = typer.Typer(help="通行记录：查看、核对。", no_args_is_help=True)
app.add_typer(journal_app, name="journal")
passage_app = typer.Typer(help="更正一条通行记录。", no_args_is_help=True)
app.add_typer(passage_app, name="passage")
vehicles_app = typer.Typer(help="车辆登记（表 2）。", no_args_is_help=True)
app.add_typer(vehicles_app, name="vehicles")

PassageNumber = Annotated[int, typer.Argument(metavar="NUMBER", help="通行记录的编号。")]


@journal_app.command("newest", help="最近的通行、照片、报文、录像和程序；只读，供验收。")
def journal_newest(
    profile: ProfileOption,
    machine: MachineOption = None,
    passages: Annotated[
        int, typer.Option("--passages", min=1, max=500, help="每个道闸看最近多少次通行。")
    ] = 20,
    as_json: AsJson = False,
) -> None:
    """What the acceptance asks: newest passages, photos, messages, video, programs; read only."""
    from appliance.runtime.journal.newest import as_lines, newest

    site = part_of_site(load_profile(profile), machine)
    with opened_journal(site, readonly=True) as journal:
        told = newest(site, journal, SystemClock().now(), passages)
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        typer.echo("\n".join(as_lines(told)))


@journal_app.command(
    "verify", help="核对记录链：指出第一处被改动、删除或插入的记录。\n\n退出码：0 完好，1 有改动。"
)
def journal_verify(
    profile: ProfileOption,
    expect_head: Annotated[
        str | None, typer.Option(help="以前记下的链头，记录链中须有它。")
    ] = None,
    no_photos: Annotated[bool, typer.Option("--no-photos", help="不核对照片文件。")] = False,
    as_json: AsJson = False,
) -> None:
    """Verify the chain of passages; names the first link changed, removed or put in."""
    with (
        opened_journal(load_profile(profile), readonly=True) as journal,
        console.status("核对中…") as status,
    ):
        result = journal.verify(
            check_photos=not no_photos,
            expect_head=expect_head,
            progress=lambda done, links: status.update(f"核对 {done}/{links} 环"),
        )
    if as_json:
        typer.echo(json.dumps(asdict(result), ensure_ascii=False))
    elif result.fault:
        typer.echo(result.fault.sentence)
    else:
        typer.echo(f"完好：共 {result.links} 环，链头 {result.head}")
    raise typer.Exit(1 if result.fault else 0)


@journal_app.command("facts", help="设备现状（JSON）：心跳、待上报的报文、最近的通行、事件。")
def journal_facts(
    profile: ProfileOption,
    events_after: Annotated[
        int | None,
        typer.Option("--events-after", min=0, help="另列出此编号之后的事件，最多 200 条。"),
    ] = None,
    days: Annotated[
        int, typer.Option("--days", min=0, max=62, help="另列出近几天没有平台确认的时段。")
    ] = 0,
    least: Annotated[
        int, typer.Option("--least-minutes", min=1, max=1440, help="时段至少多少分钟才列出。")
    ] = 60,
) -> None:
    """How the box stands now, as one JSON object: heartbeats, outbox, newest passage, events."""
    with opened_journal(load_profile(profile), readonly=True) as journal:
        told = journal.facts().now(events_after)
        if days:
            told["silences"] = journal.facts().silences(days, timedelta(minutes=least))
    typer.echo(json.dumps(told, ensure_ascii=False))


@journal_app.command("passages", help="一段日期（最多 62 天）的通行记录，每行一个 JSON。")
def journal_passages(
    profile: ProfileOption,
    first: Annotated[
        datetime,
        typer.Option(
            "--from", formats=DAY, metavar="DAY", help="起始日期（北京时间），如 2026-01-31。"
        ),
    ],
    last: Annotated[
        datetime | None,
        typer.Option("--to", formats=DAY, metavar="DAY", help="截止日期；不填则到今天。"),
    ] = None,
) -> None:
    """The passages of at most 62 days, a JSON object a line: reading, times, QNs, answers."""
    from appliance.runtime.journal.facts import MOST_DAYS

    until = last.date() if last else SystemClock().now().date()
    if not 0 <= (until - first.date()).days < MOST_DAYS:
        raise Trouble(f"{first.date()} 至 {until} 不是一段日期，或超过 {MOST_DAYS} 天。")
    with opened_journal(load_profile(profile), readonly=True) as journal:
        for passage in journal.facts().passages(first.date(), until):
            typer.echo(json.dumps(passage, ensure_ascii=False))


@passage_app.command("manual", help="标记为手动抬杆，重新上报。")
def passage_manual(
    number: PassageNumber, profile: ProfileOption, by: By, why: Why = "人工抬杆"
) -> None:
    """Mark a passage whose barrier was raised by hand (手动, 4.5.1-10)."""
    _check_said(by, why)
    with opened_journal(load_profile(profile)) as journal:
        journal.correct(number, raise_method=RaiseMethod.MANUAL, by=by, why=why)
    typer.echo(f"通行记录 {number} 已标记为手动抬杆，将重新上报。")


@passage_app.command("plate", help="补录相机没有认出的车牌。")
def passage_plate(
    number: PassageNumber,
    plate: Annotated[str, typer.Argument(metavar="PLATE", help="车牌号码，如 宁A58D21。")],
    colour: Annotated[PlateColour, typer.Argument(help="车牌颜色，如 黄牌。")],
    profile: ProfileOption,
    by: By,
    why: Why = "人工补录",
) -> None:
    """Enter by hand the plate that the camera could not read (4.5.1-1)."""
    from appliance.runtime.journal.entry import enter_plate

    _check_said(by, why)
    with opened_journal(load_profile(profile)) as journal:
        enter_plate(journal, number, plate, colour, by=by, why=why)
    typer.echo(f"通行记录 {number} 已补录为 {plate} {colour}。")


@vehicles_app.command("import", help="从 CSV 文件导入车辆信息；有一行出错，就一辆也不导入。")
def vehicles_import(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="车辆登记文件（CSV），样例 site_profiles/demo-vehicles.csv。"
        ),
    ],
    profile: ProfileOption,
) -> None:
    """Import vehicle particulars from a CSV file; nothing is taken when a line is faulty."""
    from appliance.runtime.journal.declaration import vehicle_refusal
    from appliance.runtime.journal.vehicles import read_vehicles_csv

    vehicles = read_vehicles_csv(file)
    with opened_journal(load_profile(profile)) as journal:
        journal.put_vehicles(vehicles)
        typer.echo(f"导入 {len(vehicles)} 辆，登记共 {journal.count_vehicles()} 辆。")
    for vehicle in vehicles:
        if (why := vehicle_refusal(vehicle)) is not None:
            typer.echo(f"{vehicle.plate} 的通行记录将被搁置，请更正后重新导入：{why}。", err=True)


def _check_said(by: str, why: str) -> None:
    """A correction without a name or a reason is worth nothing to whoever reads it later."""
    if not by.strip():
        raise Trouble("请用 --by 写明更正人的姓名，不能留空。")
    if not why.strip():
        raise Trouble("请用 --why 写明更正的原因，不能留空。")
