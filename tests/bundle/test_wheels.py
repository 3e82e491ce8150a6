"""Wheels come from a registry, over a line that may be bad."""

import hashlib
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import pytest

from appliance.bundle import wheels
from appliance.bundle.target import Locked
from appliance.trouble import Trouble

pytestmark = pytest.mark.slow

NAME = "example_part-1.0-py3-none-any.whl"


def wheel() -> bytes:
    """The least that pip takes for a wheel."""
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        folder = "example_part-1.0.dist-info"
        told = "Metadata-Version: 2.1\nName: example-part\nVersion: 1.0\n"
        archive.writestr(f"{folder}/METADATA", told)
        kind = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        archive.writestr(f"{folder}/WHEEL", kind)
        archive.writestr(f"{folder}/RECORD", "")
    return made.getvalue()


WHEEL = wheel()


class Registry(ThreadingHTTPServer):
    """A registry that has one package, after it has denied it `denials` times."""

    def __init__(self, denials: int) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.denials = denials


class Answer(BaseHTTPRequestHandler):
    server: Registry

    def do_GET(self) -> None:
        body = f'<a href="/{NAME}">{NAME}</a>'.encode()
        kind = "text/html"
        if self.path == f"/{NAME}":
            body, kind = WHEEL, "application/octet-stream"
        elif self.server.denials:
            self.server.denials -= 1
            body = b""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    monkeypatch.setattr(wheels, "PAUSES", (0.1, 0.1))
    with Registry(0) as server:
        for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_CONSTRAINT"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def locked() -> tuple[Locked, ...]:
    return (Locked("example-part", "1.0", (hashlib.sha256(WHEEL).hexdigest(),)),)


def test_a_registry_that_denies_what_it_has_is_asked_again(
    registry: Registry, tmp_path: Path
) -> None:
    registry.denials = 2
    (found,) = wheels.locked_wheels(locked(), tmp_path)
    assert found.name == NAME


def test_what_the_registry_does_not_have_is_told_in_the_end(
    registry: Registry, tmp_path: Path
) -> None:
    registry.denials = 100
    with pytest.raises(Trouble, match="下载依赖包失败"):
        wheels.locked_wheels(locked(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def fetched(folder: Path, text: str) -> Path:
    folder.mkdir()
    (folder / NAME).write_text(text, "utf-8")
    (folder / "SHA256SUMS").write_text("", "utf-8")
    return folder


def test_what_another_bundle_fetched_meanwhile_stays_as_it_is(tmp_path: Path) -> None:
    kept = fetched(tmp_path / "kept", "theirs")
    wheels._keep(fetched(tmp_path / "mine", "ours"), kept)
    assert (kept / NAME).read_text("utf-8") == "theirs"


def test_what_a_power_cut_left_half_fetched_is_fetched_anew(tmp_path: Path) -> None:
    kept = fetched(tmp_path / "kept", "half")
    (kept / "SHA256SUMS").unlink()
    wheels._keep(fetched(tmp_path / "mine", "whole"), kept)
    assert (kept / NAME).read_text("utf-8") == "whole"
