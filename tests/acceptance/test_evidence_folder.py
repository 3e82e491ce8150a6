"""Findings on disk, and the seal that shows any change to them."""

from datetime import datetime
from pathlib import Path

import pytest

from acceptance_kit.evidence import EvidenceFolder
from acceptance_kit.findings import Finding, Means, Verdict, worst
from acceptance_kit.seal import inspect, seal, signing_key
from appliance.clock import BEIJING
from appliance.trouble import Trouble

NOON = datetime(2026, 11, 25, 12, tzinfo=BEIJING)


def finding(verdict: Verdict = Verdict.YES, **other: str) -> Finding:
    reason = "时钟偏差 3.2 秒，请检查对时服务器。" if verdict is not Verdict.YES else ""
    return Finding(
        item="clock.synchronised",
        subject=other.get("subject"),
        clauses=("4.1-1", "6.2.1"),
        title="工控机时钟与北京时间一致",
        verdict=verdict,
        measured="3.2 秒",
        bound="≤ 1 秒",
        reason=reason,
        means=Means.CHECK,
        method="询问 chronyd。",
        by="gatehouse 0.1.0",
        at=NOON,
        files=("chronyc.txt",),
    )


@pytest.fixture
def folder(tmp_path: Path) -> EvidenceFolder:
    return EvidenceFolder.open(tmp_path / "site")


@pytest.fixture
def sealed(folder: EvidenceFolder, tmp_path: Path) -> EvidenceFolder:
    folder.keep(finding())
    folder.keep_file("chronyc.txt", b"offset 3.2 s\n")
    seal(folder, signing_key(tmp_path / "key"), NOON)
    return folder


def test_a_finding_is_read_back_as_it_was_kept(folder: EvidenceFolder) -> None:
    folder.keep(finding(subject="A01"))
    assert EvidenceFolder.open(folder.path).findings() == (finding(subject="A01"),)


def test_a_later_finding_of_the_same_name_takes_the_place_of_the_earlier(
    folder: EvidenceFolder,
) -> None:
    folder.keep(finding(Verdict.NO))
    folder.keep(finding())
    assert [found.verdict for found in folder.findings()] == [Verdict.YES]


def test_a_no_without_a_reason_is_no_finding() -> None:
    with pytest.raises(ValueError, match="does not say why"):
        Finding("a.b", (), "t", Verdict.NO, Means.CHECK, "me", NOON)


def test_a_folder_with_something_else_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(Trouble, match=r"thesis\.txt"):
        EvidenceFolder.open(tmp_path)


def test_evidence_is_written_below_its_folder_only(folder: EvidenceFolder) -> None:
    for name in ("../up.txt", "/etc/passwd", ".hidden", ""):
        with pytest.raises(ValueError, match="no name"):
            folder.keep_file(name, b"")


def test_a_sealed_folder_that_nobody_touched_has_no_faults(sealed: EvidenceFolder) -> None:
    found = inspect(sealed.path)
    assert found.faults == ()
    assert found.sealed_at == NOON


@pytest.mark.parametrize(
    ("name", "what"),
    [("files/chronyc.txt", "内容被改动"), ("findings/clock.synchronised.json", "内容被改动")],
)
def test_one_changed_byte_is_told_with_its_file(
    sealed: EvidenceFolder, name: str, what: str
) -> None:
    file = sealed.path / name
    file.write_bytes(file.read_bytes().replace(b"3.2", b"0.2"))
    assert [(fault.file, fault.what) for fault in inspect(sealed.path).faults] == [(name, what)]


def test_a_missing_and_an_added_file_are_told(sealed: EvidenceFolder) -> None:
    (sealed.path / "files/chronyc.txt").rename(sealed.path / "files/other.txt")
    told = {(fault.file, fault.what) for fault in inspect(sealed.path).faults}
    assert told == {("files/chronyc.txt", "文件缺失"), ("files/other.txt", "封存后添加的文件")}


def test_a_manifest_made_to_fit_a_changed_file_breaks_the_signature(
    sealed: EvidenceFolder, tmp_path: Path
) -> None:
    other = EvidenceFolder.open(tmp_path / "other")
    other.keep_file("chronyc.txt", b"offset 0.2 s\n")
    seal(other, signing_key(tmp_path / "key"), NOON)
    digest = inspect(other.path)
    assert digest.faults == ()
    manifest = sealed.path / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"files/', '"filez/'))
    assert "签名不符，清单被改动" in {fault.what for fault in inspect(sealed.path).faults}


def test_another_key_has_another_fingerprint(sealed: EvidenceFolder, tmp_path: Path) -> None:
    before = inspect(sealed.path).fingerprint
    seal(sealed, signing_key(tmp_path / "forger"), NOON)
    assert inspect(sealed.path).fingerprint != before


def test_the_kits_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "config/acceptance.key"
    assert signing_key(file).private_bytes_raw() == signing_key(file).private_bytes_raw()
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("verdicts", "together"),
    [
        ((Verdict.YES, Verdict.NO, Verdict.UNTESTED), Verdict.NO),
        ((Verdict.YES, Verdict.UNTESTED), Verdict.UNTESTED),
        ((Verdict.YES, Verdict.NOT_APPLICABLE), Verdict.YES),
        ((Verdict.NOT_APPLICABLE,), Verdict.NOT_APPLICABLE),
        ((), Verdict.UNTESTED),
    ],
)
def test_answers_together_are_as_good_as_the_worst_of_them(
    verdicts: tuple[Verdict, ...], together: Verdict
) -> None:
    assert worst(verdicts) is together
