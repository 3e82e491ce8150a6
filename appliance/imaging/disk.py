"""The disk image: each file system made on its own, then laid into one GPT disk.

ext4 is made by the image's own mke2fs: its date of everything comes from SOURCE_DATE_EPOCH, which
older ones do not know.
"""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from appliance.imaging.chroot import run_inside
from appliance.imaging.partitions import MIB, SECTOR, Partition, Plan, identifier
from appliance.trouble import Trouble

TOOLS = {"sgdisk": "gdisk", "mkfs.vfat": "dosfstools", "mcopy": "mtools"}
BOOT = "usr/lib/systemd/boot/efi/systemd-bootx64.efi"
OPTIONS = "rw console=tty0 console=ttyS0,115200 panic=30 systemd.show_status=no loglevel=4"


def write_disk(root: Path, plan: Plan, target: Path, version: str, epoch: int) -> None:
    """Make the disk image of the tree; `root`'s data folder becomes the data partition."""
    parts = target.with_name(f".{target.name}.parts")
    parts.mkdir()
    with target.open("wb") as disk:
        disk.truncate(plan.size)
    _write_table(target, plan)
    made = {
        plan.esp: _esp(root, plan, parts, version, epoch),
        plan.config: _config(plan.config, parts, epoch),
        plan.root: _ext4(root, ".", plan.root, parts, epoch),
        plan.data: _ext4(root, "var/lib/gatehouse", plan.data, parts, epoch),
    }
    for partition, file in made.items():
        _lay(file, target, partition)
    shutil.rmtree(parts)


def missing_tools() -> list[str]:
    """The Debian packages that this machine lacks for making a disk."""
    path = "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"
    return [package for tool, package in TOOLS.items() if shutil.which(tool, path=path) is None]


def _write_table(target: Path, plan: Plan) -> None:
    words = ["sgdisk", "--clear", f"--disk-guid={identifier('disk')}", "--set-alignment=1"]
    for each in plan.partitions:
        first, last = each.start // SECTOR, each.end // SECTOR - 1
        words += [f"--new={each.number}:{first}:{last}", f"--typecode={each.number}:{each.kind}"]
        words += [f"--change-name={each.number}:{each.name}"]
        words += [f"--partition-guid={each.number}:{each.guid}"]
    _run([*words, str(target)])


def _esp(root: Path, plan: Plan, parts: Path, version: str, epoch: int) -> Path:
    """systemd-boot, and one entry: slot A with its own kernel and initrd beside it."""
    tree = parts / "esp"
    (kernel,) = (root / "boot").glob("vmlinuz-*")
    initrd = kernel.with_name(kernel.name.replace("vmlinuz", "initrd.img"))
    for place in ("EFI/BOOT/BOOTX64.EFI", "EFI/systemd/systemd-bootx64.efi"):
        _put(root / BOOT, tree / place)
    _put(kernel, tree / "gatehouse-a" / "linux")
    _put(initrd, tree / "gatehouse-a" / "initrd")
    (tree / "loader" / "entries").mkdir(parents=True)
    (tree / "loader" / "loader.conf").write_text("default gatehouse-a.conf\ntimeout 0\neditor no\n")
    (tree / "loader" / "entries" / "gatehouse-a.conf").write_text(
        f"title gatehouse {version}\nsort-key gatehouse-a\nlinux /gatehouse-a/linux\n"
        f"initrd /gatehouse-a/initrd\noptions root=PARTUUID={plan.root.guid} {OPTIONS}\n"
    )
    return _fat(plan.esp, "GATEHOUSE", tree, parts, epoch)


def _config(partition: Partition, parts: Path, epoch: int) -> Path:
    """Empty but for a note, which says what belongs here."""
    tree = parts / "config"
    tree.mkdir()
    (tree / "README.TXT").write_text(NOTE.replace("\n", "\r\n"), "utf-8-sig")
    return _fat(partition, "GATE-CONFIG", tree, parts, epoch)


NOTE = """\
把站点配置放在这里，文件名 profile.yaml；密码放在 secrets.yaml，每行“名称: 密码”。
工控机启动时读取、检查并应用；有错误时显示在屏幕上和 http://工控机地址:8080/ 。
应用成功后 secrets.yaml 会从这里抹去。站点有多台工控机时，再放一个 machine.txt，写本机的名称。

The site profile belongs here as profile.yaml, its passwords as secrets.yaml ("name: password").
"""


def _fat(partition: Partition, label: str, tree: Path, parts: Path, epoch: int) -> Path:
    file = parts / f"{partition.name}.img"
    with file.open("wb") as image:
        image.truncate(partition.size)
    serial = identifier(partition.name).hex[:8]
    _run(["mkfs.vfat", "--invariant", "-F", "32", "-i", serial, "-n", label, str(file)], epoch)
    for path in sorted(tree.rglob("*"), reverse=True):
        os.utime(path, (epoch, epoch))
    # One call a name, in order: mcopy of a folder follows the order of its entries on this disk.
    for path in sorted(tree.rglob("*")):
        place = f"::/{path.relative_to(tree)}"
        if path.is_dir():
            _run(["mmd", "-i", str(file), place], epoch)
        else:
            _run(["mcopy", "-m", "-i", str(file), str(path), place], epoch)
    return file


def _ext4(root: Path, folder: str, partition: Partition, parts: Path, epoch: int) -> Path:
    file = parts / f"{partition.name}.img"
    with file.open("wb") as image:
        image.truncate(partition.size)
    number = str(identifier(partition.name))
    words = ["/sbin/mke2fs", "-q", "-t", "ext4", "-m", "1", "-L", partition.name, "-U", number]
    words += ["-E", f"hash_seed={number},lazy_itable_init=0,lazy_journal_init=0,discard"]
    words += ["-d", f"/run/tree/{folder}", "/run/image"]
    # The tree as it is, below itself: what run_inside mounts over it is not seen there.
    run_inside(root, words, epoch, binds={root: "/run/tree", file: "/run/image"}, what="mke2fs")
    return file


def _lay(file: Path, target: Path, partition: Partition) -> None:
    """Copy a file system to its place, its holes staying holes."""
    with file.open("rb") as source, target.open("r+b") as disk:
        at, end = 0, partition.size
        while at < end:
            try:
                at = os.lseek(source.fileno(), at, os.SEEK_DATA)
            except OSError:  # nothing but a hole is left
                return
            hole = min(os.lseek(source.fileno(), at, os.SEEK_HOLE), end)
            source.seek(at)
            disk.seek(partition.start + at)
            while at < hole and (piece := source.read(min(4 * MIB, hole - at))):
                disk.write(piece)
                at += len(piece)


def _put(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _run(words: Sequence[str], epoch: int = 0) -> None:
    # mtools writes local time; FAT knows no zone.
    day = {"SOURCE_DATE_EPOCH": str(epoch), "TZ": "UTC", "MTOOLS_SKIP_CHECK": "1"}
    path = {"PATH": "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(  # noqa: S603 - fixed words, no shell
        words, capture_output=True, text=True, check=False, env=path | day
    )
    if done.returncode != 0:
        told = (done.stderr.strip() or done.stdout.strip() or "没有说明").splitlines()[-1]
        raise Trouble(f"{words[0]} 失败：{told}")
