"""What is kept: planned, swept, checked, handed out."""

import json
from pathlib import Path
from typing import Annotated

import typer

from appliance.cli.shared import MachineOption, ProfileOption, console, opened_journal, part_of_site
from appliance.clock import SystemClock
from appliance.options import AsJson, ProfileFile
from appliance.profile.loading import load_profile

app = typer.Typer()
storage_app = typer.Typer(help="保存期限与磁盘：规划、清理、核对。", no_args_is_help=True)
app.add_typer(storage_app, name="storage")


@storage_app.command(
    "plan",
    help="各类资料需要多大磁盘，现有磁盘能保存多少天。\n\n退出码：0 达到规定的保存期限，1 达不到。",
)
def storage_plan(
    profile_file: ProfileFile,
    machine: MachineOption = None,
    assumed: Annotated[
        bool, typer.Option("--assumed", help="只按站点配置规划，不用本机已测得的码率和车次。")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Terabytes needed and days that fit, by kind (4.3-1, 4.4.5-2); 1 when the law's do not."""
    from appliance.runtime.journal.database import FILE_NAME
    from appliance.runtime.video.plan import measure, plan

    site = part_of_site(load_profile(profile_file), machine)
    measured = None
    # This box's journal knows its own lanes only: of several machines it speaks for one.
    measurable = not assumed and len(site.machines) == 1
    if measurable and (Path(site.storage.root) / FILE_NAME).exists():
        with opened_journal(site, readonly=True) as journal:
            measured = measure(journal, SystemClock().now())
    made = plan(site, measured)
    if as_json:
        typer.echo(json.dumps(made.as_dict(), ensure_ascii=False))
    else:
        console.print(made.as_table())
        for sentence in [made.conclusion(), *made.sentences()]:
            typer.echo(sentence)
    raise typer.Exit(0 if made.fits else 1)


@storage_app.command(
    "sweep", help="清理一次：删除保存期限已满的资料。\n\n退出码：0 完成，1 有暂不删除的。"
)
def storage_sweep(
    profile: ProfileOption,
    machine: MachineOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只说明将删除多少，不删除。")] = False,
    trust_clock: Annotated[
        bool, typer.Option("--trust-clock", help="已人工核对系统时钟，认定它是对的。")
    ] = False,
    more_than_half: Annotated[
        bool, typer.Option("--more-than-half", help="即使某类资料一半以上到期也删除。")
    ] = False,
) -> None:
    """Delete what has been kept for its term, once; 1 when something is refused."""
    from appliance.runtime.video import report
    from appliance.runtime.video.sweeper import Sweeper
    from appliance.runtime.video.trust import ClockTrust
    from appliance.runtime.video.volumes import Volumes

    site, clock = part_of_site(load_profile(profile), machine), SystemClock()
    with opened_journal(site, readonly=dry_run) as journal:
        trust = ClockTrust(journal, clock)
        sweeper = Sweeper(site, journal, clock, Volumes.of(site), trust)
        if dry_run:
            counts, refusal = sweeper.look(more_than_half=more_than_half)
            typer.echo(report.would_go(counts))
        else:
            # Beside the program of the same name, which does no harm: each batch is a transaction.
            swept = sweeper.sweep(trust_clock=trust_clock, more_than_half=more_than_half)
            refusal = swept.refusal
            typer.echo(report.gone(swept))
    if refusal:
        typer.echo(f"暂不删除：{refusal}。", err=True)
    raise typer.Exit(1 if refusal else 0)


@storage_app.command(
    "check",
    help="核对文件与记录：缺失的、无主的、损坏的录像。\n\n退出码：0 一致或已处理，1 还有未处理的。",
)
def storage_check(
    profile: ProfileOption,
    machine: MachineOption = None,
    mend: Annotated[
        bool, typer.Option("--mend", help="能处理的就处理：补记、删除无主文件、除去坏录像。")
    ] = False,
    probe: Annotated[
        bool, typer.Option("--probe", help="用 ffprobe 打开每一段录像，不只是大小不符的。")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Files without rows, rows without files, damaged fragments; 1 when any is left."""
    from appliance.runtime.video.check import Checker
    from appliance.runtime.video.volumes import Volumes

    site = part_of_site(load_profile(profile), machine)
    with opened_journal(site, readonly=not mend) as journal:
        checker = Checker(journal, SystemClock(), Volumes.of(site), mend=mend, probe=probe)
        left, found = 0, 0
        for finding in checker.findings():
            found += 1
            left += finding.mended is None
            typer.echo(
                json.dumps(finding.as_dict(), ensure_ascii=False) if as_json else finding.as_text()
            )
    if not as_json:
        typer.echo(f"发现 {found} 处问题，未处理 {left} 处。" if found else "文件与记录一致。")
    raise typer.Exit(1 if left else 0)


@app.command(
    help="导出通行记录的证据：照片、录像、记录、回执和校验清单。\n\n"
    "退出码：0 齐全，1 有缺失或与记录不符的。"
)
def evidence(
    numbers: Annotated[
        list[int], typer.Argument(metavar="PASSAGE…", help="通行记录的编号，可写多个。")
    ],
    profile: ProfileOption,
    out: Annotated[Path, typer.Option("--out", help="写入的目录，须为空或不存在。")],
) -> None:
    """Pack photos, clip, record and receipts of passages, with a SHA-256 manifest; 1 when any
    is missing or not as it was recorded."""
    from appliance.runtime.journal.evidence import gather, pack_folder

    with opened_journal(load_profile(profile), readonly=True) as journal:
        wrong = pack_folder(gather(journal, tuple(numbers), SystemClock().now()), out)
    for sentence in wrong:
        typer.echo(f"{sentence}。", err=True)
    typer.echo(f"已导出到 {out}；核对：cd {out} && sha256sum -c manifest.sha256")
    raise typer.Exit(1 if wrong else 0)
