"""Small real bundles: their only package leads to this clone, so they install in seconds.

What the appliance does in them is the clone's own code under a real supervisord; a bad release is
one whose programs end at once.
"""

import base64
import ensurepip
import hashlib
import io
import json
import os
import shutil
import site
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

from appliance.bundle.build import CLONE, FORMAT, pack

BAD_START = "import os, sys; {word!r} in sys.orig_argv and 'run' in sys.orig_argv and os._exit(1)\n"


def small_bundle(folder: Path, version: str, *, broken: str | None = None) -> Path:
    """A bundle of `version`; with `broken`, `gatehouse run BROKEN` dies at its start."""
    content = folder / f"content-{version}"
    wheels = content / "wheels"
    wheels.mkdir(parents=True)
    (content / "models").mkdir()
    shutil.copy(pip_wheel(), wheels)
    paths = "".join(f"{path}\n" for path in (CLONE, *site.getsitepackages()))
    start = BAD_START.format(word=broken) if broken else ""
    wheel = wheels / f"gatehouse-{version}-py3-none-any.whl"
    _write_wheel(wheel, version, {"clone.pth": start + paths})
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (content / "requirements.txt").write_text(f"gatehouse=={version} --hash=sha256:{digest}\n")
    about = {"format": FORMAT, "version": version, "commit": None, "changed": False, "lock": "0"}
    return pack(content, about, folder).path


def pip_wheel() -> Path:
    """The pip that a new virtual environment begins with; Debian keeps it apart from its Python."""
    own = Path(ensurepip.__file__).parent / "_bundled"
    return next(Path(sysconfig.get_config_var("WHEEL_PKG_DIR") or own).glob("pip-*.whl"))


def _write_wheel(path: Path, version: str, files: dict[str, str]) -> None:
    info = f"gatehouse-{version}.dist-info"
    files |= {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: gatehouse\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[console_scripts]\ngatehouse = appliance.cli:main\n",
    }
    lines = []
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            digest = hashlib.sha256(text.encode()).digest()
            code = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            lines.append(f"{name},sha256={code},{len(text.encode())}\n")
            archive.writestr(name, text)
        archive.writestr(f"{info}/RECORD", "".join(lines) + f"{info}/RECORD,,\n")


class ByHand:
    """The service without systemd: a command line that becomes a real supervisord."""

    def __init__(self, command: list[str], secrets: Path) -> None:
        self._command = command
        self._secrets = secrets
        self._process: subprocess.Popen[bytes] | None = None
        self.starts = 0

    def restart(self) -> None:
        self.stop()
        self.starts += 1
        self._process = subprocess.Popen(
            self._command,
            env=os.environ | {"GATEHOUSE_SECRETS": str(self._secrets)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)
            self._process = None

    def active(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def deaths(self) -> int:
        return 0


PLAIN = """\
[supervisord]
nodaemon=true
silent=true
logfile={root}/log
pidfile={root}/pid
[unix_http_server]
file={root}/run/supervisor.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[program:page]
command={python} -m http.server --bind 127.0.0.1 --directory {root} {port}
stdout_logfile=NONE
redirect_stderr=true
"""


def plain_supervisor(root: Path, port: int) -> list[str]:
    """A supervisord whose one program answers on `port`: where only the order of releases counts,
    a whole gate would take ten times as long to start."""
    (root / "run").mkdir(parents=True)
    (root / "healthz").touch()
    configuration = root / "supervisord.conf"
    configuration.write_text(PLAIN.format(root=root, port=port, python=sys.executable))
    return [sys.executable, "-m", "supervisor.supervisord", "-c", str(configuration)]


def spoiled(
    bundle: Path, target: Path, *, manifest: object = None, **members: bytes | None
) -> Path:
    """A copy of a bundle with its manifest or members replaced (`wheels__x` for `wheels/x`), added,
    or left out (None)."""
    names = {name.replace("__", "/"): content for name, content in members.items()}
    with tarfile.open(bundle) as source, tarfile.open(target, "w") as sink:
        for member in source:
            content = source.extractfile(member).read()  # type: ignore[union-attr]
            if member.name == "manifest.json" and manifest is not None:
                content = json.dumps(manifest).encode()
            if member.name in names:
                changed = names.pop(member.name)
                if changed is None:
                    continue
                content = changed
            member.size = len(content)
            sink.addfile(member, io.BytesIO(content))
        for name, content in names.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content or b"")
            sink.addfile(entry, io.BytesIO(content or b""))
    return target
