"""Where a missing model can be fetched from: a registry wheel, or hyperlpr3's own archive."""

import importlib.util
import io
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from appliance.models.lock import Model

ARCHIVE_LIMIT = 64 * 1024 * 1024


class SourceFailed(Exception):
    """A source that should have the model did not give it; why, as part of a Chinese sentence."""


def from_package(model: Model, say: Callable[[str], None]) -> bytes | None:
    """Take the member out of a locked wheel; pip downloads it by hash, without dependencies."""
    package = model.package
    if package is None:
        return None
    wheel = f"{package.name} {package.version}"
    say(f"{model.name}：正在下载 {wheel}（不安装，只取其中一个文件）")
    with tempfile.TemporaryDirectory(prefix="gatehouse-model-") as folder:
        wanted = Path(folder) / "wanted.txt"
        wanted.write_text(f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--require-hashes", "--only-binary=:all:", "--dest", folder, "-r", str(wanted)]
        answer = subprocess.run(  # noqa: S603 - fixed words, no shell, the wheel is checked by hash
            command, capture_output=True, text=True, check=False
        )
        wheels = list(Path(folder).glob("*.whl"))
        if answer.returncode != 0 or not wheels:
            last = (answer.stderr.strip().splitlines() or ["没有说明"])[-1]
            raise SourceFailed(f"pip 没有下载到 {package.name}：{last}")
        return _member(wheels[0].read_bytes(), package.member)


def from_hyperlpr3(model: Model, say: Callable[[str], None]) -> bytes | None:
    """Take the member out of the archive that hyperlpr3 itself would download at import."""
    if model.hyperlpr3 is None:
        return None
    # Only the settings file is run: importing the package would download by itself.
    package = importlib.util.find_spec("hyperlpr3")
    if package is None or package.origin is None:
        raise SourceFailed("本机没有安装 hyperlpr3")
    settings_file = Path(package.origin).parent / "config" / "settings.py"
    spec = importlib.util.spec_from_file_location("hyperlpr3_settings", settings_file)
    if spec is None or spec.loader is None:
        raise SourceFailed("本机的 hyperlpr3 没有设置文件")
    settings = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(settings)
    address = f"{settings._ONLINE_URL_}{settings._MODEL_VERSION_}.zip"
    if not address.startswith(("http://", "https://")):
        raise SourceFailed("hyperlpr3 设置的下载地址不是网址")
    say(f"{model.name}：正在下载 hyperlpr3 自己的压缩包")
    try:
        return _member(_archive(address), model.hyperlpr3)
    except (urllib.error.URLError, TimeoutError) as trouble:
        raise SourceFailed(f"hyperlpr3 的下载地址没有应答：{trouble}") from trouble


@cache
def _archive(address: str) -> bytes:
    """Downloaded once for all four files that it holds."""
    with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310 - checked before
        return bytes(answer.read(ARCHIVE_LIMIT))


def _member(archive: bytes, name: str) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            if opened.getinfo(name).file_size > ARCHIVE_LIMIT:
                raise SourceFailed(f"压缩包中的 {name} 过大")
            return opened.read(name)
    except (KeyError, zipfile.BadZipFile) as trouble:
        raise SourceFailed(f"压缩包中没有 {name}") from trouble
