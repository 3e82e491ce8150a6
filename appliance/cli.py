"""The command `gatehouse`: one short function a verb, no logic.

The command line alone joins the appliance with the acceptance kit. Exit codes: 0 done, 1 the answer
is no, 2 the question could not be asked (bad input, something missing).
"""

import json
import logging
import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from acceptance_kit.commands import app as acceptance_app
from appliance import __version__
from appliance.clock import SystemClock
from appliance.guideline.dictionaries import PlateColour, RaiseMethod
from appliance.imaging.commands import app as imaging_app
from appliance.models import ModelStore, locked_models
from appliance.profile.faults import ProfileFaults
from appliance.profile.loading import check_profile, load_profile
from appliance.profile.machines import named_machine
from appliance.profile.model import Dialect, Profile, Reader
from appliance.profile.report import faults_as_json, format_faults
from appliance.profile.secrets import SecretStore
from appliance.provisioning.commands import app as provisioning_app
from appliance.runtime.journal import Journal
from appliance.trouble import Trouble, failure_sentence

if TYPE_CHECKING:
    from appliance.runtime.vision.reading import PlateReader

app = typer.Typer(
    help="gatehouse：货运车辆智能环保门禁。Smart environmental gate appliance.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
run_app = typer.Typer(
    help="Run one program of the box (supervisor does this).", no_args_is_help=True
)
models_app = typer.Typer(help="The recognition models on this machine.", no_args_is_help=True)
journal_app = typer.Typer(help="The journal of passages.", no_args_is_help=True)
passage_app = typer.Typer(help="Correct a recorded passage.", no_args_is_help=True)
vehicles_app = typer.Typer(help="The vehicle register (Table 2).", no_args_is_help=True)
uplink_app = typer.Typer(help="The uplink to the authority's platform.", no_args_is_help=True)
lane_app = typer.Typer(help="A lane and its camera.", no_args_is_help=True)
storage_app = typer.Typer(help="保存期限与磁盘：规划、清理、核对。", no_args_is_help=True)
hj212_app = typer.Typer(help="HJ 212 messages as lines of text.", no_args_is_help=True)
bundle_app = typer.Typer(
    help="What a box is installed from, without a network.", no_args_is_help=True
)
cameras_app = typer.Typer(help="The cameras' own settings, over ONVIF.", no_args_is_help=True)
for name, part in {
    "run": run_app,
    "models": models_app,
    "journal": journal_app,
    "passage": passage_app,
    "vehicles": vehicles_app,
    "uplink": uplink_app,
    "storage": storage_app,
    "hj212": hj212_app,
    "lane": lane_app,
    "bundle": bundle_app,
    "cameras": cameras_app,
    "image": imaging_app,
}.items():
    app.add_typer(part, name=name)
app.add_typer(provisioning_app)  # their verbs stand beside these
app.add_typer(acceptance_app)

console = Console(highlight=False)
ProfileFile = Annotated[Path, typer.Argument(metavar="PROFILE", help="Site profile (YAML).")]
ProfileOption = Annotated[Path, typer.Option("--profile", help="Site profile (YAML).")]
DAY = ["%Y-%m-%d"]
MachineOption = Annotated[
    str | None,
    typer.Option("--machine", help="Only what this machine of the site serves, not all lanes."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
By = Annotated[str, typer.Option("--by", help="Who corrects.")]
Why = Annotated[str, typer.Option("--why", help="Why it is corrected.")]


def main() -> NoReturn:
    """Run the command; expected troubles become one sentence and exit code 2."""
    try:
        app()
    except ProfileFaults as faults:
        sys.stderr.write(format_faults(faults.path, faults.faults))
    except Trouble as trouble:
        sys.stderr.write(f"{trouble}\n")
    except (OSError, sqlite3.OperationalError) as error:
        sys.stderr.write(f"{failure_sentence(error)}\n")
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    raise SystemExit(2)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Site profiles.")],
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


@app.command()
def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Each vehicle passes once, then a summary.")
    ] = False,
    images: Annotated[
        Path | None,
        typer.Option(
            "--images", help="Truth table (file, plate, colour) of real photos to show instead."
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", min=1, help="At most so many vehicles (a lane, when drawn)."),
    ] = None,
    reader: Annotated[
        Reader | None, typer.Option("--reader", help="Plate reader instead of the profile's.")
    ] = None,
    profile: ProfileOption = Path("site_profiles/demo.yaml"),
    root: Annotated[
        Path, typer.Option("--root", help="Where the demo keeps its data; emptied at start.")
    ] = Path("var/demo"),
) -> None:
    """Bring a whole site to life on this machine: cameras, relays, platform, appliance."""
    from acceptance_kit.demo.run import DemoOptions, run_demo

    options = DemoOptions(profile, root, once=once, images=images, limit=limit, reader=reader)
    raise typer.Exit(run_demo(options, console))


@app.command()
def up(
    profile_file: ProfileFile,
    with_parent: Annotated[
        bool, typer.Option("--with-parent", help="End when the program that started this ends.")
    ] = False,
    machine: MachineOption = None,
) -> None:
    """Run the box of a profile: supervisor with every program (4.5.1-6)."""
    from appliance.runtime.supervision import UMASK, become_supervisor, write_configuration

    os.umask(UMASK)
    profile = _part(load_profile(profile_file), machine)
    configuration = write_configuration(profile, profile_file, machine)
    become_supervisor(configuration, with_parent=with_parent)


@app.command()
def rollback() -> None:
    """Go back to the release that ran well before, on this box (as root)."""
    tool = "/opt/gatehouse/bin/gatehouse-release"
    if not Path(tool).is_file():
        raise Trouble("本机不是由 gatehouse provision 安装的，没有可回退的版本。")
    os.execv(tool, [tool, "rollback"])  # noqa: S606 - no shell is wanted


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
    models = [name for kind in sorted(readers or {Reader.OCR}) for name in MODELS[kind]]
    built = build_bundle(
        out,
        dict.fromkeys(models),
        store=ModelStore.default(),
        cache=cache_folder("bundle"),
        say=lambda text: typer.echo(text, err=True),
    )
    told = {"path": str(built.path), "release": built.release}
    typer.echo(json.dumps(told) if as_json else f"{built.path}")


@cameras_app.command("configure")
def cameras_configure(
    profile: ProfileOption,
    machine: MachineOption = None,
    dry: Annotated[bool, typer.Option("--check", help="Only say what would be changed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Set clock, NTP and text of the cameras, check their streams; 1 when hands are needed."""
    from appliance.cameras import State, configure_cameras
    from appliance.cameras.report import summary

    site = load_profile(profile)
    if machine is None and len(site.machines) > 1:
        raise Trouble("站点有多台工控机，请用 --machine 写明本机的名称。")
    site = _part(site, machine or site.machines[0].name)
    reports = configure_cameras(site, SecretStore.of_this_machine(), SystemClock(), dry=dry)
    if as_json:
        typer.echo(json.dumps([each.as_dict() for each in reports], ensure_ascii=False))
    else:
        for report in reports:
            typer.echo(report.as_text())
        typer.echo(summary(reports))
    raise typer.Exit(1 if any(each.state.rank >= State.LEFT.rank for each in reports) else 0)


@app.command()
def platform(
    profile: Annotated[
        Path, typer.Option("--profile", help="Know the MN of this site profile.")
    ] = Path("site_profiles/demo.yaml"),
    mn: Annotated[
        list[str] | None, typer.Option("--mn", help="Know this MN instead; may be repeated.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="TCP port; 0 takes any.")] = 19212,
    database: Annotated[Path, typer.Option(help="Where it keeps what it got.")] = Path(
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
    listen(host, port, database, known, typer.echo, _stop_on_signal(), variant=variant)


@app.command()
def read(
    files: Annotated[list[Path] | None, typer.Argument(metavar="[FILE]…", help="Photos.")] = None,
    reader: Annotated[
        Reader, typer.Option("--reader", help="Which chain of models reads.")
    ] = Reader.OCR,
    truth: Annotated[
        Path | None,
        typer.Option(
            "--evaluate",
            help="Truth table (TSV: file, plate, colour): print rate and accuracy, 95 % bounds.",
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


@run_app.command("lane")
def run_lane(
    barrier: Annotated[str, typer.Argument(help="Barrier number, such as A01.")],
    profile: ProfileOption,
    machine: MachineOption = None,
) -> None:
    """Run one lane: camera, recognition, admission, journal, barrier."""
    from appliance.runtime.lane.start import start_lane

    with _program(f"lane-{barrier}", profile, machine) as (site, stop):
        start_lane(site, barrier, SecretStore.of_this_machine(), SystemClock(), stop)


@run_app.command("uplink")
def run_uplink_program(profile: ProfileOption, machine: MachineOption = None) -> None:
    """Run the uplink: the outbox to the platform, until each message is acknowledged."""
    from appliance.runtime.uplink.sender import run_uplink

    with _program("uplink", profile, machine) as (site, stop), _journal(site) as journal:
        run_uplink(site, journal, SystemClock(), stop, SecretStore.of_this_machine())


@run_app.command("web")
def run_web(profile: ProfileOption, machine: MachineOption = None) -> None:
    """Run the status page."""
    from appliance.runtime.web import serve

    with _program("web", profile, machine) as (site, stop):
        serve(site, SystemClock(), stop)


@run_app.command("entry")
def run_entry(profile: ProfileOption, machine: MachineOption = None) -> None:
    """Run the page on which gatekeepers enter what the camera could not read."""
    from appliance.runtime.web import serve_entry

    with _program("entry", profile, machine) as (site, stop):
        serve_entry(site, SecretStore.of_this_machine(), SystemClock(), stop)


@lane_app.command("tune")
def lane_tune(
    profile_file: ProfileFile,
    barrier: Annotated[str, typer.Argument(help="Barrier number, such as A01.")],
    image: Annotated[
        Path | None, typer.Option("--image", help="Look at this photo instead of the camera.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Where to draw the picture (PNG or JPEG).")
    ] = None,
    accept_view: Annotated[
        bool,
        typer.Option("--accept-view", help="The camera was meant to be turned: end that alarm."),
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
    if accept_view:
        LaneMemory(Path(site.storage.root), barrier).accept_view()
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


@run_app.command("crashes")
def run_crashes(profile: ProfileOption, machine: MachineOption = None) -> None:
    """Note in the journal which program ended by itself; supervisord tells on standard input."""
    from appliance.runtime.crashes import CrashBook, listen

    with _program("crashes", profile, machine) as (site, stop):
        book = CrashBook(Path(site.storage.root), SystemClock())
        listen(sys.stdin.fileno(), sys.stdout.fileno(), book, stop)


@run_app.command("sweeper")
def run_sweeper_program(profile: ProfileOption, machine: MachineOption = None) -> None:
    """Run the sweeper: delete what was kept for its term, keep the disks from filling up."""
    from appliance.runtime.video.process import run_sweeper

    with _program("sweeper", profile, machine) as (site, stop), _journal(site) as journal:
        run_sweeper(site, journal, SystemClock(), stop)


@run_app.command("recorder")
def run_recorder_program(profile: ProfileOption, machine: MachineOption = None) -> None:
    """Run the recorder: every camera's video, and the clip of each passage (4.3-1, 4.5.3-3)."""
    from appliance.runtime.video.recorder_process import run_recorder

    with _program("recorder", profile, machine) as (site, stop):
        run_recorder(site, SecretStore.of_this_machine(), SystemClock(), stop)


@storage_app.command("plan")
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

    site = _part(load_profile(profile_file), machine)
    measured = None
    # This box's journal knows its own lanes only: of several machines it speaks for one.
    measurable = not assumed and len(site.machines) == 1
    if measurable and (Path(site.storage.root) / FILE_NAME).exists():
        with _journal(site, readonly=True) as journal:
            measured = measure(journal, SystemClock().now())
    made = plan(site, measured)
    if as_json:
        typer.echo(json.dumps(made.as_dict(), ensure_ascii=False))
    else:
        console.print(made.as_table())
        for sentence in [made.conclusion(), *made.sentences()]:
            typer.echo(sentence)
    raise typer.Exit(0 if made.fits else 1)


@storage_app.command("sweep")
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

    site, clock = _part(load_profile(profile), machine), SystemClock()
    with _journal(site, readonly=dry_run) as journal:
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


@storage_app.command("check")
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

    site = _part(load_profile(profile), machine)
    with _journal(site, readonly=not mend) as journal:
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


@app.command()
def evidence(
    numbers: Annotated[list[int], typer.Argument(metavar="PASSAGE…", help="通行记录的编号。")],
    profile: ProfileOption,
    out: Annotated[Path, typer.Option("--out", help="写入的目录，须为空或不存在。")],
) -> None:
    """Pack photos, clip, record and receipts of passages, with a SHA-256 manifest; 1 when any
    is missing or not as it was recorded."""
    from appliance.runtime.journal.evidence import gather, pack_folder

    with _journal(load_profile(profile), readonly=True) as journal:
        wrong = pack_folder(gather(journal, tuple(numbers), SystemClock().now()), out)
    for sentence in wrong:
        typer.echo(f"{sentence}。", err=True)
    typer.echo(f"已导出到 {out}；核对：cd {out} && sha256sum -c manifest.sha256")
    raise typer.Exit(1 if wrong else 0)


@models_app.command("list")
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
    table = Table("模型", "大小", "许可证", "用途", "位置")
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


@models_app.command("fetch")
def models_fetch(
    reader: Annotated[
        Reader, typer.Option("--reader", help="Fetch what this reader needs.")
    ] = Reader.OCR,
) -> None:
    """Fetch and verify the models that a reader needs; what is here already is kept."""
    from appliance.runtime.vision.readers import MODELS

    store = ModelStore.default()
    for name in MODELS[reader]:
        typer.echo(f"{name}: {store.fetch(name, typer.echo)}")


@journal_app.command("newest")
def journal_newest(
    profile: ProfileOption,
    machine: MachineOption = None,
    passages: Annotated[
        int, typer.Option("--passages", min=1, max=500, help="每个道闸看最近多少次通行。")
    ] = 20,
    as_json: AsJson = False,
) -> None:
    """What the acceptance asks: newest passages, photos, messages, video, programs; read only."""
    from appliance.runtime.journal.newest import as_lines, newest

    site = _part(load_profile(profile), machine)
    with _journal(site, readonly=True) as journal:
        told = newest(site, journal, SystemClock().now(), passages)
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        typer.echo("\n".join(as_lines(told)))


@journal_app.command("verify")
def journal_verify(
    profile: ProfileOption,
    expect_head: Annotated[
        str | None, typer.Option(help="A head noted earlier that the chain must hold.")
    ] = None,
    no_photos: Annotated[
        bool, typer.Option("--no-photos", help="Do not read the photo files.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Verify the chain of passages; names the first link changed, removed or put in."""
    with (
        _journal(load_profile(profile), readonly=True) as journal,
        console.status("核对中…") as status,
    ):
        result = journal.verify(
            check_photos=not no_photos,
            expect_head=expect_head,
            progress=lambda done, links: status.update(f"核对 {done}/{links} 环"),
        )
    if as_json:
        typer.echo(json.dumps(asdict(result), ensure_ascii=False))
    elif result.fault:
        typer.echo(result.fault.sentence)
    else:
        typer.echo(f"完好：共 {result.links} 环，链头 {result.head}")
    raise typer.Exit(1 if result.fault else 0)


@journal_app.command("facts")
def journal_facts(
    profile: ProfileOption,
    events_after: Annotated[
        int | None,
        typer.Option("--events-after", min=0, help="另列出此编号之后的事件，最多 200 条。"),
    ] = None,
    days: Annotated[
        int, typer.Option("--days", min=0, max=62, help="另列出近几天没有平台确认的时段。")
    ] = 0,
    least: Annotated[
        int, typer.Option("--least-minutes", min=1, max=1440, help="时段至少多少分钟才列出。")
    ] = 60,
) -> None:
    """How the box stands now, as one JSON object: heartbeats, outbox, newest passage, events."""
    with _journal(load_profile(profile), readonly=True) as journal:
        told = journal.facts().now(events_after)
        if days:
            told["silences"] = journal.facts().silences(days, timedelta(minutes=least))
    typer.echo(json.dumps(told, ensure_ascii=False))


@journal_app.command("passages")
def journal_passages(
    profile: ProfileOption,
    first: Annotated[datetime, typer.Option("--from", formats=DAY, help="起始日期（北京时间）。")],
    last: Annotated[
        datetime | None, typer.Option("--to", formats=DAY, help="截止日期；不填则到今天。")
    ] = None,
) -> None:
    """The passages of at most 62 days, a JSON object a line: reading, times, QNs, answers."""
    from appliance.runtime.journal.facts import MOST_DAYS

    until = last.date() if last else SystemClock().now().date()
    if not 0 <= (until - first.date()).days < MOST_DAYS:
        raise Trouble(f"{first.date()} 至 {until} 不是一段日期，或超过 {MOST_DAYS} 天。")
    with _journal(load_profile(profile), readonly=True) as journal:
        for passage in journal.facts().passages(first.date(), until):
            typer.echo(json.dumps(passage, ensure_ascii=False))


@passage_app.command("manual")
def passage_manual(number: int, profile: ProfileOption, by: By, why: Why = "人工抬杆") -> None:
    """Mark a passage whose barrier was raised by hand (手动, 4.5.1-10)."""
    _check_said(by, why)
    with _journal(load_profile(profile)) as journal:
        journal.correct(number, raise_method=RaiseMethod.MANUAL, by=by, why=why)
    typer.echo(f"通行记录 {number} 已标记为手动抬杆，将重新上报。")


@passage_app.command("plate")
def passage_plate(
    number: int,
    plate: str,
    colour: Annotated[PlateColour, typer.Argument(help="Plate colour, such as 黄牌.")],
    profile: ProfileOption,
    by: By,
    why: Why = "人工补录",
) -> None:
    """Enter by hand the plate that the camera could not read (4.5.1-1)."""
    from appliance.runtime.journal.entry import enter_plate

    _check_said(by, why)
    with _journal(load_profile(profile)) as journal:
        enter_plate(journal, number, plate, colour, by=by, why=why)
    typer.echo(f"通行记录 {number} 已补录为 {plate} {colour}。")


@vehicles_app.command("import")
def vehicles_import(file: Path, profile: ProfileOption) -> None:
    """Import vehicle particulars from a CSV file; nothing is taken when a line is faulty."""
    from appliance.runtime.journal.declaration import vehicle_refusal
    from appliance.runtime.journal.vehicles import read_vehicles_csv

    vehicles = read_vehicles_csv(file)
    with _journal(load_profile(profile)) as journal:
        journal.put_vehicles(vehicles)
        typer.echo(f"导入 {len(vehicles)} 辆，登记共 {journal.count_vehicles()} 辆。")
    for vehicle in vehicles:
        if (why := vehicle_refusal(vehicle)) is not None:
            typer.echo(f"{vehicle.plate} 的通行记录将被搁置，请更正后重新导入：{why}。", err=True)


@uplink_app.command("probe")
def uplink_probe(
    profile_file: ProfileFile,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the profile fragment to this file.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before sending.")] = False,
    as_json: AsJson = False,
) -> None:
    """Find the dialect that the platform speaks, with marked test records; 1 when none fits."""
    from appliance.runtime.uplink import probe_report as report
    from appliance.runtime.uplink.probe import TEST_MARK, Trial, probe

    site = load_profile(profile_file)
    place = f"{site.uplink.host}:{site.uplink.port}"
    question = f"将向平台 {place} 发送若干条标有“{TEST_MARK}”的测试记录，继续吗？"
    if not yes and not typer.confirm(question, err=True):
        raise typer.Exit(2)
    told: list[Trial] = []

    def tell(trial: Trial) -> None:
        told.append(trial)
        typer.echo(report.trial_line(len(told), trial), err=as_json)

    found, trials = probe(site, SystemClock(), tell)
    if as_json:
        typer.echo(json.dumps(report.as_dict(found, trials), ensure_ascii=False))
    else:
        typer.echo(report.conclusion(found, trials))
    if found is not None and out is not None:
        out.write_text(report.fragment(found), "utf-8")
        typer.echo(f"已写入 {out}，请把其中的内容并入站点配置。", err=as_json)
    elif found is not None and not as_json:
        typer.echo(report.fragment(found))
    raise typer.Exit(0 if found else 1)


@uplink_app.command("books")
def uplink_books(
    profile: ProfileOption,
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=DAY, help="First Beijing day; 15 days unless given."),
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=DAY, help="Last Beijing day; today.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Transmission rate and completeness by day (5.1.2); see docs/books.md."""
    from appliance.runtime.uplink.books.printing import BookKeeper

    site = load_profile(profile)
    with _journal(site, readonly=True) as journal:
        books = BookKeeper(site, journal, SystemClock()).books(
            first and first.date(), last and last.date()
        )
    if as_json:
        typer.echo(json.dumps(books.as_dict(), ensure_ascii=False))
        return
    console.print(books.as_table())
    typer.echo(books.as_sentence())


@uplink_app.command("report")
def uplink_report(profile: ProfileOption) -> None:
    """Print the report on an interruption of 24 h (5.1.3); exit code 1 when there is none."""
    from appliance.runtime.uplink.books import report_text, to_report

    site, now = load_profile(profile), SystemClock().now()
    with _journal(site, readonly=True) as journal:
        interruption = to_report(journal, now)
        if interruption is None:
            typer.echo("近 31 天没有达到 24 小时的数据中断，无需报备。")
            raise typer.Exit(1)
        typer.echo(report_text(site, journal, interruption, now), nl=False)


@uplink_app.command("aside")
def uplink_aside(profile: ProfileOption, as_json: AsJson = False) -> None:
    """List the messages that are set aside: number, CN, plate, time and reason."""
    from appliance.runtime.uplink.aside import aside_messages

    with _journal(load_profile(profile), readonly=True) as journal:
        found = aside_messages(journal)
    if as_json:
        typer.echo(json.dumps([message.as_dict() for message in found], ensure_ascii=False))
        return
    table = Table("编号", "CN", "车牌", "时间", "原因")
    for message in found:
        time = f"{message.time:%Y-%m-%d %H:%M:%S}"
        table.add_row(str(message.number), message.cn, message.plate or "—", time, message.reason)
    console.print(table)


@uplink_app.command("retry")
def uplink_retry(
    profile: ProfileOption,
    numbers: Annotated[
        list[int] | None, typer.Argument(metavar="NUMBER…", help="Numbers that `aside` lists.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every message that is set aside.")
    ] = False,
) -> None:
    """Send messages that were set aside again, after a mend."""
    from appliance.runtime.uplink.aside import retry

    if bool(numbers) == everything:
        typer.echo("请给出要重发的编号，或用 --all 重发全部搁置报文。", err=True)
        raise typer.Exit(2)
    with _journal(load_profile(profile)) as journal:
        asked = len(set(numbers or [])) or len(journal.aside())
        again = retry(journal, numbers or [])
    typer.echo(f"{again} 条报文将重新上报。")
    if again < asked:
        typer.echo(f"另有 {asked - again} 条的内容平台仍会拒收，原因见 gatehouse uplink aside。")


MessageFile = Annotated[Path, typer.Argument(metavar="FILE", help="A line each; - is the input.")]


HowWritten = Literal["computed", "constant"]
LengthField = Annotated[
    HowWritten,
    typer.Option("--length-field", help="长度字段：computed 按字节数，constant 固定为 0325。"),
]
Crc = Annotated[
    HowWritten, typer.Option("--crc", help="CRC：computed 按附录 A 计算，constant 固定为 A9C1。")
]


@hj212_app.command("decode")
def hj212_decode(
    file: MessageFile, length_field: LengthField = "computed", crc: Crc = "computed"
) -> None:
    """Read messages, one a line, and print what each says and whether it is sound, as JSON."""
    from appliance.runtime.uplink.dialect import HJ212Dialect
    from appliance.runtime.uplink.lines import decode_lines, open_lines

    dialect = HJ212Dialect.of(Dialect(length_field=length_field, crc=crc))
    with open_lines(file) as lines:
        for said in decode_lines(lines, dialect):
            typer.echo(json.dumps(said, ensure_ascii=False))


@hj212_app.command("encode")
def hj212_encode(
    file: MessageFile = Path("-"), length_field: LengthField = "computed", crc: Crc = "computed"
) -> None:
    """Read JSON objects with fields, one a line, and print the frame of each."""
    from appliance.runtime.uplink.dialect import HJ212Dialect
    from appliance.runtime.uplink.lines import encode_lines, open_lines

    dialect = HJ212Dialect.of(Dialect(length_field=length_field, crc=crc))
    with open_lines(file) as lines:
        for frame in encode_lines(lines, dialect):
            typer.echo(frame)


def _reader(kind: Reader) -> "PlateReader":
    from appliance.runtime.vision.readers import MODELS, build_reader

    store = ModelStore.default()
    for name in MODELS[kind]:
        store.fetch(name, lambda text: typer.echo(text, err=True))
    return build_reader(kind, store)


def _check_said(by: str, why: str) -> None:
    """A correction without a name or a reason is worth nothing to whoever reads it later."""
    if not by.strip():
        raise Trouble("请用 --by 写明更正人的姓名，不能留空。")
    if not why.strip():
        raise Trouble("请用 --why 写明更正的原因，不能留空。")


@contextmanager
def _journal(profile: Profile, *, readonly: bool = False) -> Iterator[Journal]:
    root = Path(profile.storage.root)
    try:
        with Journal.open(root, SystemClock(), readonly=readonly) as journal:
            yield journal
    except sqlite3.OperationalError as error:
        error.add_note(f"数据目录 {root}")  # SQLite does not say where
        raise


@contextmanager
def _program(
    name: str, profile_file: Path, machine: str | None
) -> Iterator[tuple[Profile, threading.Event]]:
    """A program of the box: it ends with supervisord, and runs once for a storage root."""
    from appliance.runtime.alone import only_one
    from appliance.runtime.supervised import supervised
    from appliance.runtime.supervision import CRASHES, programs

    _log_to_stderr()
    stop = _stop_on_signal()
    with ExitStack() as held:
        held.enter_context(supervised(stop))
        site = _part(load_profile(profile_file), machine)
        if name in {
            program.name for program in (CRASHES, *programs(site))
        }:  # else no name for a file
            held.enter_context(only_one(Path(site.storage.root), name))
        yield site, stop


def _log_to_stderr() -> None:
    form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=logging.INFO, format=form)


def _stop_on_signal() -> threading.Event:
    """An event that SIGTERM and SIGINT set, so that every program ends in order."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _part(profile: Profile, machine: str | None) -> Profile:
    """The machine's part of the site, or the whole site when none is named."""
    if machine is None:
        return profile
    return profile.part_of(named_machine(profile, machine))
