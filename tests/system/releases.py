"""Releases for the guest, made of the very bundle that it was provisioned from."""

import json
import shutil
import tarfile
import tempfile
import zipfile
from pathlib import Path

from bundle.releases import BAD_START

from appliance.bundle.build import Bundle, pack
from appliance.bundle.wheels import digest_of


def successor(bundle: Path, folder: Path, version: str, *, broken: str | None = None) -> Bundle:
    """The same content as another version; with `broken`, `gatehouse run BROKEN` dies at once."""
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        content = Path(temporary) / "content"
        with tarfile.open(bundle) as tar:
            tar.extractall(content, filter="data")
        manifest = json.loads((content / "manifest.json").read_text("utf-8"))
        (content / "manifest.json").unlink()
        if broken:
            _break(content, broken)
        about = {key: manifest[key] for key in ("format", "commit", "changed", "lock")}
        made = pack(content, about | {"version": version}, Path(temporary))
        return Bundle(Path(shutil.move(made.path, folder)), made.release)


def _break(content: Path, program: str) -> None:
    (wheel,) = content.glob("wheels/gatehouse-*.whl")
    before = digest_of(wheel)
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("broken.pth", BAD_START.format(word=program))
    wanted = content / "requirements.txt"
    wanted.write_text(wanted.read_text("utf-8").replace(before, digest_of(wheel)), "utf-8")
