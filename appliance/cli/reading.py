"""Reading plates: photos, models, a lane and its camera."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Column, Table

from appliance.cli.shared import BarrierNumber, console
from appliance.clock import SystemClock
from appliance.models import ModelMissing, ModelStore, locked_models
from appliance.models.readers import WHOLE_HYPERLPR3, models_of
from appliance.options import AsJson, ProfileFile
from appliance.profile.loading import load_profile
from appliance.profile.model import Reader
from appliance.profile.secrets import SecretStore
from appliance.trouble import Trouble

if TYPE_CHECKING:
    from appliance.runtime.vision.reading import PlateReader

app = typer.Typer()
models_app = typer.Typer(help="本机的识别模型。", no_args_is_help=True)
app.add_typer(models_app, name="models")
lane_app = typer.Typer(help="车道和它的相机。", no_args_is_help=True)
app.add_typer(lane_app, name="lane")


@app.command(help="识别照片中的车牌；或按真值表统计识别率和准确率。")
def read(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]…", help="照片文件，可写多个。")
    ] = None,
    reader: Annotated[Reader, typer.Option("--reader", help="用哪个识别器。")] = Reader.OWN,
    truth: Annotated[
        Path | None,
        typer.Option(
            "--evaluate",
            help="按真值表（TSV，列名 file、plate、colour）统计，附 95 % 界限。",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read the plates in photos, best first; or tell how well a truth table's photos are read."""
    from appliance.runtime.vision.photo_files import read_photo_files

    if (truth is None) == (not files):
        raise Trouble("请给出照片文件，或者用 --evaluate 给出真值表，二者取一。")
    if truth is not None:
        raise typer.Exit(_evaluate(reader, truth, as_json))
    unreadable = False
    for answer in read_photo_files(_reader(reader), files or []):
        unreadable = unreadable or answer.trouble is not None
        typer.echo(
            json.dumps(answer.as_dict(), ensure_ascii=False) if as_json else answer.as_text()
        )
    raise typer.Exit(2 if unreadable else 0)


def _evaluate(kind: Reader, table: Path, as_json: bool) -> int:
    from appliance.runtime.vision.evaluation import evaluate, photos_of, read_truth
    from appliance.runtime.vision.photo_files import read_photo_files

    truth = read_truth(table)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        photos = progress.track(photos_of(truth), description="识别")
        evaluation = evaluate(truth, read_photo_files(_reader(kind), photos))
    for answer in evaluation.unreadable:
        typer.echo(answer.as_text(), err=True)
    if as_json:
        typer.echo(json.dumps(evaluation.as_dict(), ensure_ascii=False))
    else:
        console.print(evaluation.as_table())
    return 2 if evaluation.unreadable else 0


@lane_app.command("tune", help="看一条车道的画面：车道范围、车牌宽度、读到的车牌和忽略的原因。")
def lane_tune(
    profile_file: ProfileFile,
    barrier: BarrierNumber,
    image: Annotated[Path | None, typer.Option("--image", help="不看相机，看这张照片。")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="画好的图写到这个文件（PNG 或 JPEG）。")
    ] = None,
    accept_view: Annotated[
        bool,
        typer.Option("--accept-view", help="相机是有意转动的：解除“画面与原来不同”的报警。"),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Draw a lane's region, plate widths and the plates found; say which are ignored, and why."""
    from appliance.runtime.lane import tune
    from appliance.runtime.lane.memory import LaneMemory
    from appliance.runtime.lane.start import lane_of
    from appliance.runtime.vision.region import LaneArea

    site = load_profile(profile_file)
    lane = lane_of(site, barrier)
    if image is not None:
        picture = tune.file_picture(image)
    else:
        password = SecretStore.of_this_machine().resolve(lane.camera.password)
        picture = tune.camera_picture(lane, password, SystemClock())
    area = LaneArea.of(lane.barrier.view)
    recognition = site.recognition
    reader = _reader(recognition.reader)
    found = tune.plates_found(picture, area, reader, recognition.least_confidence)
    if out is not None:
        tune.write(out, tune.drawn(picture, area, found))
    if accept_view:  # only now: whoever is told of a trouble has accepted nothing
        LaneMemory(Path(site.storage.root), barrier).accept_view()
    if as_json:
        height, width = picture.shape[:2]
        plates = [one.as_dict() for one in found]
        answer = {"barrier": barrier, "width": width, "height": height, "plates": plates}
        typer.echo(json.dumps(answer, ensure_ascii=False))
        return
    for one in found:
        typer.echo(one.as_text())
    if not found:
        typer.echo("画面中没有读出车牌。")


@models_app.command("list", help="列出识别模型、许可证，以及本机有没有。")
def models_list(as_json: AsJson = False) -> None:
    """List the locked models, their licences, and whether they are here."""
    store = ModelStore.default()
    found = [store.find(name) for name in locked_models()]
    if as_json:
        rows = [
            item.model.model_dump(exclude={"package", "packaged", "shared", "hyperlpr3"})
            | {"path": str(item.path) if item.path else None, "note": item.note}
            for item in found
        ]
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    whole = [Column(title, overflow="fold") for title in ("许可证", "用途", "位置")]
    table = Table(Column("模型", no_wrap=True), Column("大小", no_wrap=True), *whole)
    for item in found:
        place = str(item.path) if item.path else f"缺少（{item.note}）"
        table.add_row(
            item.model.name,
            f"{item.model.size / 1e6:.1f} MB",
            item.model.licence,
            item.model.use,
            place,
        )
    console.print(table)


@models_app.command("fetch", help="下载识别器需要的模型并核对；已有的不再下载。")
def models_fetch(
    reader: Annotated[
        Reader, typer.Option("--reader", help="下载这个识别器需要的模型。")
    ] = Reader.OWN,
) -> None:
    """Fetch and verify the models that a reader needs; what is here already is kept."""
    store = ModelStore.default()
    here: dict[str, Path] = {}

    def bring(names: tuple[str, ...]) -> None:
        for name in names:
            if name not in here:
                here[name] = store.fetch(name, typer.echo)
                typer.echo(f"{name}: {here[name]}")

    if reader is Reader.HYPERLPR3:
        try:
            bring(WHOLE_HYPERLPR3)
        except ModelMissing as missing:
            instead = "少了它，hyperlpr3 只用其找车牌的模型，文字由另外两个模型读。"
            typer.echo(f"{missing}{instead}", err=True)
    bring(models_of(reader, store))


def _reader(kind: Reader) -> "PlateReader":
    from appliance.runtime.vision.readers import build_reader

    store = ModelStore.default()
    for name in models_of(kind, store):
        store.locate(name, fetched_by=f"gatehouse models fetch --reader {kind}")
    return build_reader(kind, store)
