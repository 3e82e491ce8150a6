"""The Debian archives as this machine's own apt reaches them: asked of it, never written down.

Resolving and fetching go through apt's programs, so its mirrors, proxies, certificates and
signatures apply. The image's suite is resolved in a folder of its own; this machine's packages play
no part.
"""

import platform
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from appliance.imaging.lock import LockedPackage
from appliance.trouble import Trouble

SUITE = "trixie"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


@dataclass(frozen=True, slots=True)
class Archives:
    """Where packages come from; both addresses end with a slash."""

    debian: str
    security: str

    def address(self, package: LockedPackage) -> str:
        """Where a package would be fetched."""
        base = self.debian if package.archive == "debian" else self.security
        return base + quote(package.path, safe="/~")

    def place(self, address: str) -> tuple[str, str]:
        """Archive and path of an address that apt printed."""
        for name, base in (("security", self.security), ("debian", self.debian)):
            if address.startswith(base):
                return name, unquote(address.removeprefix(base))
        raise Trouble(f"apt 给出了软件源以外的地址：{address.rpartition('/')[2]}。")


def archives_of_this_machine() -> Archives:
    """Ask apt for the archives that carry this machine's own release; raises Trouble."""
    codename = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    listed = _apt("apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)")
    found = {release: base for base, _, release in (line.partition(" ") for line in listed)}
    try:
        return Archives(found[codename], found[f"{codename}-security"])
    except KeyError:
        raise Trouble(
            "本机的 apt 没有 Debian 软件源或还没有更新过。请检查 /etc/apt 并运行 apt-get update。"
        ) from None


def resolve(archives: Archives, wanted: Sequence[str]) -> tuple[LockedPackage, ...]:
    """What installing `wanted` on nothing comes to today; raises Trouble.

    `linux-image-amd64` only names the kernel of the day and would draw another one into a running
    box, which boots from its own partition and would not start it: the kernel is locked without it.
    """
    with _private_apt(archives) as options:
        _apt("apt-get", *options, "-q", "update")
        words = ("--print-uris", "-qq", "install", "?essential", "apt", *wanted)
        printed = _apt("apt-get", *options, *words)
        places = [archives.place(line.split("'")[1]) for line in printed if line.startswith("'")]
        stanzas = _stanzas(_apt("apt-cache", *options, "show", *_names(printed)))
    found = []
    for archive, path in places:
        told = stanzas[path]
        if told["Package"] != "linux-image-amd64":
            name, version, sha256 = told["Package"], told["Version"], told["SHA256"]
            found.append(LockedPackage(name, version, sha256, archive, path))
    return tuple(sorted(found, key=lambda package: package.name))


def fetch(archives: Archives, package: LockedPackage, target: Path) -> bool:
    """Fetch a package, checked against its sha256; False where the archive does not have it."""
    helper = ["/usr/lib/apt/apt-helper", "-o", "APT::Sandbox::User=root", "download-file"]
    done = subprocess.run(  # noqa: S603 - fixed words, no shell
        [*helper, archives.address(package), str(target), f"SHA256:{package.sha256}"],
        capture_output=True,
        check=False,
    )
    return done.returncode == 0 and target.is_file()


@contextmanager
def _private_apt(archives: Archives) -> Iterator[list[str]]:
    """Options for an apt that knows the image's suite and nothing of this machine."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-apt-") as temporary:
        folder = Path(temporary)
        for name in ("lists/partial", "cache/archives/partial"):
            (folder / name).mkdir(parents=True)
        (folder / "status").touch()
        sources = folder / "image.sources"
        suites = [(archives.debian, f"{SUITE} {SUITE}-updates")]
        suites += [(archives.security, f"{SUITE}-security")]
        sources.write_text(
            "\n".join(
                f"Types: deb\nURIs: {base}\nSuites: {names}\nComponents: main\n"
                f"Signed-By: {KEYRING}\n"
                for base, names in suites
            ),
            "utf-8",
        )
        settings = {
            "Dir::State": folder,
            "Dir::State::lists": folder / "lists",
            "Dir::State::status": folder / "status",
            "Dir::Cache": folder / "cache",
            "Dir::Etc::sourcelist": sources,
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "APT::Architecture": "amd64",
            "APT::Install-Recommends": "false",
            "Acquire::Languages": "none",
            "APT::Sandbox::User": "root",
        }
        yield [word for key, text in settings.items() for word in ("-o", f"{key}={text}")]


def _names(printed: Sequence[str]) -> list[str]:
    """`name=version` of each printed file NAME_VERSION_ARCHITECTURE.deb."""
    files = [unquote(line.split("'")[1].rpartition("/")[2]) for line in printed if "'" in line]
    return sorted({file.partition("_")[0] for file in files})


def _stanzas(lines: Sequence[str]) -> dict[str, dict[str, str]]:
    """The records of apt-cache by the path of the file."""
    found: dict[str, dict[str, str]] = {}
    told: dict[str, str] = {}
    for line in (*lines, ""):
        if not line:
            if "Filename" in told:
                found[told["Filename"]] = told
            told = {}
        elif not line.startswith(" "):
            key, _, text = line.partition(": ")
            told[key] = text
    return found


def _apt(*words: str) -> list[str]:
    try:
        done = subprocess.run(  # noqa: S603 - fixed words, no shell
            words, capture_output=True, text=True, check=False, env=_ENVIRONMENT
        )
    except FileNotFoundError:
        raise Trouble(f"本机没有 {words[0]}：镜像只能在 Debian 上制作。") from None
    if done.returncode != 0:
        told = [line for line in done.stderr.splitlines() if line.startswith("E:")]
        said = told[-1].partition(": ")[2] if told else "没有说明"
        raise Trouble(f"{words[0]} 失败：{said}。请检查网络和 apt 的设置后重试。")
    return done.stdout.splitlines()


_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
