"""The verbs of images: one short function each, no logic."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

app = typer.Typer(help="工控机的磁盘镜像：逐字节可重现。", no_args_is_help=True)
console = Console(highlight=False)


@app.command()
def build(
    profile: Annotated[
        Path | None,
        typer.Argument(metavar="[PROFILE]", help="放进镜像的站点配置；不给则首次启动时读取。"),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="镜像写到这个目录。")] = Path("var/image"),
    machine: Annotated[
        str | None, typer.Option("--machine", help="镜像用于哪台工控机（站点有多台时）。")
    ] = None,
    rules: Annotated[
        list[Path] | None,
        typer.Option("--rules", help="放进离线安装包的 Suricata 规则文件，可写多次。"),
    ] = None,
    root_only: Annotated[
        bool, typer.Option("--root-only", help="只做根文件系统包，不做磁盘镜像和离线安装包。")
    ] = False,
) -> None:
    """制作磁盘镜像、根文件系统包和离线安装包。

    同一锁文件两次制作，逐字节相同。
    """
    from appliance.caches import cache_folder
    from appliance.imaging.build import Wanted, build_image
    from appliance.imaging.packages import IMAGES, PackageStore

    whole = not root_only
    wanted = Wanted(profile, machine, out, tuple(rules or ()), whole, whole)
    store = PackageStore(cache_folder(IMAGES) / "packages")
    image = build_image(wanted, store, lambda text: console.print(text, markup=False))
    for file in image.files:
        typer.echo(str(file))


@app.command()
def lock(
    refresh: Annotated[
        bool, typer.Option("--refresh", help="与软件源今天的版本比较，列出变化。")
    ] = False,
    write: Annotated[
        bool, typer.Option("--write", help="与 --refresh 一起：把变化写进锁文件。")
    ] = False,
) -> None:
    """镜像的 Debian 软件包锁文件。

    退出码：0 没有变化，1 有变化（没有写入）。
    """
    from appliance.imaging import relocking
    from appliance.imaging.build import recipe_lock

    if not refresh:
        known = recipe_lock()
        typer.echo(f"{len(known.packages)} 个软件包，摘要 {known.digest}")
        return
    changes = relocking.refresh(write=write)
    for change in changes:
        typer.echo(change.sentence())
    typer.echo(f"共 {len(changes)} 处变化{'，已写入' if changes and write else ''}。")
    raise typer.Exit(1 if changes and not write else 0)
