"""The verbs `gatehouse fleet …`: one short function each, no logic."""

import json
from collections.abc import Sequence
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
from appliance.trouble import Trouble

if TYPE_CHECKING:
    from appliance.provisioning.fleet.sites import Login
    from appliance.provisioning.fleet.waves import Work

app = typer.Typer(help="日常维护：一次处理多台工控机，分批进行。", no_args_is_help=True)
console = Console(highlight=False)

Profiles = Annotated[list[Path], typer.Argument(metavar="PROFILE…", help="站点配置，可写多个。")]
Wave = Annotated[
    int, typer.Option("--wave", min=1, help="每批几台；一批中有一台不正常，就不再继续。")
]


@app.command()
def status(
    profiles: Profiles,
    limit: Limit = None,
    user: User = "root",
    key: Key = None,
    ask_become_pass: AskBecomePass = False,
    as_json: AsJson = False,
) -> None:
    """每台工控机运行哪个版本，是否正常。

    退出码：0 都正常，1 有不正常的。
    """
    from appliance.provisioning.fleet import actions

    login = _login(limit, user, key, ask_become_pass)
    _do(profiles, login, actions.status(), wave=1000, as_json=as_json)


@app.command()
def upgrade(
    profiles: Profiles,
    bundle: Annotated[
        Path, typer.Option("--bundle", help="安装包（.tar），用 bundle build 制作。")
    ],
    limit: Limit = None,
    wave: Wave = 1,
    user: User = "root",
    key: Key = None,
    ask_become_pass: AskBecomePass = False,
    as_json: AsJson = False,
) -> None:
    """升级到安装包的版本；不正常的工控机会自动换回原版本，后面的不再升级。"""
    from appliance.provisioning.fleet import actions

    if not bundle.is_file():
        raise Trouble(f"没有安装包 {bundle}。请核对 --bundle 的路径。")
    login = _login(limit, user, key, ask_become_pass)
    _do(profiles, login, actions.upgrade(bundle.resolve()), wave=wave, as_json=as_json)


@app.command()
def rollback(
    profiles: Profiles,
    limit: Limit = None,
    wave: Wave = 1,
    user: User = "root",
    key: Key = None,
    ask_become_pass: AskBecomePass = False,
    as_json: AsJson = False,
) -> None:
    """回退到上一个正常运行过的版本。"""
    from appliance.provisioning.fleet import actions

    login = _login(limit, user, key, ask_become_pass)
    _do(profiles, login, actions.rollback(), wave=wave, as_json=as_json)


@app.command()
def rotate(
    profile: ProfileFile,
    name: Annotated[str, typer.Argument(metavar="NAME", help="密钥名称。")],
    limit: Limit = None,
    wave: Wave = 1,
    user: User = "root",
    key: Key = None,
    ask_become_pass: AskBecomePass = False,
    secrets: SecretsFile = None,
    vault_password_file: VaultPasswordFile = None,
    as_json: AsJson = False,
) -> None:
    """把密钥文件中一个密钥的新值送到各工控机并重启程序。

    先用 secrets edit 改好。
    """
    from appliance.profile.loading import load_profile
    from appliance.provisioning.fleet import actions
    from appliance.provisioning.places import site_name, vault_file
    from appliance.provisioning.vault import open_vault

    site = load_profile(profile)
    file = secrets or vault_file(site_name(profile))
    values = open_vault(site, file, vault_password_file).values
    if name not in values:
        raise Trouble(f"站点配置没有用到密钥“{name}”。可选：{'、'.join(sorted(values))}。")
    login = _login(limit, user, key, ask_become_pass)
    _do([profile], login, actions.rotate(name, values[name]), wave=wave, as_json=as_json)


@app.command()
def support(
    profiles: Profiles,
    out: Annotated[Path, typer.Option("--out", help="存放的目录，每台一个文件。")] = Path(
        "support"
    ),
    limit: Limit = None,
    user: User = "root",
    key: Key = None,
    ask_become_pass: AskBecomePass = False,
    as_json: AsJson = False,
) -> None:
    """收集日志、版本和统计，供远程排查；不含密码、照片和车牌。"""
    from appliance.provisioning.fleet import actions

    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    login = _login(limit, user, key, ask_become_pass)
    _do(profiles, login, actions.support(out.resolve()), wave=1000, as_json=as_json)


def _login(limit: list[str] | None, user: str, key: Path | None, ask: bool) -> "Login":
    from appliance.provisioning.places import source_tree

    source_tree()  # a box has no pyinfra: say so before it is looked for
    from appliance.provisioning.fleet.sites import Login
    from appliance.provisioning.reach import Account

    return Login(Account(user, key), tuple(limit or ()), ask)


def _do(
    profiles: Sequence[Path], login: "Login", work: "Work", *, wave: int, as_json: bool
) -> None:
    """Do the work in waves, a line a box as it is done; ends the command with its exit code."""
    from appliance.provisioning.fleet.sites import members_of
    from appliance.provisioning.fleet.telling import Telling
    from appliance.provisioning.fleet.waves import in_waves

    with members_of(profiles, login) as (members, password):
        telling = Telling(members)
        for answers in in_waves(members, wave, work.as_sudo(password)):
            for answer in answers:
                line = telling.take(answer)
                typer.echo(line, err=as_json)
    if as_json:
        typer.echo(json.dumps(telling.as_dict(), ensure_ascii=False))
    else:
        typer.echo(telling.conclusion())
    raise typer.Exit(0 if telling.ok else 1)
