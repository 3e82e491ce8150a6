"""The cameras' own settings."""

import json
from typing import Annotated

import typer

from appliance.cli.shared import MachineOption, ProfileOption, part_of_site
from appliance.clock import SystemClock
from appliance.options import AsJson
from appliance.profile.loading import load_profile
from appliance.profile.secrets import SecretStore
from appliance.trouble import Trouble

app = typer.Typer()
cameras_app = typer.Typer(help="相机自身的设置（通过 ONVIF）。", no_args_is_help=True)
app.add_typer(cameras_app, name="cameras")


@cameras_app.command(
    "configure",
    help="设置相机的时钟、对时和屏幕字符，核对码流。\n\n退出码：0 正常，1 有需人工处理的。",
)
def cameras_configure(
    profile: ProfileOption,
    machine: MachineOption = None,
    dry: Annotated[
        bool, typer.Option("--check", help="只显示将要改动什么，不做任何改动。")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Set clock, NTP and text of the cameras, check their streams; 1 when hands are needed."""
    from appliance.cameras import State, configure_cameras
    from appliance.cameras.report import summary

    site = load_profile(profile)
    if machine is None and len(site.machines) > 1:
        raise Trouble("站点有多台工控机，请用 --machine 写明本机的名称。")
    site = part_of_site(site, machine or site.machines[0].name)
    reports = configure_cameras(site, SecretStore.of_this_machine(), SystemClock(), dry=dry)
    if as_json:
        typer.echo(json.dumps([each.as_dict() for each in reports], ensure_ascii=False))
    else:
        for report in reports:
            typer.echo(report.as_text())
        typer.echo(summary(reports))
    raise typer.Exit(1 if any(each.state.rank >= State.LEFT.rank for each in reports) else 0)
