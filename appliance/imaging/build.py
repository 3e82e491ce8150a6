"""An image from the lock: each step hands the next a folder or a file, and may be read in order."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from appliance import __version__
from appliance.bundle.build import Bundle, build_bundle
from appliance.bundle.wheels import digest_of
from appliance.caches import cache_folder
from appliance.imaging import contents, disk, sbom
from appliance.imaging.archives import SUITE
from appliance.imaging.chroot import APART, environment, run_inside
from appliance.imaging.copying import copy_from_clone, recipe_digest
from appliance.imaging.lock import Lock, read_lock
from appliance.imaging.offline import write_offline_bundle
from appliance.imaging.packages import IMAGES, PackageStore, write_repository
from appliance.imaging.partitions import plan
from appliance.imaging.release_file import ImageRelease, profile_digest
from appliance.imaging.tarball import write_tarball
from appliance.imaging.tidying import clamp, open_mount_points, tidy
from appliance.models import ModelStore, locked_models
from appliance.models.readers import models_of
from appliance.profile.loading import load_profile
from appliance.profile.machines import one_machine
from appliance.profile.model import Reader
from appliance.provisioning.places import python_path, source_tree
from appliance.trouble import Trouble

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an image is to be made of; `profile` is put in where it is given.

    `machine` is the profile's machine that the image is for, `rules` are more rules for Suricata.
    """

    profile: Path | None
    machine: str | None
    out: Path
    rules: tuple[Path, ...] = ()
    with_disk: bool = True
    with_bundle: bool = True


@dataclass(frozen=True, slots=True)
class Tree:
    """An image in the making: its folder, its lock, and the log of all that was run."""

    work: Path
    lock: Lock
    log: Path

    @property
    def root(self) -> Path:
        """The root file system."""
        return self.work / "root"

    @property
    def repository(self) -> Path:
        """The apt archive that it is installed from."""
        return self.work / "debian"


@dataclass(frozen=True, slots=True)
class Image:
    """What was made: the image's name, and its files in `out`."""

    name: str
    files: tuple[Path, ...]


def recipe_lock() -> Lock:
    """The lock of the clone."""
    return read_lock((source_tree() / "images" / "lock.txt").read_text("utf-8"))


def recipe_packages() -> tuple[str, ...]:
    """What the recipe names, without what follows from it."""
    text = (source_tree() / "images" / "packages.toml").read_text("utf-8")
    return tuple(name for names in tomllib.loads(text).values() for name in names)


def image_models(reader: Reader, store: ModelStore) -> list[str]:
    """The models inside: all that a machine which reaches registries alone has, and what the
    profile's reader takes of others."""
    everywhere = {name for name, model in locked_models().items() if model.hyperlpr3 is None}
    return sorted(everywhere.union(models_of(reader, store)))


def build_image(wanted: Wanted, store: PackageStore, say: Say) -> Image:
    """Make the image's files in `wanted.out`; raises Trouble, ProfileFaults."""
    _refuse_early(wanted)
    profile = wanted.profile or source_tree() / "images" / "unconfigured.yaml"
    site = load_profile(profile)
    machine, weights = one_machine(site, wanted.machine).name, ModelStore.default()
    models = image_models(site.recognition.reader, weights)
    lock = recipe_lock()
    store.bring(lock.packages, say)
    wanted.out.mkdir(parents=True, exist_ok=True)
    runtime = build_bundle(
        cache_folder(IMAGES) / "runtime",
        models,
        store=weights,
        cache=cache_folder("bundle"),
        say=say,
    )
    content = profile_digest(wanted.profile.read_bytes()) if wanted.profile else None
    recipe = recipe_digest(source_tree())
    release = ImageRelease(__version__, runtime.release, recipe, lock.digest, content, lock.epoch)
    with tempfile.TemporaryDirectory(prefix=".image-", dir=_workshop(wanted.out)) as temporary:
        log = wanted.out / f"{release.name}.log"
        log.write_text("", "utf-8")
        tree = Tree(Path(temporary), lock, log)
        write_repository(tree.repository, lock.packages, store)
        say(f"安装 {len(lock.packages)} 个 Debian 软件包…")
        _install_debian(tree)
        say("安装运行程序…")
        _furnish(tree, runtime)
        say("应用各角色…")
        _apply(tree, profile, machine, runtime)
        # Last, when everything that goes into it is in place.
        run_inside(tree.root, ["update-initramfs", "-c", "-k", "all"], lock.epoch, log=log)
        tidy(tree.root)
        _describe(tree.root, release, wanted.profile, machine)
        parts = _parts(tree, runtime, models)
        clamp(tree.root, lock.epoch)
        files = _pack(wanted, release, tree, runtime, say)
        files += _papers(wanted.out, release, parts, lock.epoch)
    sums = wanted.out / f"{release.name}.SHA256SUMS"
    sums.write_text("".join(f"{digest_of(path)}  {path.name}\n" for path in files), "utf-8")
    return Image(release.name, (*files, sums))


def _refuse_early(wanted: Wanted) -> None:
    """What would fail after minutes is said at once."""
    if os.geteuid() != 0:
        raise Trouble("制作镜像要在镜像中以 root 身份安装软件。请用 root 或 sudo 运行。")
    needed = {"mmdebstrap": "mmdebstrap", "unshare": "util-linux", "zstd": "zstd", "tar": "tar"}
    missing = [package for tool, package in needed.items() if shutil.which(tool) is None]
    missing += disk.missing_tools() if wanted.with_disk else []
    if missing:
        raise Trouble(f"本机缺少 {'、'.join(missing)}。请运行 scripts/setup --image。")
    if absent := [str(path) for path in wanted.rules if not path.is_file()]:
        raise Trouble(f"没有规则文件 {'、'.join(absent)}。请核对 --rules 的路径。")


def _workshop(out: Path) -> Path:
    """Where the tree is made: in memory where there is plenty, for it is thrown away."""
    memory = Path("/dev/shm")  # noqa: S108 - root's own folder below it
    try:
        plenty = shutil.disk_usage(memory).free > 8 << 30 and _free_memory() > 10 << 30
    except OSError:
        plenty = False
    return memory if plenty else out


def _free_memory() -> int:
    for line in Path("/proc/meminfo").read_text("utf-8").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


def _install_debian(tree: Tree) -> None:
    """Debian from the lock and nothing else: apt sees no archive but this."""
    names = ",".join(f"{package.name}={package.version}" for package in tree.lock.packages)
    words = [*APART, "mmdebstrap", "--mode=root", "--variant=apt", "--format=directory"]
    words += ['--aptopt=APT::Install-Recommends "false"', "--dpkgopt=force-unsafe-io"]
    words += [f"--include={names}", SUITE, str(tree.root)]
    done = subprocess.run(  # noqa: S603 - fixed words, no shell
        [*words, f"deb [trusted=yes] copy:{tree.repository} ./"],
        # The kernel's initrd is made last, once (kernel's postinst.d/initramfs-tools heeds INITRD).
        env=environment(tree.lock.epoch) | {"INITRD": "No"},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        umask=0o022,
    )
    with tree.log.open("a", encoding="utf-8") as file:
        file.write(f"## mmdebstrap\n{done.stdout}{done.stderr}\n")
    if done.returncode != 0:
        told = [line for line in done.stderr.splitlines() if line.startswith("E:")] or ["没有说明"]
        raise Trouble(f"Debian 软件包装不成：{told[0]}。完整日志：{tree.log}")


def _furnish(tree: Tree, runtime: Bundle) -> None:
    """The recipe's files, what must happen inside (pyinfra), and the release."""
    epoch = tree.lock.epoch
    for name in ("etc/apt/sources.list", "etc/apt/apt.conf.d/99mmdebstrap"):
        (tree.root / name).unlink(missing_ok=True)
    copy_from_clone(source_tree(), tree.root)
    done = subprocess.run(  # noqa: S603 - fixed words, no shell
        [sys.executable, "-m", "appliance.imaging.furnishing", str(tree.root)],
        env=environment(epoch) | {"PYTHONPATH": python_path()},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise Trouble(f"镜像内部的设置失败：{done.stderr.strip().splitlines()[-1]}")
    settings = tree.root / "etc/gatehouse/release.json"
    settings.parent.mkdir(exist_ok=True)
    told = {"profile": "", "user": "gatehouse", "unit": "gatehouse.service"}
    settings.write_text(json.dumps(told | {"storage": "/var/lib/gatehouse", "page": ""}), "utf-8")
    tool = source_tree() / "appliance" / "bundle" / "release.py"
    bundle = f"/run/{runtime.path.name}"
    words = ["/usr/bin/python3", "-B", "/run/gatehouse-release.py", "unpack", bundle]
    binds = {tool: "/run/gatehouse-release.py", runtime.path: bundle}
    run_inside(tree.root, words, epoch, binds=binds, log=tree.log, what="运行程序的安装")


def _apply(tree: Tree, profile: Path, machine: str, runtime: Bundle) -> None:
    """The same roles as `gatehouse provision`, by the same command as at the first start."""
    said = tree.work / "roles.log"
    said.touch()
    program = f"/opt/gatehouse/releases/{runtime.release}/venv/bin/python"
    words = [program, "-B", "-m", "appliance.firstboot", "apply", "/run/profile.yaml"]
    words += ["--machine", machine, "--release", runtime.release, "--log", "/run/roles.log"]
    binds = {profile.resolve(): "/run/profile.yaml", said: "/run/roles.log"}
    try:
        run_inside(tree.root, words, tree.lock.epoch, binds=binds, log=tree.log, what="各角色")
    finally:
        open_mount_points(tree.root)
        with tree.log.open("a", encoding="utf-8") as file:
            file.write(said.read_text("utf-8", "replace"))


def _describe(root: Path, release: ImageRelease, profile: Path | None, machine: str) -> None:
    told = {"etc/gatehouse-release": release.text().encode()}
    if profile is not None:
        told["usr/share/gatehouse/profile.yaml"] = profile.read_bytes()
        told["usr/share/gatehouse/machine.txt"] = f"{machine}\n".encode()
    for name, content in told.items():
        (root / name).write_bytes(content)
        (root / name).chmod(0o644)


def _parts(tree: Tree, runtime: Bundle, models: list[str]) -> list[contents.Part]:
    shutil.unpack_archive(runtime.path, tree.work / "runtime", "tar", filter="data")
    wheels = (tree.work / "runtime/wheels").glob("*.whl")
    return contents.parts_of(tree.lock.packages, tree.root, wheels, models)


def _pack(
    wanted: Wanted, release: ImageRelease, tree: Tree, runtime: Bundle, say: Say
) -> list[Path]:
    epoch = tree.lock.epoch
    tarball = wanted.out / f"{release.name}.root.tar.zst"
    say("打包根文件系统…")
    write_tarball(tree.root, tarball, epoch)
    files = [tarball]
    if wanted.with_disk:
        say("制作磁盘镜像…")
        image = wanted.out / f"{release.name}.img"
        disk.write_disk(tree.root, plan(), image, release.version, epoch)
        files.append(image)
    if wanted.with_bundle:
        say("打包离线安装包…")
        bundle = wanted.out / f"{release.name}.offline.tar"
        write_offline_bundle(bundle, runtime.path, tree.repository, wanted.rules, epoch)
        files.append(bundle)
    return files


def _papers(out: Path, release: ImageRelease, parts: list[contents.Part], epoch: int) -> list[Path]:
    bill = out / f"{release.name}.cdx.json"
    bill.write_text(sbom.cyclonedx(parts, release.version, epoch, release.digest), "utf-8")
    licences = out / f"{release.name}.licences.tsv"
    licences.write_text(sbom.licence_list(parts), "utf-8")
    return [bill, licences]
