#!/usr/bin/python3
"""Evidence lines: what was measured on this box, when, and whether it was as it should be.

    evidence.py record ups ONBATT '"on battery"' --bad
    evidence.py age intrusion suricata-signatures --days 7 /var/lib/gatehouse-intrusion/renewed

A line is one JSON object `{"at", "what", "value", "ok"}` appended to
`/var/lib/gatehouse/evidence/NAME.jsonl`; `at` is ISO 8601 with the zone. What is not `ok` is also
a warning in the system journal. Only root writes: the runtime and the acceptance kit read, and the
service account, which owns the folder above, cannot put its own folder in this one's place.

Standard library only: it runs on the box's own Python.
"""

import argparse
import json
import os
import stat
import syslog
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

DIRECTORY = Path("/var/lib/gatehouse/evidence")
# ClamAV's databases begin with 512 bytes of text: mark, date of making, version and more.
_DATABASE_MARK = b"ClamAV-VDB:"


def record(name: str, what: str, value: object, *, ok: bool, directory: Path = DIRECTORY) -> None:
    """Append one line to `NAME.jsonl` and to the disk; warn in the system journal if not `ok`.

    Raises OSError where the folder is missing, is a link, or belongs to another account.
    """
    line = {"at": _now().isoformat(timespec="seconds"), "what": what, "value": value, "ok": ok}
    text = json.dumps(line, ensure_ascii=False)
    folder = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if os.fstat(folder).st_uid != os.geteuid():
            raise PermissionError(f"{directory} belongs to another account")
        file = os.open(
            f"{name}.jsonl",
            os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW,
            0o640,
            dir_fd=folder,
        )
        try:
            if os.fstat(file).st_gid != os.fstat(folder).st_gid:
                os.fchown(file, -1, os.fstat(folder).st_gid)
            os.write(file, f"{text}\n".encode())  # one write: lines of two writers never mix
            os.fsync(file)
        finally:
            os.close(file)
    finally:
        os.close(folder)
    if not ok:
        syslog.openlog("gatehouse-evidence")
        syslog.syslog(syslog.LOG_WARNING, f"{name}: {text}")


def renewed(paths: Iterable[Path]) -> datetime | None:
    """When the newest of `paths` was made; None where none of them is there.

    A ClamAV database says so itself; of any other file its time of modification counts.
    """
    return max((_made(path) for path in paths if path.is_file()), default=None)


def age(name: str, what: str, paths: Iterable[Path], days: float) -> None:
    """Record the age in days of signatures; not ok beyond `days`, never renewed, or of tomorrow."""
    made = renewed(paths)
    value = None if made is None else round((_now() - made).total_seconds() / 86_400, 2)
    record(name, what, value, ok=value is not None and -1 <= value <= days)


def _now() -> datetime:
    return datetime.now().astimezone()


def _made(path: Path) -> datetime:
    with path.open("rb") as file:
        head = file.read(512)
    if head.startswith(_DATABASE_MARK) and stat.S_ISREG(path.stat().st_mode):
        text = head.split(b":")[1].decode("ascii")
        return datetime.strptime(text, "%d %b %Y %H-%M %z")
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def main() -> None:
    """`record` and `age`, see above; a value that is no JSON is taken as text."""
    parser = argparse.ArgumentParser(description="Write an evidence line of this box.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    recorder = verbs.add_parser("record", help="record a value")
    ager = verbs.add_parser("age", help="record how old signatures are")
    for verb in (recorder, ager):
        verb.add_argument("name", help="the file: intrusion, antivirus, ups, disks, …")
        verb.add_argument("what", help="what was measured or happened")
    recorder.add_argument("value", help="JSON, or text")
    recorder.add_argument("--bad", action="store_true", help="it is not as it should be")
    ager.add_argument("paths", nargs="+", type=Path, help="files of which the newest counts")
    ager.add_argument("--days", type=float, required=True, help="the oldest that is still good")
    told = parser.parse_args()
    if told.verb == "record":
        record(told.name, told.what, _value(told.value), ok=not told.bad)
    else:
        age(told.name, told.what, told.paths, told.days)


if __name__ == "__main__":
    main()
