"""The offline bundle: what `gatehouse provision --bundle` takes to a site without internet.

One tar with the runtime's own bundle, an apt archive of the locked packages, and rules:

    gatehouse-RELEASE.tar   wheels and models (appliance/bundle)
    debian.tar              `Packages` and every locked .deb
    rules.tar.gz            more rules for Suricata, where some were given; the roles have their own
    SHA256SUMS              of all of them
"""

import gzip
import io
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from appliance.bundle.wheels import digest_of

DEBIAN = "debian.tar"
RULES = "rules.tar.gz"
SUMS = "SHA256SUMS"


def write_offline_bundle(
    target: Path, runtime: Path, repository: Path, rules: Sequence[Path], epoch: int
) -> None:
    """Write the bundle; `rules` are files of Suricata's, all named differently."""
    made = {runtime.name: runtime}
    parts = target.with_name(f".{target.name}.parts")
    parts.mkdir()
    files = sorted(path for path in repository.iterdir() if path.is_file())
    made[DEBIAN] = _plain(parts / DEBIAN, {path.name: path for path in files}, epoch)
    if rules:
        made[RULES] = parts / RULES
        packed = io.BytesIO()
        _tar(packed, {path.name: path for path in sorted(rules)}, epoch)
        with made[RULES].open("wb") as out, gzip.GzipFile("", "wb", 9, out, epoch) as stream:
            stream.write(packed.getvalue())
    sums = parts / SUMS
    sums.write_text("".join(f"{digest_of(made[name])}  {name}\n" for name in sorted(made)))
    _plain(target, {SUMS: sums} | {name: made[name] for name in sorted(made)}, epoch)
    for path in parts.iterdir():
        path.unlink()
    parts.rmdir()


def _plain(target: Path, members: Mapping[str, Path], epoch: int) -> Path:
    with target.open("wb") as out:
        _tar(out, members, epoch)
    return target


def _tar(out: io.IOBase, members: Mapping[str, Path], epoch: int) -> None:
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, path in members.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime = path.stat().st_size, 0o644, epoch
            with path.open("rb") as stream:
                tar.addfile(entry, stream)
