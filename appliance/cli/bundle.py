"""What a box is installed from."""

import json
from pathlib import Path
from typing import Annotated

import typer

from appliance.models import ModelStore
from appliance.options import AsJson
from appliance.profile.loading import load_profile
from appliance.profile.model import Reader

app = typer.Typer()
bundle_app = typer.Typer(help="安装包：没有网络也能安装工控机。", no_args_is_help=True)
app.add_typer(bundle_app, name="bundle")


@bundle_app.command("build", help="制作安装包：软件包（逐个核对摘要）、识别模型和清单。")
def bundle_build(
    out: Annotated[Path, typer.Option("--out", help="安装包（.tar）写到这个目录。")],
    profile: Annotated[
        list[Path] | None,
        typer.Option("--profile", help="放进这份站点配置需要的识别模型，可写多次。"),
    ] = None,
    reader: Annotated[
        list[Reader] | None,
        typer.Option("--reader", help="放进这个识别器的模型，可写多次。"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Build what a box is installed from: wheels by hash, models, manifest."""
    from appliance.bundle import build_bundle
    from appliance.caches import cache_folder
    from appliance.models.readers import models_of

    readers = {*(reader or ()), *(load_profile(file).recognition.reader for file in profile or ())}
    store = ModelStore.default()
    models = [name for kind in sorted(readers or {Reader.OWN}) for name in models_of(kind, store)]
    built = build_bundle(
        out,
        dict.fromkeys(models),
        store=store,
        cache=cache_folder("bundle"),
        say=lambda text: typer.echo(text, err=True),
    )
    told = {"path": str(built.path), "release": built.release}
    typer.echo(json.dumps(told) if as_json else f"{built.path}")
