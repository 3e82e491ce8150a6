"""Evidence: what an inspector is handed holds together, and says so when it does not."""

import hashlib
import io
import json
import subprocess
import zipfile

import pytest

from appliance.profile.storage import ROOT
from appliance.runtime.journal import JournalError, UnknownPassage
from appliance.runtime.journal.evidence import TooMuchEvidence, gather, pack_folder, pack_zip
from appliance.runtime.journal.values import OutboxState
from appliance.runtime.journal.video import Clip

from .samples import NOON, numbered, receipt


@pytest.fixture
def passage_id(journal, root) -> int:
    """A passage with photos, a clip, a correction and a receipt."""
    recorded, _ = journal.record(numbered("A01", 1))
    file = root / "clips/2026-11-24/1.mp4"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"film")
    digest = hashlib.sha256(b"film").hexdigest()
    path = file.relative_to(root).as_posix()
    journal.video().add_clip(Clip(recorded.id, "a01-plate", NOON, 12, ROOT, path, digest, 4))
    (message,) = journal.messages(recorded.id)
    journal.receive(message, receipt(), state=OutboxState.DONE)
    journal.correct(recorded.id, plate="宁A00001", by="张三", why="看错")
    return recorded.id


def test_the_folder_holds_everything_and_sha256sum_agrees(journal, passage_id, tmp_path):
    out = tmp_path / "out"
    assert pack_folder(gather(journal, (passage_id, passage_id), NOON), out) == ()
    names = {file.relative_to(out).as_posix() for file in out.rglob("*") if file.is_file()}
    folder = f"passage-{passage_id:08d}"
    assert names == {
        "manifest.sha256",
        "说明.txt",
        f"{folder}/record.json",
        f"{folder}/receipts.json",
        f"{folder}/photo-front.jpg",
        f"{folder}/photo-body.jpg",
        f"{folder}/clip-1-a01-plate.mp4",
    }
    words = ["sha256sum", "-c", "--strict", "manifest.sha256"]
    assert subprocess.run(words, cwd=out, capture_output=True, check=False).returncode == 0
    record = json.loads((out / folder / "record.json").read_text("utf-8"))
    assert record["passage"]["plate"] == "宁A00001"
    assert record["corrections"][0]["by"] == "张三"
    assert record["link"]["ref"] == passage_id
    (first, *_) = json.loads((out / folder / "receipts.json").read_text("utf-8"))
    assert first["receipts"][0]["raw"] == receipt().raw
    assert journal.head() in (out / "说明.txt").read_text("utf-8")


def test_what_was_changed_or_lost_is_packed_as_found_and_told(journal, passage_id, tmp_path):
    front, body = journal.passage(passage_id).photos
    journal.photo_path(front).write_bytes(b"forged")
    journal.photo_path(body).unlink()
    wrong = pack_folder(gather(journal, (passage_id,), NOON), tmp_path / "out")
    assert ["不符" in wrong[0], "缺失" in wrong[1]] == [True, True]
    told = (tmp_path / "out" / "说明.txt").read_text("utf-8")
    assert all(sentence in told for sentence in wrong)


def test_a_zip_holds_the_same(journal, passage_id, tmp_path):
    evidence = gather(journal, (passage_id,), NOON)
    file = io.BytesIO()
    assert pack_zip(evidence, file) == ()
    pack_folder(evidence, tmp_path / "out")
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            assert archive.read(name) == (tmp_path / "out" / name).read_bytes()


def test_neither_a_full_folder_nor_an_unknown_passage_nor_too_much_is_packed(
    journal, passage_id, tmp_path
):
    (tmp_path / "theirs").touch()
    with pytest.raises(JournalError, match="不是空的"):
        pack_folder(gather(journal, (passage_id,), NOON), tmp_path)
    with pytest.raises(UnknownPassage):
        gather(journal, (99,), NOON)
    with pytest.raises(TooMuchEvidence):
        gather(journal, (passage_id,), NOON, most_bytes=10)
