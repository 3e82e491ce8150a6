"""What a box says and does that cannot use what it was given: a start of its own, nobody there.

One machine goes from bad to good without a keyboard: its config partition is not there, its data
disk is full; then a stick that bears the partition's name brings other files, then a faulty
profile, then a good one.
"""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appliance.imaging.partitions import Plan, plan

from .conftest import Built
from .machine import PC, fill, pc, sparse_copy
from .site import site

PATIENCE_SECONDS = 900.0
Written = Callable[..., tuple[Path, Path]]


@pytest.fixture(scope="module")
def box(builds: tuple[Built, Built], workshop: Path) -> Iterator[PC]:
    """Started from a fresh image whose config partition bears another name; its data is full."""
    folder = workshop / "bad-box"
    folder.mkdir()
    disk = folder / "disk.img"
    sparse_copy(builds[0].file(".img"), disk, 0)
    name = f"--change-name={plan().config.number}:somebody-elses"
    subprocess.run(["sgdisk", name, disk], check=True, capture_output=True)
    fill(disk, plan().data)
    with pc(disk, folder, (8080,)) as machine:
        yield machine


@pytest.fixture(scope="module")
def profile(workshop: Path) -> Written:
    """Writes a site's profile and passwords, one text of it replaced by another."""

    def write(old: str = "", new: str = "") -> tuple[Path, Path]:
        folder = workshop / f"files-{len(list(workshop.glob('files-*')))}"
        folder.mkdir()
        with site(folder, "ssh-ed25519 " + "A" * 68) as around:
            text = around.profile.read_text("utf-8")
        assert old in text
        around.profile.write_text(text.replace(old, new), "utf-8")
        return around.profile, around.secrets

    return write


def test_a_missing_config_partition_and_a_full_disk_are_said_on_console_screen_and_page(
    box: PC,
) -> None:
    box.wait(lambda: "站点配置需要处理" in box.console, PATIENCE_SECONDS, "says what it lacks")
    for told in ("没有找到配置分区", "数据盘已满", "不用键盘"):
        assert told in box.console
        assert told in box.page()[1]
    assert box.page("/healthz")[0] == 503, "it does not pass for the gate"
    box.screenshot(box.folder / "missing.png")


def test_a_partition_that_holds_other_files_is_told_from_one_that_is_missing(
    box: PC, workshop: Path
) -> None:
    photo = workshop / "holiday.jpg"
    photo.write_bytes(b"jpeg")
    box.plug(stick(workshop / "other.img", plan(), [photo]))
    box.wait(lambda: "只有别的文件：holiday.jpg" in box.console, PATIENCE_SECONDS, "tells of it")
    box.unplug()


def test_a_faulty_profile_is_told_by_line_and_key_and_nothing_is_applied(
    box: PC, workshop: Path, profile: Written
) -> None:
    files = profile("rated_watts: 6000", "rated_watts: 60")
    number = files[0].read_text("utf-8").splitlines().index("  rated_watts: 60") + 1
    box.plug(stick(workshop / "faulty.img", plan(), files))
    fault = f"profile.yaml:{number}  ups.rated_watts"
    box.wait(lambda: fault in box.console, PATIENCE_SECONDS, "tells the fault")
    assert fault in box.page()[1]
    assert "正在应用" not in box.console
    box.screenshot(box.folder / "faulty.png")
    box.unplug()


def test_a_mended_profile_is_taken_up_by_itself_and_the_full_disk_does_not_stop_it(
    box: PC, workshop: Path, profile: Written
) -> None:
    box.plug(
        stick(workshop / "good.img", plan(), profile("rated_watts: 6000", "rated_watts: 6000"))
    )
    box.wait(lambda: "正在应用站点配置" in box.console, PATIENCE_SECONDS, "applies it")
    assert "数据盘已满" in box.console.partition("正在应用站点配置")[2]


def stick(target: Path, plan: Plan, files: list[Path] | tuple[Path, ...]) -> Path:
    """A USB stick with one FAT partition of the config partition's name."""
    start, size = plan.config.start, 64 << 20
    with target.open("wb") as file:
        file.truncate(start + size + (2 << 20))
    part = f"--new=1:{start // 512}:{(start + size) // 512 - 1}"
    subprocess.run(
        ["sgdisk", "--clear", part, f"--change-name=1:{plan.config.name}", target],
        check=True,
        capture_output=True,
    )
    inside = target.with_suffix(".fat")
    with inside.open("wb") as file:
        file.truncate(size)
    subprocess.run(["mkfs.vfat", "-F", "32", inside], check=True, capture_output=True)
    for path in files:
        subprocess.run(["mcopy", "-i", inside, path, f"::/{path.name}"], check=True)
    with target.open("r+b") as disk:
        disk.seek(start)
        disk.write(inside.read_bytes())
    return target
