"""Runs on a box as root: packs what helps from afar, with no secret, photo or plate in it.

Standard library only; sent over ssh and run as `python3 THIS TARGET`. Every secret of the box is
read first, and wherever its value stands in what was collected it is blotted out.
"""

import io
import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

SECRETS = Path("/etc/gatehouse/secrets")
LARGEST_BYTES = 4_000_000
# How many rows each table of the journal has; nothing of what stands in them. By the service's own
# account: SQLite as root would leave files beside the journal that the service cannot open.
STATISTICS = """
import json, os, sqlite3, sys
path = sys.argv[1]
journal = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
names = [name for name, in journal.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
rows = {name: journal.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}
print(json.dumps({"bytes": os.stat(path).st_size, "rows": rows}, indent=1))
"""
COMMANDS = {
    "system.txt": ["uname", "-a"],
    "uptime.txt": ["uptime"],
    "disks.txt": ["df", "-hT"],
    "memory.txt": ["free", "-m"],
    "addresses.txt": ["ip", "-brief", "address"],
    "failed-units.txt": ["systemctl", "--no-pager", "--failed"],
    "units.txt": ["systemctl", "--no-pager", "list-units", "--all", "--type=service,timer"],
    "packages.txt": ["dpkg-query", "-W"],
    "release.json": ["/opt/gatehouse/bin/gatehouse-release", "status", "--json"],
    "firewall.txt": ["nft", "list", "ruleset"],
    "clock.txt": ["chronyc", "-n", "tracking"],
    "log-gatehouse.txt": ["journalctl", "--no-pager", "-u", "gatehouse", "--since", "-3d"],
    "log-warnings.txt": ["journalctl", "--no-pager", "-p", "warning", "--since", "-3d"],
}
FILES = {
    "profile.yaml": "/etc/gatehouse/profile.yaml",  # it names secrets, and holds none
    "os-release": "/etc/os-release",
}
EVIDENCE = "/var/lib/gatehouse/evidence"
SETTINGS = Path("/etc/gatehouse/release.json")

# A plate is a person's: seven or eight signs that begin with a province's, which JSON may escape.
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_PLATE = re.compile(rf"([{_PROVINCES}]|\\u[0-9a-f]{{4}})[A-Z][A-Z0-9]{{4,6}}")


def secret_values(folder: Path = SECRETS) -> list[str]:
    """The values of the box's secrets, longest first, so that no part of one is left."""
    values: set[str] = set()
    for path in folder.glob("*") if folder.is_dir() else ():
        text = path.read_text("utf-8", "replace").strip()
        values |= {text, json.dumps(text)[1:-1]} if len(text) >= 4 else set()
    return sorted(values, key=len, reverse=True)


def blotted(text: str, values: list[str]) -> str:
    """`text` without secrets and plates."""
    for value in values:
        text = text.replace(value, "•••")
    return _PLATE.sub("•车牌•", text)


def said_by(words: list[str]) -> str:
    """What a command says, or why it does not."""
    try:
        answer = subprocess.run(  # noqa: S603 - fixed words, no shell
            words, capture_output=True, text=True, errors="replace", timeout=60, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"{words[0]}: {error}\n"
    return answer.stdout[-LARGEST_BYTES:] + answer.stderr[-LARGEST_BYTES:]


def end_of(path: Path) -> str:
    """The end of a text file."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - LARGEST_BYTES))
        return file.read().decode("utf-8", "replace")


def storage_root(settings: Path = SETTINGS) -> str:
    """`storage.root` of the box's profile, as its release tool is told; else the usual one."""
    try:
        return str(json.loads(settings.read_text("utf-8"))["storage"])
    except (OSError, ValueError, KeyError):
        return "/var/lib/gatehouse"


def collected() -> dict[str, str]:
    """Every text by its name in the bundle."""
    root = storage_root()
    statistics = ["python3", "-c", STATISTICS, f"{root}/journal.sqlite3"]
    commands = COMMANDS | {"journal.json": ["runuser", "-u", "gatehouse", "--", *statistics]}
    texts = {name: said_by(words) for name, words in commands.items()}
    places = {name: Path(place) for name, place in FILES.items()}
    for folder, kind in ((EVIDENCE, "*.jsonl"), (f"{root}/log", "*.log")):
        places |= {f"{Path(folder).name}/{path.name}": path for path in Path(folder).glob(kind)}
    texts |= {name: end_of(path) for name, path in places.items() if path.is_file()}
    return texts


def main(target: str) -> None:
    """Write the bundle to `target`, for root only."""
    values = secret_values()
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as out, tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, text in sorted(collected().items()):
            content = blotted(text, values).encode("utf-8")
            about = tarfile.TarInfo(f"gatehouse-support/{name}")
            about.size, about.mode = len(content), 0o600
            tar.addfile(about, io.BytesIO(content))


if __name__ == "__main__":
    main(sys.argv[1])
