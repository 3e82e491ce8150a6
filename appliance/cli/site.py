"""A site as a whole: its profile checked, its demo, its box, the platform it reports to."""

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from appliance import __version__
from appliance.cli.shared import MachineOption, ProfileOption, console, part_of_site, stop_on_signal
from appliance.options import AsJson, ProfileFile
from appliance.profile.loading import check_profile, load_profile
from appliance.profile.model import Reader
from appliance.profile.report import faults_as_json, format_faults
from appliance.trouble import Trouble

app = typer.Typer()


@app.command(help="显示版本号。")
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


@app.command(
    help="检查站点配置：每处错误在哪一行、错在哪里、应怎样写。\n\n退出码：0 没有错误，2 有错误。"
)
def check(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="站点配置（YAML），可写多个。")
    ],
    as_json: AsJson = False,
) -> None:
    """Check site profiles; every fault with file, line, key, what is wrong and what is allowed."""
    from appliance.runtime.video.plan import plan

    faulty = False
    for file in files:
        profile, faults = check_profile(file)
        faulty = faulty or bool(faults)
        # Sizes that the profile states are faults already; of assumed ones it is said.
        notes = plan(profile).sentences() if profile else []
        if as_json:
            typer.echo(faults_as_json(file, faults, notes))
        else:
            typer.echo(format_faults(file, faults, notes), nl=False)
    raise typer.Exit(2 if faulty else 0)


@app.command(help="在本机演示整个站点：相机、道闸和平台都是模拟的，不需要硬件。")
def demo(
    once: Annotated[bool, typer.Option("--once", help="每辆车通行一次，给出小结后结束。")] = False,
    images: Annotated[
        Path | None,
        typer.Option("--images", help="改用真实照片：真值表（TSV，列名 file、plate、colour）。"),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", min=1, help="最多多少辆车；模拟的车辆按每条车道计。"),
    ] = None,
    reader: Annotated[
        Reader | None, typer.Option("--reader", help="用这个识别器，代替站点配置中的。")
    ] = None,
    profile: ProfileOption = Path("site_profiles/demo.yaml"),
    root: Annotated[Path, typer.Option("--root", help="演示数据的目录，启动时清空。")] = Path(
        "var/demo"
    ),
) -> None:
    """Bring a whole site to life on this machine: cameras, relays, platform, appliance."""
    from acceptance_kit.demo.run import DemoOptions, run_demo

    options = DemoOptions(profile, root, once=once, images=images, limit=limit, reader=reader)
    raise typer.Exit(run_demo(options, console))


@app.command(help="运行本机的全部程序（由 supervisor 看管）。")
def up(
    profile_file: ProfileFile,
    with_parent: Annotated[
        bool, typer.Option("--with-parent", help="启动它的程序结束时，它也结束。")
    ] = False,
    machine: MachineOption = None,
) -> None:
    """Run the box of a profile: supervisor with every program (4.5.1-6)."""
    from appliance.runtime.supervision import UMASK, become_supervisor, write_configuration

    os.umask(UMASK)
    profile = part_of_site(load_profile(profile_file), machine)
    configuration = write_configuration(profile, profile_file, machine)
    become_supervisor(configuration, with_parent=with_parent)


@app.command(help="本机回退到上一个正常运行过的版本（须用 root 账号）。")
def rollback() -> None:
    """Go back to the release that ran well before, on this box (as root)."""
    tool = "/opt/gatehouse/bin/gatehouse-release"
    if not Path(tool).is_file():
        raise Trouble("本机不是由 gatehouse provision 安装的，没有可回退的版本。")
    os.execv(tool, [tool, "rollback"])  # noqa: S606 - no shell is wanted


@app.command(help="单独运行参考平台（HJ 212 服务端），供试验；不加选项则从严。")
def platform(
    profile: Annotated[Path, typer.Option("--profile", help="认这份站点配置的 MN。")] = Path(
        "site_profiles/demo.yaml"
    ),
    mn: Annotated[
        list[str] | None, typer.Option("--mn", help="不用站点配置，改认这个 MN，可写多次。")
    ] = None,
    host: Annotated[str, typer.Option(help="监听的地址。")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="监听的 TCP 端口；0 为任选。")
    ] = 19212,
    database: Annotated[Path, typer.Option(help="收到的报文存入这个文件。")] = Path(
        "var/platform.sqlite3"
    ),
    lax: Annotated[
        bool, typer.Option("--lax", help="从宽：凡能看懂的都收；不加则从严。下列各项可再单独改。")
    ] = False,
    body: Annotated[
        Literal["literal", "cp", "any"] | None,
        typer.Option(help="字段位置：literal 在报文顶层，cp 在 CP 之内，any 都收。"),
    ] = None,
    crc: Annotated[
        Literal["computed", "constant", "unchecked"] | None,
        typer.Option(help="CRC：computed 核对附录 A，constant 只认 A9C1，unchecked 不核对。"),
    ] = None,
    length: Annotated[
        Literal["computed", "constant", "unchecked"] | None,
        typer.Option(help="长度字段：computed 核对，constant 只认 0325，unchecked 不核对。"),
    ] = None,
    longest_segment: Annotated[
        int | None, typer.Option(min=64, help="数据段最多多少字节，如 1024 或 9999。")
    ] = None,
    packets: Annotated[
        bool | None, typer.Option("--packets/--no-packets", help="是否合并分包（PNUM、PNO）。")
    ] = None,
    photos: Annotated[
        int | None, typer.Option(min=1, max=2, help="一次通行要收几条各带照片的报文才算完整。")
    ] = None,
    dictionary: Annotated[
        Literal["codes", "names", "any"] | None,
        typer.Option(help="第 8 章字典值：codes 只认代码，names 只认名称，any 都收。"),
    ] = None,
    dates: Annotated[
        Literal["compact", "dashed", "any"] | None,
        typer.Option(help="日期：compact 按 7.3，dashed 按 6.2.3，any 都收。"),
    ] = None,
    photo_words: Annotated[
        Literal["off", "as-written", "any-case"] | None,
        typer.Option(help="是否在照片的 Base64 里查高危字符（6.2.5）：不查、按小写、不分大小写。"),
    ] = None,
    reply: Annotated[
        str | None,
        typer.Option(
            help="应答形式：9014、9014-bare、9014-exertn、9014-no-qn、9012、number、"
            "number-frame、json、text。"
        ),
    ] = None,
    mn_length: Annotated[int | None, typer.Option(min=1, help="MN 最多多少字符。")] = None,
    hj212_version: Annotated[
        Literal["2017", "2025", "any"] | None,
        typer.Option("--version", help="协议版本（Flag）：2017、2025，any 都收。"),
    ] = None,
) -> None:
    """Run the reference platform alone: an HJ 212 server for trials, strict unless told."""
    from acceptance_kit.peers.platform.command import listen, variant_of

    variant = variant_of(
        lax=lax,
        body=body,
        crc=crc,
        length=length,
        longest_segment=longest_segment,
        packets=packets,
        photos=photos,
        dictionary=dictionary,
        dates=dates,
        photo_words=photo_words,
        reply=reply,
        mn_length=mn_length,
        version=hj212_version,
    )
    known = set(mn) if mn else {load_profile(profile).mn}
    listen(host, port, database, known, typer.echo, stop_on_signal(), variant=variant)
