"""Where a site profile may lie: the config partition, a USB stick, the image itself.

A stick is asked only while the box has no profile: afterwards nobody changes a gate by plugging
something in.
"""

import contextlib
import hashlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

PROFILE, SECRETS, MACHINE = "profile.yaml", "secrets.yaml", "machine.txt"
OURS = {PROFILE, SECRETS, MACHINE, "readme.txt"}
CONFIG = Path("/dev/disk/by-partlabel/gatehouse-config")
STICKS = Path("/dev/disk/by-id")
BUILT_IN = Path("/usr/share/gatehouse")
MOUNT = Path("/run/gatehouse-config")
LARGEST_BYTES = 1 << 20
_KINDS = "vfat,exfat,ext4,ext2"


class Unusable(Exception):
    """A place gives no profile: one Chinese sentence."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a place gave. `device` is None for the image's own; no repr shows a secret."""

    where: str
    profile: bytes
    secrets: dict[str, str] = field(repr=False, default_factory=dict)
    machine: str | None = None
    device: Path | None = None

    @property
    def digest(self) -> str:
        """Tells one profile and its machine from another."""
        return hashlib.sha256(self.profile + b"\0" + (self.machine or "").encode()).hexdigest()


def read_folder(
    folder: Path, where: str, device: Path | None = None, image: Path | None = None
) -> Given:
    """The profile in a folder; raises Unusable with what is there instead.

    With passwords alone there, the profile is the one in the folder `image`, if that has one.
    """
    names = {path.name.lower(): path for path in sorted(folder.iterdir()) if path.is_file()}
    if SECRETS in names and image is not None:
        inside = {name: image / name for name in (PROFILE, MACHINE) if (image / name).is_file()}
        names = inside | names
    if PROFILE not in names:
        strange = [name for name in names if name not in OURS]
        what = f"，只有别的文件：{'、'.join(strange[:4])}" if strange else ""
        raise Unusable(f"{where}里没有 {PROFILE}{what}。")
    texts = {name: _content(names[name], where) for name in OURS & names.keys()}
    machine = texts.get(MACHINE, b"").decode("utf-8-sig", "replace").strip() or None
    return Given(where, texts[PROFILE], _secrets(texts.get(SECRETS), where), machine, device)


def _content(path: Path, where: str) -> bytes:
    if path.stat().st_size > LARGEST_BYTES:
        raise Unusable(f"{where}里的 {path.name} 太大，不是站点的文件。")
    return path.read_bytes()


def _secrets(text: bytes | None, where: str) -> dict[str, str]:
    if text is None:
        return {}
    try:
        told = yaml.safe_load(text.decode("utf-8-sig"))
    except (yaml.YAMLError, UnicodeDecodeError):  # its words could quote a value
        told = None
    if not isinstance(told, dict) or not all(
        isinstance(part, str) for pair in told.items() for part in pair
    ):
        raise Unusable(
            f"{where}里的 {SECRETS} 不能使用：每行写“名称: 密码”，全是数字的密码加引号。"
        )
    return told


def config_partition(device: Path = CONFIG) -> Given:
    """The profile on the config partition; Unusable when that is missing, empty or not ours."""
    if not device.exists():
        raise Unusable("没有找到配置分区（gatehouse-config）。")
    return _from_device(device, "配置分区")


def stick(folder: Path = STICKS) -> Given | None:
    """The profile on the first USB stick that has one; None without."""
    names = sorted(path for path in folder.glob("usb-*")) if folder.is_dir() else []
    for device in names:
        with contextlib.suppress(Unusable):
            return _from_device(device, "U 盘")
    return None


def built_in(folder: Path = BUILT_IN) -> Given | None:
    """The profile that was put in when the image was built; None without."""
    return read_folder(folder, "镜像") if (folder / PROFILE).is_file() else None


def wipe_secrets(device: Path) -> None:
    """Take the passwords off the config partition, overwritten first; raises OSError."""
    with mounted(device, "rw") as folder:
        for path in folder.iterdir():
            if path.name.lower() == SECRETS:
                with path.open("r+b") as file:
                    file.write(b"#" * path.stat().st_size)
                    file.flush()
                    os.fsync(file.fileno())
                path.unlink()


@contextlib.contextmanager
def mounted(device: Path, how: str = "ro") -> Iterator[Path]:
    """The device's files in a folder for as long as that takes; raises OSError."""
    MOUNT.mkdir(mode=0o700, exist_ok=True)
    options = f"{how},nosuid,nodev,noexec"
    words = ["mount", "-t", _KINDS, "-o", options, str(device), str(MOUNT)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise OSError((done.stderr.strip().splitlines() or ["mount"])[-1])
    try:
        yield MOUNT
    finally:
        subprocess.run(["umount", str(MOUNT)], capture_output=True, check=False)  # noqa: S603, S607


def _from_device(device: Path, where: str) -> Given:
    try:
        with mounted(device) as folder:
            return read_folder(folder, where, device, BUILT_IN)
    except OSError as error:
        raise Unusable(f"{where}读不出来：{error}") from None
