#!/usr/bin/python3
"""gatehouse-release: the releases of gatehouse on a box, side by side; one of them is `current`.

The standard library only, one file, owned by root: it outlives every release that it installs.

    /opt/gatehouse/releases/VERSION-DIGEST/   a release: venv, models, bin/gatehouse, manifest.json
    /opt/gatehouse/current                    link to the one that runs
    /opt/gatehouse/confirmed.json             the releases that were seen running well, oldest first

A release without manifest.json was cut off in the making and counts for nothing. A release that
runs but is not confirmed was cut off in the switch, and is judged again. Exit codes: 0 done, 1 the
release did not do well and the former one is back, 2 the work could not be begun.
"""

import argparse
import fcntl
import hashlib
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import time
import urllib.request
import xmlrpc.client
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol, TextIO

FORMAT = 1
OPT = Path("/opt/gatehouse")
SETTINGS = Path("/etc/gatehouse/release.json")
UNIT_FILES = Path("/etc/systemd/system")
SECRETS = Path("/etc/gatehouse/secrets")
MEMBER = re.compile(r"(wheels|models)/[A-Za-z0-9][A-Za-z0-9._+-]*|requirements\.txt")
RELEASE = re.compile(r"[0-9][0-9A-Za-z.]*-[0-9a-f]{12}")
MOST_DEATHS = 3
ROOM_FACTOR = 5
"""An unpacked release takes about four times its bundle, pip's own work a little more."""

WRAPPER = """\
#!/bin/sh
# Rendered by gatehouse-release. The release's own path, not `current`: programs that run while
# the link is switched must not get half of another release.
GATEHOUSE_MODELS={folder}/models
export GATEHOUSE_MODELS
exec {folder}/venv/bin/gatehouse "$@"
"""


Programs = dict[str, tuple[str, int]]
"""Each program of supervisord by name: its state, and when it was last started."""


def release_name(version: str, digests: Mapping[str, str]) -> str:
    """What the release of a bundle is called: its version, and a digest of its files' digests."""
    content = json.dumps(digests, sort_keys=True).encode()
    return f"{version}-{hashlib.sha256(content).hexdigest()[:12]}"


class Refused(Exception):
    """The work cannot be begun: one Chinese sentence and what to do; exit code 2."""


class Unwell(Exception):
    """A release was tried and did not do well: one Chinese sentence; exit code 1."""


@dataclass(frozen=True)
class Settings:
    """What the role tells of this box; see roles/runtime/templates/release.json.j2."""

    profile: str
    user: str
    unit: str
    storage: str
    page: str
    keep: int = 3
    steady_seconds: float = 10.0
    patience_seconds: float = 60.0

    @classmethod
    def read(cls, path: Path) -> "Settings":
        """The settings file that the role wrote; raises Refused."""
        try:
            return cls(**json.loads(path.read_text("utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise Refused(
                f"设置文件 {path} 不能使用（{error}）。请重新运行 gatehouse provision。"
            ) from None


class Service(Protocol):
    """What runs the release that `current` points at."""

    def restart(self) -> None:
        """Start anew; raises Unwell."""

    def stop(self) -> None:
        """Stop; raises Unwell."""

    def active(self) -> bool:
        """Whether it runs."""

    def deaths(self) -> int:
        """How often it ended by itself since `restart`."""


class Systemd:
    """The service as systemd runs it."""

    def __init__(self, unit: str) -> None:
        self.unit = unit

    def restart(self) -> None:
        self._systemctl("daemon-reload")
        self._systemctl("reset-failed", self.unit, check=False)
        self._systemctl("restart", self.unit)

    def stop(self) -> None:
        self._systemctl("stop", self.unit)

    def active(self) -> bool:
        return self._systemctl("is-active", "--quiet", self.unit, check=False) == 0

    def deaths(self) -> int:
        told = subprocess.run(  # noqa: S603 - fixed words, no shell
            ["systemctl", "show", "--property=NRestarts", "--value", self.unit],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
        )
        return int(told.stdout.strip() or 0)

    def _systemctl(self, *words: str, check: bool = True) -> int:
        command = ["systemctl", *words]
        answer = subprocess.run(  # noqa: S603 - fixed words, no shell
            command, capture_output=True, text=True, check=False
        )
        if check and answer.returncode != 0:
            told = (answer.stderr.strip().splitlines() or ["systemctl 没有说明"])[0]
            raise Unwell(f"服务 {self.unit} 不能启动或停止：{told}")
        return answer.returncode


class _UnixTransport(xmlrpc.client.Transport):
    """supervisord listens on a socket file."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        path = self._path

        class Connection(http.client.HTTPConnection):
            def connect(self) -> None:
                self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                self.sock.settimeout(5)
                try:
                    self.sock.connect(path)
                except OSError:
                    self.close()
                    raise

        connection = Connection(host)
        self._connection = host, connection  # for `close` to find
        return connection


@dataclass
class Health:
    """Whether all programs run, steadily, and the status page answers.

    A release that dies over and over is given up at once: while it is tried, the gate is blind.
    """

    storage: str
    page: str
    steady_seconds: float
    patience_seconds: float
    deaths: Callable[[], int] = lambda: 0
    pause: float = 0.5

    def programs(self) -> Programs:
        """What supervisord says of its programs; raises OSError and its like when it is silent."""
        transport = _UnixTransport(f"{self.storage}/run/supervisor.sock")
        with xmlrpc.client.ServerProxy("http://supervisor", transport=transport) as proxy:
            told: Any = proxy.supervisor.getAllProcessInfo()
        return {each["name"]: (each["statename"], each["start"]) for each in told}

    def wait(self) -> str | None:
        """None when the box has been well for `steady_seconds`; else why not, in Chinese."""
        deadline = time.monotonic() + self.patience_seconds
        since = time.monotonic()
        before: Programs | None = None
        starts: defaultdict[str, set[int]] = defaultdict(set)
        last = "各程序没有稳定运行"
        while time.monotonic() < deadline:
            why, now = self._look()
            if self.deaths() >= MOST_DEATHS:
                return f"supervisor 反复退出（{why or '原因不明'}）"
            if why is None and now and before is not None and now != before:
                names = sorted(name for name in now if now[name] != before.get(name))
                why = f"程序 {'、'.join(names)} 反复退出"
            if why is not None or before is None:
                since = time.monotonic()
            last, before = why or last, now
            for name, (_, start) in (now or {}).items():
                starts[name].add(start)
                if len(starts[name] - {0}) > MOST_DEATHS:
                    return f"程序 {name} 反复退出"
            if why is None and time.monotonic() - since >= self.steady_seconds:
                return None
            time.sleep(self.pause)
        return last

    def _look(self) -> tuple[str | None, Programs | None]:
        try:
            programs = self.programs()
        except (OSError, http.client.HTTPException, xmlrpc.client.Error):
            return "supervisor 没有应答", None
        idle = sorted(name for name, (state, _) in programs.items() if state != "RUNNING")
        if idle or not programs:
            return f"程序 {'、'.join(idle)} 没有运行", programs
        try:
            with urllib.request.urlopen(self.page, timeout=5):  # noqa: S310 - root wrote it
                return None, programs
        except OSError:
            return f"状态页 {self.page} 没有应答", programs


class Box:
    """The releases below `opt` and the service that runs one of them."""

    def __init__(
        self, settings: Settings, service: Service, opt: Path = OPT, inputs: Iterable[Path] = ()
    ) -> None:
        self.settings = settings
        self.service = service
        self.opt = opt
        self.inputs = tuple(inputs)

    # What is here.

    @property
    def releases(self) -> Path:
        """Where the releases lie."""
        return self.opt / "releases"

    @property
    def current(self) -> str | None:
        """The release that the link names."""
        try:
            return (self.opt / "current").readlink().name
        except OSError:
            return None

    def whole(self, release: str) -> bool:
        """Whether a release is here and was made to its end."""
        made = self.releases / release / "manifest.json"
        return bool(RELEASE.fullmatch(release)) and made.is_file()

    def installed(self) -> list[dict[str, Any]]:
        """The whole releases with what their manifests say of them, oldest first."""
        found = []
        for path in self.releases.glob("*/manifest.json") if self.releases.is_dir() else ():
            told = json.loads(path.read_text("utf-8"))
            about = {key: told[key] for key in ("version", "commit", "changed", "lock")}
            found.append((path.stat().st_mtime, path.parent.name, about))
        return [{"release": name, "installed_at": at, **about} for at, name, about in sorted(found)]

    def confirmed(self) -> dict[str, Any]:
        """`releases` that ran well, oldest first, and the `inputs` of the newest's start."""
        try:
            told: dict[str, Any] = json.loads((self.opt / "confirmed.json").read_text("utf-8"))
            return told
        except (OSError, ValueError):
            return {"releases": [], "inputs": None}

    def previous(self) -> str | None:
        """The release that ran well before the current one, if it is still here."""
        known = [each for each in self.confirmed()["releases"] if self.whole(each)]
        current = self.current
        if current in known:
            known = known[: known.index(current)]
        return known[-1] if known else None

    def status(self) -> dict[str, Any]:
        """What `gatehouse-release status --json` prints."""
        known = self.confirmed()["releases"]
        return {
            "current": self.current,
            "confirmed": bool(known) and known[-1] == self.current,
            "previous": self.previous(),
            "releases": self.installed(),
            "active": self.service.active(),
        }

    # Unpacking.

    def unpack(self, bundle: Path) -> tuple[str, bool]:
        """Make the release of a bundle; returns its name and whether this call made it."""
        try:
            with tarfile.open(bundle, "r:") as tar:
                manifest = self._manifest(tar)
                release = str(manifest["release"])
                if self.whole(release):
                    return release, False
                self._room(bundle)
                folder = self.releases / release
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir(parents=True)
                self._extract(tar, manifest["files"], folder)
        except (tarfile.TarError, KeyError, ValueError, EOFError) as error:
            raise Refused(f"安装包 {bundle} 已损坏（{error}）。请重新制作并复制安装包。") from None
        self._install(folder)
        shutil.rmtree(folder / "wheels")
        # All of it on the disk before the manifest says that it is whole.
        _run(["sync", "--file-system", str(folder)], "写入磁盘")
        _write(folder / "manifest.json", json.dumps(manifest, indent=1))
        return release, True

    def _manifest(self, tar: tarfile.TarFile) -> dict[str, Any]:
        first = tar.next()
        if first is None or first.name != "manifest.json" or first.size > 1_000_000:
            raise ValueError("没有清单")
        manifest: dict[str, Any] = json.loads(_content(tar, first).read())
        if manifest["format"] != FORMAT:
            raise Refused(
                "安装包的格式与本机的 gatehouse-release 不符。请重新运行 gatehouse provision。"
            )
        release = release_name(str(manifest["version"]), manifest["files"])
        if manifest["release"] != release or not RELEASE.fullmatch(release):
            raise ValueError("清单与名称不符")
        return manifest

    def _room(self, bundle: Path) -> None:
        needed = ROOM_FACTOR * bundle.stat().st_size
        self.releases.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.releases).free
        if free < needed:
            raise Refused(
                f"{self.opt} 所在磁盘只剩 {free // 10**6} MB，安装需要 {needed // 10**6} MB。"
                "请清理磁盘后重试。"
            )

    def _extract(self, tar: tarfile.TarFile, digests: dict[str, str], folder: Path) -> None:
        missing = set(digests)
        for member in tar:
            if member.name == "manifest.json":
                continue
            expected = member.name in missing and MEMBER.fullmatch(member.name)
            if not expected or not member.isreg():
                raise ValueError(f"清单中没有 {member.name!r}")
            missing.discard(member.name)
            path = folder / member.name
            path.parent.mkdir(exist_ok=True)
            digest = hashlib.sha256()
            with _content(tar, member) as source, path.open("wb") as target:
                while piece := source.read(1 << 20):
                    digest.update(piece)
                    target.write(piece)
            if digest.hexdigest() != digests[member.name]:
                raise ValueError(f"{member.name} 与清单不符")
        if missing:
            raise ValueError(f"缺少 {min(missing)}")

    def _install(self, folder: Path) -> None:
        """The venv, without network; pip is the bundle's own, so the box needs none."""
        (pip,) = (folder / "wheels").glob("pip-*.whl")
        python = folder / "venv" / "bin" / "python"
        _run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], "建立环境")
        words = ["install", "--quiet", "--no-index", "--no-deps", "--require-hashes"]
        words += ["--no-cache-dir", "--disable-pip-version-check", "--root-user-action=ignore"]
        words += ["--find-links", str(folder / "wheels"), "-r", str(folder / "requirements.txt")]
        _run([str(python), str(pip / "pip"), *words], "安装依赖包")
        (folder / "bin").mkdir()
        wrapper = folder / "bin" / "gatehouse"
        wrapper.write_text(WRAPPER.format(folder=folder), "utf-8")
        wrapper.chmod(0o755)

    # Switching.

    def switch(self, release: str) -> bool:
        """Let `release` run with the present profile and unit, if it does well.

        Returns whether anything was changed. Raises Refused before anything is touched, Unwell
        when the former release had to be brought back.
        """
        if not self.whole(release):
            raise Refused(f"本机没有版本 {release}。请先安装它的安装包。")
        known, former, inputs = self.confirmed(), self.current, self._inputs()
        same = former == release and known["releases"][-1:] == [release]
        if same and known["inputs"] == inputs and self.service.active():
            return False
        self._check(release)
        why = self._try(release)
        if why is None:
            # A release that is taken up again moves to the end: what was tried after it is no
            # longer what to fall back on.
            releases = [each for each in known["releases"] if each != release and self.whole(each)]
            self._confirm([*releases, release], inputs)
            self._prune()
            return True
        raise Unwell(self._go_back(release, former, known["releases"], why))

    def rollback(self) -> str:
        """Let the release run that did so before the current one; returns its name."""
        release = self.previous()
        if release is None:
            raise Refused("本机没有更早的可用版本，不能回退。")
        current = self.current
        self.switch(release)
        known = [each for each in self.confirmed()["releases"] if each not in {current, release}]
        self._confirm([*known, release], self._inputs())
        return release

    def _check(self, release: str) -> None:
        """The profile as this release reads it, read by the service's own account."""
        program = str(self.releases / release / "bin" / "gatehouse")
        account = self.settings.user if os.geteuid() == 0 else None
        answer = subprocess.run(  # noqa: S603 - a release of root's, no shell
            [program, "check", self.settings.profile],
            capture_output=True,
            text=True,
            check=False,
            user=account,
            group=account,
            extra_groups=None if account is None else [],
            cwd="/",
        )
        if answer.returncode != 0:
            told = (answer.stdout + answer.stderr).strip()
            raise Refused(f"版本 {release} 不接受站点配置，没有切换：\n{told}")

    def _try(self, release: str) -> str | None:
        """Why the release is not well, or None."""
        self._point_at(release)
        settings = self.settings
        health = Health(
            settings.storage,
            settings.page,
            settings.steady_seconds,
            settings.patience_seconds,
            self.service.deaths,
        )
        try:
            self.service.restart()
        except Unwell as trouble:
            return str(trouble)
        return health.wait()

    def _go_back(self, release: str, former: str | None, known: list[str], why: str) -> str:
        told = f"版本 {release} 启动后不正常：{why}。"
        good = self._to_fall_back_on(release, former, known)
        if good is not None:
            again = self._try(good)
            state = "现已正常运行" if again is None else f"但它也不正常：{again}"
            return f"{told}已换回版本 {good}，{state}。"
        if release in known:
            where = "请查看状态页和 journalctl -u gatehouse"
            return f"{told}它此前正常运行过，服务继续尝试；{where}。"
        self.service.stop()
        (self.opt / "current").unlink(missing_ok=True)
        advice = "请看 journalctl -u gatehouse，排除后再执行一次"
        return f"{told}没有更早的版本可换回，服务已停止。{advice}。"

    def _to_fall_back_on(self, release: str, former: str | None, known: list[str]) -> str | None:
        """The release to run in the place of one that is not well.

        What ran before, unless that was cut off in its own switch and never seen to do well: then
        the newest that was. A release that did well and is the only one that ran is kept trying.
        """
        if former == release and release in known:
            return None
        proven = [*([former] if former in known else []), *reversed(known)]
        candidates = [each for each in (*proven, former) if each is not None and each != release]
        return next((each for each in candidates if self.whole(each)), None)

    def _point_at(self, release: str) -> None:
        part = self.opt / ".current"
        part.unlink(missing_ok=True)
        part.symlink_to(self.releases / release)
        part.replace(self.opt / "current")
        _sync_folder(self.opt)

    def _confirm(self, releases: list[str], inputs: str) -> None:
        _write(self.opt / "confirmed.json", json.dumps({"releases": releases, "inputs": inputs}))

    def _prune(self) -> None:
        """Keep the newest, and whatever runs or may have to run again."""
        spared = {self.current, self.previous()}
        names = [each["release"] for each in self.installed()]
        for name in names[: -self.settings.keep or None]:
            if name not in spared:
                (self.releases / name / "manifest.json").unlink()  # so that a cut leaves no half
                shutil.rmtree(self.releases / name)

    def _inputs(self) -> str:
        """A digest of what the service read at its start; of secrets, when they were written."""
        digest = hashlib.sha256()
        for path in (Path(self.settings.profile), *self.inputs):
            files = sorted(path.iterdir()) if path.is_dir() else [path]
            for file in files:
                try:
                    state = file.stat()
                    text = b"" if path.is_dir() else file.read_bytes()
                except OSError:
                    continue
                stamp = f"{file}\0{state.st_mtime_ns if path.is_dir() else ''}\0".encode()
                digest.update(stamp + hashlib.sha256(text).digest())
        return digest.hexdigest()


@contextmanager
def _alone(opt: Path) -> Iterator[None]:
    """One at a time: two that switch at once would each judge the other's release."""
    opt.mkdir(parents=True, exist_ok=True)
    with (opt / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused("另一个安装或回退正在进行。请等它结束后重试。") from None
        yield


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    stream = tar.extractfile(member)
    if stream is None:
        raise ValueError(f"{member.name!r} 不是文件")
    return stream


def _write(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    with part.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)
    _sync_folder(path.parent)


def _sync_folder(path: Path) -> None:
    """Put a rename on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _run(command: list[str], what: str) -> None:
    answer = subprocess.run(  # noqa: S603 - fixed words, no shell
        command, capture_output=True, text=True, check=False, cwd="/"
    )
    if answer.returncode != 0:
        told = (answer.stderr.strip().splitlines() or ["没有说明"])[-1]
        raise Refused(f"{what}失败：{told}。")


def _arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="gatehouse-release", description="安装、切换、回退 gatehouse 的版本。"
    )
    parser.add_argument("--settings", type=Path, default=SETTINGS, help="本机设置文件")
    parser.add_argument("--opt", type=Path, default=OPT, help="各版本所在目录")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="动作")
    for verb, text in {
        "install": "解开安装包并切换过去",
        "unpack": "只解开安装包，不切换",
        "switch": "切换到已解开的版本；不正常则自动换回",
        "rollback": "回退到上一个正常运行过的版本",
        "status": "当前版本与本机上的全部版本",
    }.items():
        part = verbs.add_parser(verb, help=text, description=text)
        part.add_argument("--json", action="store_true", help="输出 JSON")
        if verb in {"install", "unpack"}:
            part.add_argument("bundle", type=Path, help="安装包（.tar）")
        if verb == "switch":
            part.add_argument(
                "release", nargs="?", help="版本，如 0.1.0-0123456789ab；不写则为当前版本"
            )
    return parser.parse_args(words)


def work(box: Box, arguments: argparse.Namespace) -> dict[str, Any]:
    """Do what the command line asks; returns what to print."""
    if arguments.verb == "status":
        return box.status()
    with _alone(box.opt):
        changed, release = False, getattr(arguments, "release", None) or box.current or ""
        if arguments.verb in {"install", "unpack"}:
            release, changed = box.unpack(arguments.bundle)
        if arguments.verb in {"install", "switch"}:
            changed = box.switch(release) or changed
        if arguments.verb == "rollback":
            release, changed = box.rollback(), True
    return {"changed": changed, "release": release}


def main(words: list[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    arguments = _arguments(words)
    os.umask(0o022)
    try:
        settings = Settings.read(arguments.settings)
        inputs = (UNIT_FILES / settings.unit, SECRETS)
        told = work(Box(settings, Systemd(settings.unit), arguments.opt, inputs), arguments)
    except (Refused, Unwell, OSError) as trouble:
        text = str(trouble)
        if isinstance(trouble, OSError):
            advice = "用 sudo 运行" if isinstance(trouble, PermissionError) else "检查磁盘后重试"
            text = f"{trouble.filename or '系统'} 不能使用（{trouble.strerror}）。请{advice}。"
        if arguments.json:
            _say(sys.stdout, json.dumps({"changed": False, "failed": text}, ensure_ascii=False))
        _say(sys.stderr, text)
        return 1 if isinstance(trouble, Unwell) else 2
    _say(sys.stdout, json.dumps(told, ensure_ascii=False) if arguments.json else _as_text(told))
    return 0


def _say(stream: TextIO, text: str) -> None:
    stream.write(f"{text}\n")


def _as_text(told: dict[str, Any]) -> str:
    if "releases" not in told:
        return f"版本 {told['release']}：{'已生效' if told['changed'] else '没有变化'}"
    lines = []
    for each in told["releases"]:
        mark = "*" if each["release"] == told["current"] else " "
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(each["installed_at"]))
        lines.append(f"{mark} {each['release']}  {at}  {each['commit'] or ''}")
    return "\n".join(lines) or "本机还没有安装任何版本。"


if __name__ == "__main__":
    sys.exit(main())
