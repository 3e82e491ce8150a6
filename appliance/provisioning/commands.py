"""The verbs of the installer's side: one short function each, no logic."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from appliance.options import (
    AsJson,
    AskBecomePass,
    Key,
    Limit,
    ProfileFile,
    SecretsFile,
    User,
    VaultPasswordFile,
)
from appliance.provisioning.fleet.commands import app as fleet_app

if TYPE_CHECKING:
    from appliance.provisioning.session import Wanted

app = typer.Typer(no_args_is_help=True)
secrets_app = typer.Typer(help="站点的密钥文件（用 ansible-vault 加密）。", no_args_is_help=True)
app.add_typer(fleet_app, name="fleet")
app.add_typer(secrets_app, name="secrets")
console = Console(highlight=False)

Host = Annotated[
    str | None, typer.Option("--host", metavar="ADDR", help="工控机地址，代替站点配置中的 host。")
]
MachineName = Annotated[
    str | None, typer.Option("--machine", help="只处理这一台工控机（站点配置中的名称）。")
]
Bundle = Annotated[
    Path | None,
    typer.Option(
        "--bundle", help="运行程序的安装包，或没有互联网的站点用的离线安装包；不给则现做。"
    ),
]
Log = Annotated[Path | None, typer.Option("--log", help="完整日志写到这个文件（只有本人可读）。")]
Inventories = Annotated[
    list[Path] | None,
    typer.Option("--inventory", help="另加的 Ansible 清单，如试验台的变量；可写多次。"),
]


@app.command()
def provision(
    profile: ProfileFile,
    host: Host = None,
    machine: MachineName = None,
    limit: Limit = None,
    check: Annotated[
        bool, typer.Option("--check", help="只显示将要改动什么，不做任何改动。")
    ] = False,
    user: User = "root",
    key: Key = None,
    ask_become_pass: AskBecomePass = False,
    secrets: SecretsFile = None,
    vault_password_file: VaultPasswordFile = None,
    bundle: Bundle = None,
    log: Log = None,
    inventory: Inventories = None,
    accept_new_host_key: Annotated[
        bool,
        typer.Option("--accept-new-host-key", help="工控机重装或改名后，接受它现在的主机密钥。"),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """把装好 Debian 13 的工控机安装成门禁设备；可重复执行。"""
    from appliance.provisioning.progress import Progress, closing_lines
    from appliance.provisioning.working import PlayOptions, play_of, run_and_show

    wanted = _wanted(
        profile, host, machine, limit, user, key, ask_become_pass, secrets, vault_password_file
    )
    wanted = replace(wanted, accept_new_host_key=accept_new_host_key)
    options = PlayOptions("provision", check, bundle, log, tuple(inventory or ()))
    with play_of(wanted, options) as play:
        view = Console(highlight=False, stderr=as_json)
        names = [box.name for box in play.reach.boxes]
        outcome = run_and_show(play, Progress(view, names, check=check))
        if as_json:
            typer.echo(json.dumps(outcome.as_dict() | {"log": str(play.log)}, ensure_ascii=False))
        else:
            lines = closing_lines(outcome, play.reach.boxes, str(play.log), check=check)
            typer.echo("\n".join(lines))
    raise typer.Exit(0 if outcome.ok else 1)


@app.command()
def drift(
    profile: ProfileFile,
    host: Host = None,
    machine: MachineName = None,
    limit: Limit = None,
    user: User = "root",
    key: Key = None,
    ask_become_pass: AskBecomePass = False,
    secrets: SecretsFile = None,
    vault_password_file: VaultPasswordFile = None,
    bundle: Bundle = None,
    log: Log = None,
    inventory: Inventories = None,
    as_json: AsJson = False,
) -> None:
    """比较工控机与站点配置，不做改动。

    退出码：0 一致，1 有不同，2 无法比较。
    """
    from appliance.provisioning import drift as drifting
    from appliance.provisioning.progress import Progress
    from appliance.provisioning.remedies import fault_lines
    from appliance.provisioning.working import PlayOptions, play_of, run_and_show

    wanted = _wanted(
        profile, host, machine, limit, user, key, ask_become_pass, secrets, vault_password_file
    )
    options = PlayOptions("drift", True, bundle, log, tuple(inventory or ()))
    with play_of(wanted, options) as play:
        view = Console(highlight=False, stderr=True)
        names = [box.name for box in play.reach.boxes]
        outcome = run_and_show(play, Progress(view, names, check=True))
        found = drifting.differences(outcome)
        if as_json:
            typer.echo(json.dumps(outcome.as_dict() | {"log": str(play.log)}, ensure_ascii=False))
        else:
            if found:
                console.print(drifting.as_table(found))
            for box in play.reach.boxes:
                fault = outcome.machines[box.name].fault
                for line in fault_lines(box.name, box.address, fault) if fault else ():
                    typer.echo(line)
            code = drifting.exit_code(outcome)
            said = ("与站点配置一致。", f"共 {len(found)} 处不同。", "没有比较完，不能下结论。")[
                code
            ]
            typer.echo(f"{said}完整日志：{play.log}")
    raise typer.Exit(drifting.exit_code(outcome))


@app.command()
def verify(
    profile: ProfileFile,
    host: Host = None,
    machine: MachineName = None,
    limit: Limit = None,
    role: Annotated[
        list[str] | None, typer.Option("--role", help="只检查这个角色，可写多次。")
    ] = None,
    user: User = "root",
    key: Key = None,
    log: Log = None,
    as_json: AsJson = False,
) -> None:
    """在工控机上逐项核对各角色的成果，列成表。

    退出码：0 全部通过，1 有不通过，2 无法核对。
    """
    from appliance.clock import SystemClock
    from appliance.provisioning import verification
    from appliance.provisioning.session import session

    wanted = _wanted(profile, host, machine, limit, user, key)
    with session(wanted, with_secrets=False) as ready, console.status("核对中…"):
        file = log or ready.state.log_file("verify", SystemClock().now())
        checks = verification.verify(ready.reach, profile, file, tuple(role or ()))
    if as_json:
        typer.echo(json.dumps(verification.as_dicts(checks), ensure_ascii=False))
    else:
        console.print(verification.as_table(checks))
        bad = sum(not check.ok for check in checks)
        said = f"{bad} 项不通过" if bad else "没有不通过的"
        typer.echo(f"共 {len(checks)} 项，{said}。完整日志：{file}")
    raise typer.Exit(verification.exit_code(checks))


@secrets_app.command("list")
def secrets_list(
    profile: ProfileFile,
    secrets: SecretsFile = None,
    vault_password_file: VaultPasswordFile = None,
    as_json: AsJson = False,
) -> None:
    """站点配置用到哪些密钥，密钥文件里有没有；不显示内容。

    退出码：0 齐全，1 有缺。
    """
    from appliance.profile.loading import load_profile
    from appliance.profile.secrets import named_secrets
    from appliance.provisioning.places import site_name, vault_file
    from appliance.provisioning.vault import read_vault

    wanted = named_secrets(load_profile(profile))
    file = secrets or vault_file(site_name(profile))
    values = read_vault(file, wanted, vault_password_file)
    here = {name: bool(values.get(name, "").strip()) for name in wanted}
    if as_json:
        typer.echo(json.dumps({"file": str(file), "secrets": here}, ensure_ascii=False))
    else:
        for name, known in here.items():
            typer.echo(f"{name}  {'有' if known else '缺少'}")
    raise typer.Exit(0 if all(here.values()) else 1)


@secrets_app.command("edit")
def secrets_edit(profile: ProfileFile, secrets: SecretsFile = None) -> None:
    """用编辑器填写密钥，每行“名称: 密码”；没有密钥文件则新建，列好要填的名称。"""
    from appliance.profile.loading import load_profile
    from appliance.profile.secrets import named_secrets
    from appliance.provisioning.places import site_name, vault_file
    from appliance.provisioning.vault import edit_vault

    wanted = named_secrets(load_profile(profile))
    edit_vault(secrets or vault_file(site_name(profile)), wanted)


def _wanted(
    profile: Path,
    host: str | None,
    machine: str | None,
    limit: list[str] | None,
    user: str,
    key: Path | None,
    ask_become_pass: bool = False,
    secrets: Path | None = None,
    vault_password_file: Path | None = None,
) -> "Wanted":
    from appliance.provisioning.places import source_tree

    source_tree()  # a box has no Ansible: say so before it is looked for
    from appliance.provisioning.reach import Account
    from appliance.provisioning.session import Wanted

    return Wanted(
        profile_file=profile,
        host=host,
        machine=machine,
        limit=limit or (),
        account=Account(user, key),
        ask_become_pass=ask_become_pass,
        secrets_file=secrets,
        vault_password_file=vault_password_file,
    )
