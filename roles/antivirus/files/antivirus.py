#!/usr/bin/python3
"""Scan for viruses with ClamAV; what is found becomes evidence.

    antivirus.py incoming  --quarantine DIR --folder DIR…  every hour; found files are moved away
    antivirus.py system    --quarantine DIR --except DIR…  every night; found files stay
    antivirus.py on-access --quarantine DIR                for ever; found files are moved away

Standard library only: it runs on the box's own Python.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from evidence import record

SIGNATURES = Path("/var/lib/clamav")
CLAMSCAN = ("/usr/bin/clamscan", "--infected", "--no-summary", "--recursive")
# Not files on a disk, or ClamAV's own.
NEVER = ("/proc", "/sys", "/dev", "/run", str(SIGNATURES))
COULD_NOT_SCAN = 2  # clamscan's exit codes: 0 clean, 1 found, 2 and above this
_FOUND = re.compile(r"^(?P<file>/.*): (?P<signature>\S+) FOUND$")


def incoming(folders: list[Path], quarantine: Path) -> int:
    """Scan the folders that hold a file: signatures are not loaded for empty ones.

    A find that cannot be moved (a write-protected USB stick) stays, and the evidence says so.
    """
    full = [str(folder) for folder in folders if _holds_a_file(folder)]
    if not full or not any(SIGNATURES.iterdir()):
        return 0  # without signatures their age is the alarm
    code, _ = _scan([*CLAMSCAN, f"--move={quarantine}", *full], quarantine)
    if code >= COULD_NOT_SCAN:
        record("antivirus", "incoming-scan", f"clamscan ended with {code}", ok=False)
    return code if code >= COULD_NOT_SCAN else 0


def system(apart: list[Path], quarantine: Path) -> int:
    """Scan everything on the system's disk and record how it went.

    Found files stay: a false find must not take the system apart.
    """
    skipped = [f"--exclude-dir=^{re.escape(str(path))}(/|$)" for path in (*apart, quarantine)]
    never = [f"--exclude-dir=^{path}(/|$)" for path in NEVER]
    start = time.monotonic()
    code, found = _scan([*CLAMSCAN, "--cross-fs=no", *never, *skipped, "/"], None)
    told = {"found": found, "minutes": round((time.monotonic() - start) / 60, 1), "code": code}
    record("antivirus", "system-scan", told, ok=code == 0)
    return code if code >= COULD_NOT_SCAN else 0


def on_access(quarantine: Path) -> int:
    """Run clamonacc, which asks the daemon about each file that is opened; returns when it ends."""
    words = ["/usr/sbin/clamonacc", "--foreground", "--wait", "--fdpass", f"--move={quarantine}"]
    return _scan(words, quarantine)[0]


def _scan(words: list[str], quarantine: Path | None) -> tuple[int, int]:
    """Run ClamAV, record each find; its exit code, and how many it found.

    ClamAV tells of a file before it moves it, so a find is recorded when the next line comes.
    """
    waiting: dict[str, str] | None = None
    found = 0
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, text=True, encoding="utf-8", errors="replace"
    ) as scan:
        for line in scan.stdout or ():
            print(line, end="", flush=True)
            _tell(waiting, quarantine)
            told = _FOUND.match(line.rstrip("\n"))
            waiting = told.groupdict() if told else None
            found += told is not None
    _tell(waiting, quarantine)
    return scan.returncode, found


def _tell(find: dict[str, str] | None, quarantine: Path | None) -> None:
    if find is not None:
        moved = quarantine is not None and not os.path.lexists(find["file"])
        record("antivirus", "infected-file", {**find, "quarantined": moved}, ok=False)


def _holds_a_file(folder: Path) -> bool:
    return any(files for _, _, files in os.walk(folder))


def main() -> None:
    parser = argparse.ArgumentParser(description="Scan for viruses.")
    parser.add_argument("what", choices=("incoming", "system", "on-access"))
    parser.add_argument("--quarantine", type=Path, required=True, help="where finds are moved")
    parser.add_argument("--folder", type=Path, action="append", default=[], help="incoming files")
    parser.add_argument(
        "--except", type=Path, action="append", default=[], dest="apart", help="not every night"
    )
    told = parser.parse_args()
    if told.what == "incoming":
        sys.exit(incoming(told.folder, told.quarantine))
    if told.what == "system":
        sys.exit(system(told.apart, told.quarantine))
    sys.exit(on_access(told.quarantine))


if __name__ == "__main__":
    main()
