"""The seal of an evidence folder: a manifest of sha256 sums, signed with the kit's ed25519 key.

The key is the kit's own, made at its first use in the engineer's configuration folder (mode 600).
A seal shows that the folder is as that key's owner left it; whose key it is, the fingerprint on the
cover sheet tells, which the engineer signs by hand.
"""

import base64
import hashlib
import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from acceptance_kit.evidence import MANIFEST, EvidenceFolder, whole_file
from appliance.trouble import Trouble

FORMAT = 1
BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing about a sealed folder that is not as it was sealed."""

    file: str
    what: str


@dataclass(frozen=True, slots=True)
class Inspection:
    """What `inspect` found. `faults` is empty when everything is as it was sealed."""

    fingerprint: str
    sealed_at: datetime | None
    faults: tuple[Fault, ...]


def key_file() -> Path:
    """Where the kit's own key lies: `$XDG_CONFIG_HOME/gatehouse/acceptance.key`."""
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "gatehouse" / "acceptance.key"


def signing_key(file: Path) -> Ed25519PrivateKey:
    """The key in `file` (32 bytes), made when there is none. Raises Trouble when it is no key."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = Ed25519PrivateKey.generate().private_bytes_raw()
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write(made)
            stream.flush()
            os.fsync(stream.fileno())
    try:
        return Ed25519PrivateKey.from_private_bytes(file.read_bytes())
    except ValueError as error:
        raise Trouble(f"{file} 不是验收工具的签名密钥。请移走它，工具会生成新的密钥。") from error


def fingerprint(key: Ed25519PublicKey) -> str:
    """A public key in a form that people can compare: sixteen hexadecimal digits in fours."""
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    digits = hashlib.sha256(raw).hexdigest()[:16].upper()
    return " ".join(digits[at : at + 4] for at in range(0, 16, 4))


def seal(folder: EvidenceFolder, key: Ed25519PrivateKey, at: datetime) -> str:
    """Write the manifest of all that lies in `folder`; returns the key's fingerprint."""
    sums = {str(file): digest_of(folder.path / file) for file in folder.contents()}
    body = {"format": FORMAT, "sealed_at": at.isoformat(), "files": sums}
    public = key.public_key()
    manifest = body | {
        "public_key": _base64(public.public_bytes_raw()),
        "signature": _base64(key.sign(_signed(body))),
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    with whole_file(folder.path / MANIFEST) as file:
        file.write_text(text, "utf-8")
    return fingerprint(public)


def inspect(path: Path) -> Inspection:
    """Compare a folder with its seal: changed, missing and added files, and the seal itself.

    Raises Trouble when there is no manifest.
    """
    file = path / MANIFEST
    if not file.is_file():
        raise Trouble(f"{path} 没有 {MANIFEST}，不是封存的验收目录；请先运行 gatehouse accept。")
    try:
        manifest = json.loads(file.read_text("utf-8"))
        body = {name: manifest[name] for name in ("format", "sealed_at", "files")}
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(manifest["public_key"]))
        signature = base64.b64decode(manifest["signature"])
        sealed_at = datetime.fromisoformat(body["sealed_at"])
        sums = {str(name): str(digest) for name, digest in body["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return Inspection("", None, (Fault(MANIFEST, "清单被改动，无法读取"),))
    faults = []
    try:
        public.verify(signature, _signed(body))
    except InvalidSignature:
        faults.append(Fault(MANIFEST, "签名不符，清单被改动"))
    present = {str(inside) for inside in EvidenceFolder(path).contents()}
    for name in sorted(sums.keys() | present):
        if name not in present:
            faults.append(Fault(name, "文件缺失"))
        elif name not in sums:
            faults.append(Fault(name, "封存后添加的文件"))
        elif digest_of(path / name) != sums[name]:
            faults.append(Fault(name, "内容被改动"))
    return Inspection(fingerprint(public), sealed_at, tuple(faults))


def digest_of(file: Path) -> str:
    """The sha256 of a file, as hexadecimal digits."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _signed(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
