"""Putting a bundle together: wheels, models, what pip is to install, and the manifest over all.

Bundles of one commit are the same bytes, so their name says what is in them.
"""

import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from appliance import __version__
from appliance.bundle.release import FORMAT, release_name
from appliance.bundle.target import locked_for_box
from appliance.bundle.wheels import EPOCH, SOURCES, digest_of, locked_wheels, own_wheel
from appliance.models import ModelStore, locked_models
from appliance.trouble import Trouble

CLONE = Path(__file__).parents[2]
LOCK = "locks/runtime.txt"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A finished bundle: its file, and the release `VERSION-DIGEST` that it becomes on a box."""

    path: Path
    release: str

    @classmethod
    def of(cls, out: Path, release: str) -> "Bundle":
        """The bundle of a release in the folder `out`, whether it is there or not."""
        return cls(out / f"gatehouse-{release}.tar", release)


def build_bundle(
    out: Path,
    models: Iterable[str],
    *,
    store: ModelStore,
    cache: Path,
    say: Callable[[str], None],
    clone: Path = CLONE,
) -> Bundle:
    """Write `out/gatehouse-RELEASE.tar` from a clone of gatehouse; `models` are names of the lock.

    `say` is told each step (Chinese). Nothing is written when a bundle of the same content is
    there already. Raises Trouble; ModelMissing.
    """
    if not (clone / LOCK).is_file():
        raise Trouble("制作安装包需要 gatehouse 的源码目录，请在其中运行 make setup 后重试。")
    lock = (clone / LOCK).read_text("utf-8")
    names = tuple(models)
    out.mkdir(parents=True, exist_ok=True)
    made = out / f".made-{_ingredients(clone, names)}"
    if made.is_file() and (known := Bundle.of(out, made.read_text("utf-8"))).path.is_file():
        return known
    with tempfile.TemporaryDirectory(prefix=".part-", dir=out) as temporary:
        folder = Path(temporary) / "bundle"
        for part in ("wheels", "models"):
            (folder / part).mkdir(parents=True)
        say("准备依赖包…")
        for wheel in locked_wheels(locked_for_box(lock), cache):
            shutil.copy(wheel, folder / "wheels")
        commit, changed = _commit(clone)
        say("构建 gatehouse…")
        own_wheel(clone, folder / "wheels")
        (folder / "requirements.txt").write_text(_requirements(folder / "wheels"), "utf-8")
        for name in names:
            shutil.copy(store.fetch(name, say), folder / "models" / name)
        about = {
            "format": FORMAT,
            "version": __version__,
            "commit": commit,
            "changed": changed,
            "lock": hashlib.sha256(lock.encode()).hexdigest(),
        }
        built = pack(folder, about, out)
        made.write_text(built.release, "utf-8")
        return built


def _requirements(wheels: Path) -> str:
    """Every wheel by the hash of this very file: what was built here has none in the lock."""
    lines = []
    for wheel in sorted(wheels.glob("*.whl")):
        name, version = wheel.name.split("-")[:2]
        lines.append(f"{name}=={version} --hash=sha256:{digest_of(wheel)}\n")
    return "".join(lines)


def pack(folder: Path, about: dict[str, object], out: Path) -> Bundle:
    """Make a tar of what lies in `folder`, with a manifest; `about` is said in the manifest."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    digests = {str(path.relative_to(folder)): digest_of(path) for path in files}
    # The commit is no part of the digest: a commit that changes no file makes no new release.
    release = release_name(str(about["version"]), digests)
    bundle = Bundle.of(out, release)
    if bundle.path.is_file():
        return bundle
    manifest = json.dumps(about | {"release": release, "files": digests}, indent=1).encode()
    part = folder.with_name("bundle.tar")
    with tarfile.open(part, "w", format=tarfile.PAX_FORMAT) as tar:
        # First, so that the box can look at it without reading a hundred megabytes.
        tar.addfile(_member("manifest.json", len(manifest)), io.BytesIO(manifest))
        for file in files:
            with file.open("rb") as stream:
                name = str(file.relative_to(folder))
                tar.addfile(_member(name, file.stat().st_size), stream)
    part.replace(bundle.path)
    return bundle


def _ingredients(clone: Path, models: tuple[str, ...]) -> str:
    """A digest of all that a bundle is made of, so that one made before is known in an instant."""
    digest = hashlib.sha256()
    digest.update(repr([(name, locked_models()[name].sha256) for name in models]).encode())
    digest.update(repr((FORMAT, sys.version_info, version("setuptools"))).encode())
    places = [clone / name for name in (*SOURCES, LOCK)]
    files = [
        file
        for place in places
        for file in ([place] if place.is_file() else sorted(place.rglob("*")))
        if file.is_file() and "__pycache__" not in file.parts
    ]
    for file in files:
        digest.update(f"{file.relative_to(clone)}\0{digest_of(file)}\0".encode())
    return digest.hexdigest()[:16]


def _member(name: str, size: int) -> tarfile.TarInfo:
    """A tar entry that tells nothing of who packed it, or when."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, 0o644, EPOCH
    return entry


def _commit(clone: Path) -> tuple[str | None, bool]:
    """The clone's commit, None where it has none, and whether files differ from it."""

    def git(*words: str) -> str | None:
        try:
            answer = subprocess.run(  # noqa: S603 - fixed words, no shell
                ["git", "-C", str(clone), *words],  # noqa: S607 - a developer's own git
                capture_output=True,
                text=True,
                check=False,
            )
        except FileNotFoundError:
            return None
        return answer.stdout.strip() if answer.returncode == 0 else None

    return git("rev-parse", "HEAD"), bool(git("status", "--porcelain", "--", *SOURCES, LOCK))
