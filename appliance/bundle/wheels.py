"""The wheels of a bundle: every locked package for the box, by hash, and the appliance's own.

What was fetched is kept in a folder named by the lock, so a second bundle needs no network.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from appliance.bundle.target import PLATFORMS, PYTHON, Locked
from appliance.trouble import Trouble

EPOCH = 315_532_800
"""1980-01-01, the oldest moment that a zip file can hold: the date of every file in a bundle."""

PAUSES = (5.0, 20.0)
"""Before a download is tried again: over a bad line a registry seems now and then to lack what it
has."""

SOURCES = ("pyproject.toml", "README.md", "appliance", "acceptance_kit")


def digest_of(path: Path) -> str:
    """The sha256 of a file, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def locked_wheels(locked: Sequence[Locked], cache: Path) -> tuple[Path, ...]:
    """A wheel for each package of the lock, from `cache` or downloaded; sorted by name.

    What the registry has only as source is built here. Raises Trouble.
    """
    lines = "".join(each.line for each in locked)
    # Python's own version is in the name, because a wheel built here depends on its setuptools.
    key = hashlib.sha256(f"{lines}{PYTHON}{PLATFORMS}".encode()).hexdigest()[:16]
    kept = cache / f"wheels-{key}"
    if not (kept / "SHA256SUMS").is_file():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="part-", dir=cache) as part:
            folder = Path(part) / "wheels"
            _fetch(lines, folder)
            _write_sums(folder)
            _keep(folder, kept)
    _verify_sums(kept)
    return tuple(sorted(kept.glob("*.whl")))


def own_wheel(clone: Path, folder: Path) -> Path:
    """Build the appliance's wheel from `clone` into `folder`; two builds are the same bytes."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-wheel-") as temporary:
        source = Path(temporary) / "source"
        source.mkdir()
        for name in SOURCES:
            place = clone / name
            if place.is_dir():
                shutil.copytree(place, source / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(place, source / name)
        for path in source.rglob("*"):  # a clone's modes follow its owner's umask
            path.chmod(0o755 if path.is_dir() else 0o644)
        return _build(source, folder)


def _keep(folder: Path, kept: Path) -> None:
    try:
        folder.rename(kept)
    except OSError:
        if not (kept / "SHA256SUMS").is_file():  # else another bundle was made meanwhile
            shutil.rmtree(kept)
            folder.rename(kept)


def _fetch(lines: str, folder: Path) -> None:
    folder.mkdir()
    wanted = folder / "wanted.txt"
    wanted.write_text(lines, "utf-8")
    words = ["download", "--quiet", "--no-deps", "--require-hashes", "--prefer-binary"]
    words += ["--no-build-isolation", "--implementation", "cp", "--python-version", PYTHON]
    words += [word for abi in ("cp313", "abi3", "none") for word in ("--abi", abi)]
    words += [word for name in PLATFORMS for word in ("--platform", name)]
    words += ["--dest", str(folder), "-r", str(wanted)]
    for pause in (*PAUSES, None):
        try:
            _pip(words, "下载依赖包")
            break
        except Trouble:
            if pause is None:
                raise
            time.sleep(pause)
    wanted.unlink()
    for source in sorted(folder.glob("*.tar.gz")):
        built = _build(source, folder)
        if not built.name.endswith("-none-any.whl"):
            raise Trouble(
                f"{source.name} 含本机编译的代码，不能用于工控机；请改用有 wheel 的版本。"
            )
        source.unlink()


def _build(source: Path, folder: Path) -> Path:
    before = set(folder.glob("*.whl"))
    words = ["wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    words += ["--no-cache-dir", "--wheel-dir", str(folder), str(source)]
    _pip(words, f"构建 {source.name}", {"SOURCE_DATE_EPOCH": str(EPOCH)})
    (built,) = set(folder.glob("*.whl")) - before
    return built


def _pip(words: Sequence[str], what: str, variables: Mapping[str, str] | None = None) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *words]
    answer = subprocess.run(  # noqa: S603 - fixed words, no shell, everything checked by hash
        command,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | dict(variables or {}),
        umask=0o022,
    )
    if answer.returncode != 0:
        told = answer.stderr.strip().splitlines() or ["pip said nothing"]
        raise Trouble(f"{what}失败：{told[-1]}。请检查网络和软件源后重试。")


def _write_sums(folder: Path) -> None:
    lines = [f"{digest_of(path)}  {path.name}\n" for path in sorted(folder.glob("*.whl"))]
    (folder / "SHA256SUMS").write_text("".join(lines), "utf-8")


def _verify_sums(folder: Path) -> None:
    for line in (folder / "SHA256SUMS").read_text("utf-8").splitlines():
        digest, name = line.split("  ", 1)
        path = folder / name
        if not path.is_file() or digest_of(path) != digest:
            raise Trouble(f"缓存的 {path} 已损坏。请删去目录 {folder} 后重试。")
