"""The verbs of the acceptance: one short function each, no logic."""

import json
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core
from rich.console import Console

from appliance.options import AsJson, Key, User
from appliance.trouble import Trouble, not_installed

app = typer.Typer()
console = Console(highlight=False)


class WithDefault(typer.core.TyperGroup):
    """A group whose verb `run` may be left out: `gatehouse accept PROFILE …`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `run` first where no verb stands; `--help` alone is the group's."""
        if args and args[0] not in self.commands and args != ["--help"]:
            args = ["run", *args]
        return list(super().parse_args(ctx, args))


accept_app = typer.Typer(
    cls=WithDefault,
    help="验收：检查、演练、询问，填写表 5 至表 9。\n\n用法：gatehouse accept PROFILE --out DIR",
    no_args_is_help=True,
)
app.add_typer(accept_app, name="accept")

Out = Annotated[Path, typer.Option("--out", help="验收目录；再次运行会接着上次的继续。")]


@accept_app.command("run")
def accept_run(
    out: Out,
    profile: Annotated[
        Path | None, typer.Argument(metavar="[PROFILE]", help="站点配置（YAML）。")
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="对本机上的演示站点验收，几分钟看到全部表格。")
    ] = False,
    host: Annotated[
        str | None,
        typer.Option("--host", metavar="ADDR", help="工控机地址；写 local 表示就在工控机上运行。"),
    ] = None,
    machine: Annotated[
        str | None, typer.Option("--machine", help="只验收这一台工控机（站点配置中的名称）。")
    ] = None,
    user: User = "root",
    key: Key = None,
    answers: Annotated[
        Path | None, typer.Option("--answers", help="答案文件（YAML），其中的问题不再询问。")
    ] = None,
    truths: Annotated[
        Path | None,
        typer.Option(
            "--truths", help="识别试验的核对结果（TSV：编号、车牌、颜色），其中的记录不再询问。"
        ),
    ] = None,
    platform: Annotated[
        Path | None,
        typer.Option(
            "--platform",
            help="参考平台的数据文件（gatehouse platform --database），与工控机的记录逐条核对。",
        ),
    ] = None,
    by: Annotated[
        str, typer.Option("--by", help="回答问题的人；答案文件中写明的以文件为准。")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="无人值守：不提问，演练不再确认。")] = False,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="只做这些项目，可用 * 号，可写多次，例：camera.*。"),
    ] = None,
    skip: Annotated[
        list[str] | None, typer.Option("--skip", help="不做这些项目，写法同 --only。")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="上次已是“是”的项目也重新检查。")] = False,
    serve: Annotated[
        str | None,
        typer.Option(
            "--serve",
            metavar="ADDR[:PORT]",
            help="不在终端提问，而在这个地址上打开平板用的页面，步骤相同；端口默认 8090。",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """验收一个站点。

    退出码：0 全部为“是”，1 有“否”或“未检”，2 无法进行。
    """
    _need_kit()
    from acceptance_kit.acceptance import Acceptance
    from acceptance_kit.asking import Asker
    from acceptance_kit.demo.acceptance import ANSWERS, PROFILE, demo_to_accept
    from acceptance_kit.evidence import EvidenceFolder
    from acceptance_kit.pages import serve_acceptance
    from acceptance_kit.peers.platform.records import read_records
    from acceptance_kit.reaching import reached
    from acceptance_kit.screen import Screen, open_table
    from acceptance_kit.session import Options, Session
    from acceptance_kit.trial import truths_of_file
    from acceptance_kit.wanted import Choice
    from appliance.clock import SystemClock
    from appliance.provisioning.reach import Account
    from appliance.provisioning.session import Wanted

    if demo == (profile is not None):
        raise Trouble("请给出站点配置，或用 --demo 对演示站点验收，二者取一。")
    if serve and (yes or truths):
        raise Trouble("--serve 由现场人员在平板上操作，不能与 --yes、--truths 同用。")
    view = Console(highlight=False, stderr=as_json)
    clock = SystemClock()
    folder = EvidenceFolder.open(out)
    attended = not yes and sys.stdin.isatty()
    asker = Asker(view, folder, clock, by)
    choice = Choice(tuple(only or ()), tuple(skip or ()))
    options = Options(
        answers=answers or (ANSWERS if demo and not serve else None),
        by=by,
        ask=asker.ask if attended else None,
        confirm=asker.confirm if attended else lambda _: yes,
        truths=truths_of_file(truths) if truths else None,
        ask_truths=asker.ask_truths if attended else None,
    )
    wanted = Wanted(profile or PROFILE, host=host, machine=machine, account=Account(user, key))
    with ExitStack() as stack:
        site = stack.enter_context(demo_to_accept(PROFILE, view) if demo else reached(wanted))
        received = partial(read_records, platform) if platform else None
        if received is not None:
            received()  # a wrong file is told now, not after the drills
        acceptance = Acceptance(site, folder, clock, choice, again=again, received=received)
        if serve:
            serve_acceptance(acceptance, serve, view, answers=answers, by=by)
            outcome = acceptance.outcome()
        else:
            outcome = Session(acceptance, options, Screen(view)).run()
    if as_json:
        typer.echo(json.dumps(outcome.as_dict(), ensure_ascii=False))
    else:
        if outcome.open_points:
            console.print(open_table(outcome.open_points))
        console.print(outcome.sentence(out))
    raise typer.Exit(0 if outcome.complete else 1)


@accept_app.command("verify")
def accept_verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="验收目录。")],
    as_json: AsJson = False,
) -> None:
    """核对验收目录自封存以来有没有被改动。

    退出码：0 没有，1 有改动。
    """
    _need_kit()
    from acceptance_kit.seal import inspect

    seen = inspect(folder)
    faults = [{"file": fault.file, "what": fault.what} for fault in seen.faults]
    if as_json:
        at = seen.sealed_at.isoformat() if seen.sealed_at else None
        told = {"fingerprint": seen.fingerprint, "sealed_at": at, "faults": faults}
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        for fault in seen.faults:
            typer.echo(f"{fault.file}：{fault.what}")
        sealed = f"{seen.sealed_at:%Y-%m-%d %H:%M:%S}" if seen.sealed_at else "未知"
        said = f"有 {len(faults)} 处改动" if faults else "没有改动"
        typer.echo(f"封存时间 {sealed}，密钥指纹 {seen.fingerprint or '未知'}：{said}。")
    raise typer.Exit(1 if seen.faults else 0)


@app.command()
def clauses(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="验收目录；给出则列出每条的结果。")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """列出指南的每条要求和由什么证明；给出验收目录时加上结果。

    退出码：0 没有未达到的，1 有未达到的。
    """
    _need_kit()
    from acceptance_kit.clause_list import listed
    from acceptance_kit.findings import Verdict

    rows = listed(folder)
    if as_json:
        typer.echo(json.dumps([row.as_dict() for row in rows], ensure_ascii=False))
    else:
        for row in rows:
            console.print(row.as_text(), markup=False, soft_wrap=True)
    bad = any(row.verdict in {Verdict.NO, Verdict.UNTESTED} for row in rows)
    raise typer.Exit(1 if bad else 0)


def _need_kit() -> None:
    """A box has the kit's modules with the runtime's wheel, but not what they need."""
    from importlib.util import find_spec

    if not all(find_spec(name) for name in ("cryptography", "pytest", "testinfra")):
        raise not_installed("验收工具")
