"""Where the installer's side finds its playbook and keeps what it writes."""

import os
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from appliance.trouble import Trouble

_TREE = Path(__file__).parents[2]


def source_tree() -> Path:
    """The clone with `provision.yml`, `roles/` and `inventory/`; raises Trouble without one.

    A box has only the wheel: it is provisioned from a clone, and never provisions others.
    """
    if not (_TREE / "provision.yml").is_file():
        raise Trouble("这里只装了运行程序，没有安装脚本。请在 gatehouse 的源码目录中执行本命令。")
    return _TREE


def python_path() -> str:
    """PYTHONPATH for processes that import the clone's packages, the installer's own after it."""
    return os.pathsep.join(filter(None, [str(source_tree()), os.environ.get("PYTHONPATH")]))


def vault_file(site: str) -> Path:
    """Where the secrets of a site are kept, encrypted, unless the command line says otherwise."""
    return source_tree() / "inventory" / "secrets" / f"{site}.vault.yml"


def site_name(profile_file: Path) -> str:
    """A site is called as its profile's file."""
    return profile_file.stem


class SiteState:
    """What is remembered of a site on the installer's machine, in a folder that only he may enter.

    `known_hosts` holds the host keys pinned at the first contact, `log_file` names a new log.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of(cls, site: str, environ: Mapping[str, str] | None = None) -> "SiteState":
        """The state of a site under XDG_STATE_HOME, made when it is not there."""
        variables = os.environ if environ is None else environ
        base = variables.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
        folder = Path(base) / "gatehouse" / re.sub(r"[^\w.-]", "_", site)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return cls(folder)

    @property
    def known_hosts(self) -> Path:
        """The pinned host keys, by machine name."""
        return self.folder / "known_hosts"

    def log_file(self, verb: str, now: datetime) -> Path:
        """A name for the log of a run that begins now; a second's runs are told apart."""
        logs = self.folder / "logs"
        logs.mkdir(mode=0o700, exist_ok=True)
        stem = f"{verb}-{now:%Y%m%d-%H%M%S}"
        names = [f"{stem}.log", *(f"{stem}-{n}.log" for n in range(2, 1000))]
        return next(logs / name for name in names if not (logs / name).exists())


def private_file(path: Path) -> int:
    """A descriptor of an emptied file that only its owner may read, whatever the umask."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    os.fchmod(handle, 0o600)
    return handle
