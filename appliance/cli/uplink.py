"""The uplink to the authority's platform, and its messages."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table

from appliance.cli.shared import DAY, ProfileOption, console, opened_journal
from appliance.clock import SystemClock
from appliance.options import AsJson, ProfileFile
from appliance.profile.loading import load_profile
from appliance.profile.model import Dialect

app = typer.Typer()
uplink_app = typer.Typer(help="上报：与监管平台的联网。", no_args_is_help=True)
app.add_typer(uplink_app, name="uplink")
hj212_app = typer.Typer(help="HJ 212 报文的解读和编写，每行一条。", no_args_is_help=True)
app.add_typer(hj212_app, name="hj212")


@uplink_app.command(
    "probe",
    help="用有标记的测试记录试出平台的报文方言。\n\n退出码：0 已试出，1 没有合适的，2 没有测试。",
)
def uplink_probe(
    profile_file: ProfileFile,
    out: Annotated[
        Path | None, typer.Option("--out", help="试出的方言（站点配置的一段）写到这个文件。")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="发送前不再询问。")] = False,
    as_json: AsJson = False,
) -> None:
    """Find the dialect that the platform speaks, with marked test records; 1 when none fits."""
    from appliance.runtime.uplink import probe_report as report
    from appliance.runtime.uplink.probe import TEST_MARK, Trial, probe

    site = load_profile(profile_file)
    place = f"{site.uplink.host}:{site.uplink.port}"
    question = f"将向平台 {place} 发送若干条标有“{TEST_MARK}”的测试记录，继续吗？"
    if not yes and not typer.confirm(question, err=True):
        raise typer.Exit(2)
    told: list[Trial] = []

    def tell(trial: Trial) -> None:
        told.append(trial)
        typer.echo(report.trial_line(len(told), trial), err=as_json)

    found, trials = probe(site, SystemClock(), tell)
    if as_json:
        typer.echo(json.dumps(report.as_dict(found, trials), ensure_ascii=False))
    else:
        typer.echo(report.conclusion(found, trials))
    if found is not None and out is not None:
        out.write_text(report.fragment(found), "utf-8")
        typer.echo(f"已写入 {out}，请把其中的内容并入站点配置。", err=as_json)
    elif found is not None and not as_json:
        typer.echo(report.fragment(found))
    raise typer.Exit(0 if found else 1)


@uplink_app.command("books", help="每天的传输率和完整率（5.1.2）。")
def uplink_books(
    profile: ProfileOption,
    first: Annotated[
        datetime | None,
        typer.Option(
            "--from",
            formats=DAY,
            metavar="DAY",
            help="起始日期（北京时间），如 2026-01-31；不填则看 15 天。",
        ),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option("--to", formats=DAY, metavar="DAY", help="截止日期；不填则到今天。"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Transmission rate and completeness by day (5.1.2); see docs/books.md."""
    from appliance.runtime.uplink.books.printing import BookKeeper

    site = load_profile(profile)
    with opened_journal(site, readonly=True) as journal:
        books = BookKeeper(site, journal, SystemClock()).books(
            first and first.date(), last and last.date()
        )
    if as_json:
        typer.echo(json.dumps(books.as_dict(), ensure_ascii=False))
        return
    console.print(books.as_table())
    typer.echo(books.as_sentence())


@uplink_app.command(
    "report", help="打印数据中断 24 小时的报备内容（5.1.3）。\n\n退出码：0 需要报备，1 无需报备。"
)
def uplink_report(
    profile: ProfileOption,
    sample: Annotated[
        bool, typer.Option("--sample", help="按一次虚构的中断生成样稿，不涉及站点的数据。")
    ] = False,
) -> None:
    """Print the report on an interruption of 24 h (5.1.3); exit code 1 when there is none."""
    from appliance.runtime.uplink.books import report_text, sample_report, to_report

    site, now = load_profile(profile), SystemClock().now()
    if sample:
        text = sample_report(site, now)
    else:
        with opened_journal(site, readonly=True) as journal:
            found = to_report(journal, now)
            text = report_text(site, journal, found, now) if found else None
    if text is None:
        typer.echo("近 31 天没有达到 24 小时的数据中断，无需报备。")
        raise typer.Exit(1)
    typer.echo(text, nl=False)


@uplink_app.command("aside", help="列出搁置的报文：编号、CN、车牌、时间、原因。")
def uplink_aside(profile: ProfileOption, as_json: AsJson = False) -> None:
    """List the messages that are set aside: number, CN, plate, time and reason."""
    from appliance.runtime.uplink.aside import aside_messages

    with opened_journal(load_profile(profile), readonly=True) as journal:
        found = aside_messages(journal)
    if as_json:
        typer.echo(json.dumps([message.as_dict() for message in found], ensure_ascii=False))
        return
    table = Table("编号", "CN", "车牌", "时间", "原因")
    for message in found:
        time = f"{message.time:%Y-%m-%d %H:%M:%S}"
        table.add_row(str(message.number), message.cn, message.plate or "—", time, message.reason)
    console.print(table)


@uplink_app.command("retry", help="问题处理好之后，重新上报搁置的报文。")
def uplink_retry(
    profile: ProfileOption,
    numbers: Annotated[
        list[int] | None,
        typer.Argument(metavar="NUMBER…", help="搁置报文的编号（见 uplink aside），可写多个。"),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="全部搁置报文。")] = False,
) -> None:
    """Send messages that were set aside again, after a mend."""
    from appliance.runtime.uplink.aside import retry

    if bool(numbers) == everything:
        typer.echo("请给出要重发的编号，或用 --all 重发全部搁置报文。", err=True)
        raise typer.Exit(2)
    with opened_journal(load_profile(profile)) as journal:
        asked = len(set(numbers or [])) or len(journal.aside())
        again = retry(journal, numbers or [])
    typer.echo(f"{again} 条报文将重新上报。")
    if again < asked:
        typer.echo(f"另有 {asked - again} 条的内容平台仍会拒收，原因见 gatehouse uplink aside。")


MessageFile = Annotated[Path, typer.Argument(metavar="FILE", help="文件，每行一条；- 为标准输入。")]


HowWritten = Literal["computed", "constant"]
LengthField = Annotated[
    HowWritten,
    typer.Option("--length-field", help="长度字段：computed 按字节数，constant 固定为 0325。"),
]
Crc = Annotated[
    HowWritten, typer.Option("--crc", help="CRC：computed 按附录 A 计算，constant 固定为 A9C1。")
]


@hj212_app.command("decode", help="解读报文：每条的内容，是否完好、错在哪里（JSON）。")
def hj212_decode(
    file: MessageFile, length_field: LengthField = "computed", crc: Crc = "computed"
) -> None:
    """Read messages, one a line, and print what each says and whether it is sound, as JSON."""
    from appliance.runtime.uplink.dialect import HJ212Dialect
    from appliance.runtime.uplink.lines import decode_lines, open_lines

    dialect = HJ212Dialect.of(Dialect(length_field=length_field, crc=crc))
    with open_lines(file) as lines:
        for said in decode_lines(lines, dialect):
            typer.echo(json.dumps(said, ensure_ascii=False))


@hj212_app.command("encode", help="把每行一个 JSON（fields）编成报文。")
def hj212_encode(
    file: MessageFile = Path("-"), length_field: LengthField = "computed", crc: Crc = "computed"
) -> None:
    """Read JSON objects with fields, one a line, and print the frame of each."""
    from appliance.runtime.uplink.dialect import HJ212Dialect
    from appliance.runtime.uplink.lines import encode_lines, open_lines

    dialect = HJ212Dialect.of(Dialect(length_field=length_field, crc=crc))
    with open_lines(file) as lines:
        for frame in encode_lines(lines, dialect):
            typer.echo(frame)
