"""What a box is installed from."""

import json
from pathlib import Path
from typing import Annotated

import typer

from appliance.cli.shared import (
    AsJson,
)
from appliance.models import ModelStore
from appliance.profile.loading import load_profile
from appliance.profile.model import Reader

app = typer.Typer()
bundle_app = typer.Typer(
    help="What a box is installed from, without a network.", no_args_is_help=True
)
app.add_typer(bundle_app, name="bundle")


@bundle_app.command("build")
def bundle_build(
    out: Annotated[Path, typer.Option("--out", help="Folder to write the bundle (.tar) into.")],
    profile: Annotated[
        list[Path] | None,
        typer.Option("--profile", help="Take the models that this site needs; may be repeated."),
    ] = None,
    reader: Annotated[
        list[Reader] | None,
        typer.Option("--reader", help="Take the models of this reader; may be repeated."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Build what a box is installed from: wheels by hash, models, manifest."""
    from appliance.bundle import build_bundle
    from appliance.caches import cache_folder
    from appliance.runtime.vision.readers import MODELS

    readers = {*(reader or ()), *(load_profile(file).recognition.reader for file in profile or ())}
    models = [name for kind in sorted(readers or {Reader.OWN}) for name in MODELS[kind]]
    built = build_bundle(
        out,
        dict.fromkeys(models),
        store=ModelStore.default(),
        cache=cache_folder("bundle"),
        say=lambda text: typer.echo(text, err=True),
    )
    told = {"path": str(built.path), "release": built.release}
    typer.echo(json.dumps(told) if as_json else f"{built.path}")
