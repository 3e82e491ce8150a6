"""The program that writes evidence lines on the box; it is no module, so it is loaded by path."""

import importlib.util
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FILES = Path(__file__).parents[2] / "roles" / "evidence" / "files"


@pytest.fixture(scope="module")
def evidence() -> ModuleType:
    spec = importlib.util.spec_from_file_location("evidence", FILES / "evidence.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def test_a_line_says_when_with_the_zone_what_and_whether_it_is_well(
    evidence: ModuleType, tmp_path: Path
) -> None:
    evidence.record("ups", "ONBATT", {"说明": "停电"}, ok=True, directory=tmp_path)
    evidence.record("ups", "ONLINE", 7, ok=True, directory=tmp_path)
    first, second = lines(tmp_path / "ups.jsonl")
    assert datetime.fromisoformat(first.pop("at")).tzinfo is not None
    assert first == {"what": "ONBATT", "value": {"说明": "停电"}, "ok": True}
    assert second["value"] == 7


def test_a_link_in_the_folders_place_is_refused(evidence: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(OSError, match="link"):
        evidence.record("ups", "ONBATT", 1, ok=True, directory=tmp_path / "link")
    (tmp_path / "real" / "ups.jsonl").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="ups"):
        evidence.record("ups", "ONBATT", 1, ok=True, directory=tmp_path / "real")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a folder away takes root")
def test_another_accounts_folder_is_refused(evidence: ModuleType, tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, 65534)
    with pytest.raises(PermissionError):
        evidence.record("ups", "ONBATT", 1, ok=True, directory=tmp_path)


def test_a_virus_database_tells_its_own_date_and_of_several_the_newest_counts(
    evidence: ModuleType, tmp_path: Path
) -> None:
    old = tmp_path / "main.cvd"
    old.write_bytes(b"ClamAV-VDB:16 Sep 2021 12-32 -0000:62:6647427:90:x".ljust(512))
    new = tmp_path / "daily.cld"
    new.write_bytes(b"ClamAV-VDB:21 Nov 2026 08-27 +0000:27822:2:90:x".ljust(512))
    missing = tmp_path / "bytecode.cvd"
    assert evidence.renewed([old]) == datetime(2021, 9, 16, 12, 32, tzinfo=UTC)
    assert evidence.renewed([old, new, missing]) == datetime(2026, 11, 21, 8, 27, tzinfo=UTC)
    assert evidence.renewed([missing]) is None


@pytest.mark.parametrize(
    ("days_ago", "ok"), [(6.9, True), (7.1, False), (None, False), (-2, False)]
)
def test_signatures_are_well_while_younger_than_the_bound(
    evidence: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    days_ago: float | None,
    ok: bool,
) -> None:
    stamp = tmp_path / "renewed"
    if days_ago is not None:
        stamp.touch()
        made = (datetime.now(UTC) - timedelta(days=days_ago)).timestamp()
        os.utime(stamp, (made, made))
    written: list[tuple[object, bool]] = []
    monkeypatch.setattr(
        evidence, "record", lambda _name, _what, value, *, ok: written.append((value, ok))
    )
    evidence.age("intrusion", "suricata-signatures", [stamp], days=7)
    ((value, well),) = written
    assert well is ok
    assert value is None if days_ago is None else value == pytest.approx(days_ago, abs=0.01)
