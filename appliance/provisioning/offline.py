"""What `--bundle` may name: the runtime's own bundle, or the offline bundle of an image build.

An offline bundle (appliance/imaging/offline.py makes it) brings Debian packages and rules along,
so that a site without internet is provisioned the same way. It is unpacked once, into a folder
named by its content, and every part is checked against the sums in it.
"""

import hashlib
import shutil
import tarfile
import tempfile
from pathlib import Path

from appliance.caches import cache_folder
from appliance.trouble import Trouble

SUMS, DEBIAN, RULES = "SHA256SUMS", "debian.tar", "rules.tar.gz"


def bundle_variables(bundle: Path, cache: Path | None = None) -> dict[str, str]:
    """The variables by which the roles take what is in the bundle; raises Trouble."""
    parts = _unpacked(bundle, cache or cache_folder("offline")) if _is_offline(bundle) else None
    if parts is None:
        return {"runtime_bundle": str(bundle.resolve())}
    (runtime,) = parts.glob("gatehouse-*.tar")
    told = {"runtime_bundle": str(runtime), "base_offline_packages": str(parts / DEBIAN)}
    if (parts / RULES).is_file():
        told["intrusion_bundle"] = str(parts / RULES)
    return told


def _is_offline(bundle: Path) -> bool:
    """Whether its first member is the list of sums; a runtime's bundle begins with a manifest."""
    if not bundle.is_file():
        return False
    try:
        with tarfile.open(bundle, "r:") as tar:
            first = tar.next()
    except tarfile.TarError:
        return False  # whoever wants it says what is wrong with it
    return first is not None and first.name == SUMS


def _unpacked(bundle: Path, cache: Path) -> Path:
    with tarfile.open(bundle, "r:") as tar:
        sums = tar.extractfile(SUMS)
        listed = sums.read().decode("utf-8") if sums else ""
        digests = {name: digest for digest, name in map(str.split, listed.splitlines())}
        place = cache / hashlib.sha256(listed.encode()).hexdigest()[:16]
        if place.is_dir():
            return place
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".part-", dir=cache) as temporary:
            folder = Path(temporary) / "parts"
            folder.mkdir()
            for member in tar:
                if member.name in digests and member.isreg():
                    _extract(tar, member, folder, digests.pop(member.name), bundle)
            if digests or not (folder / DEBIAN).is_file():
                raise Trouble(f"离线安装包 {bundle} 不完整。请重新复制或制作。")
            folder.rename(place)
    return place


def _extract(
    tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path, digest: str, bundle: Path
) -> None:
    source = tar.extractfile(member)
    target = folder / Path(member.name).name
    if source is not None:
        with source, target.open("wb") as out:
            shutil.copyfileobj(source, out, 1 << 20)
        with target.open("rb") as written:
            if hashlib.file_digest(written, "sha256").hexdigest() == digest:
                return
    raise Trouble(f"离线安装包 {bundle} 中的 {member.name} 已损坏。请重新复制或制作。")
