"""The web program itself, on a real socket."""

import re
import socket
import threading
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest
from waiting import free_port, until
from web_gate import site

from appliance.clock import SystemClock
from appliance.runtime.journal import Journal, JournalError
from appliance.runtime.journal.values import Heartbeat
from appliance.runtime.web import AddressUnavailable, serve


def test_the_page_is_served_beats_and_stops_when_told(tmp_path: Path) -> None:
    port = free_port()
    stop = threading.Event()
    program = threading.Thread(
        target=serve, args=(site(tmp_path, port), SystemClock(), stop), daemon=True
    )
    program.start()

    def beats() -> tuple[Heartbeat, ...]:
        with (
            suppress(OSError, JournalError),  # it is not there yet
            Journal.open(tmp_path, SystemClock(), readonly=True) as journal,
        ):
            return journal.heartbeats()
        return ()

    try:
        [heartbeat] = until(beats)
        assert (heartbeat.program, heartbeat.ok) == ("web", True)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as response:
            text = response.read().decode()
            assert response.status == 200
            assert "Server" not in response.headers
        assert "宁夏某某有限公司" in text
        for address in re.findall(r'href="(/static/[^"]+)"', text):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{address}", timeout=5) as file:
                assert file.read()
        # A browser keeps its connection open; that must not keep the program from stopping.
        with socket.create_connection(("127.0.0.1", port), timeout=5) as lingering:
            lingering.sendall(b"GET /healthz HTTP/1.1\r\nHost: gate\r\n\r\n")
            assert lingering.recv(12) == b"HTTP/1.1 200"
            stop.set()
            program.join(timeout=5)
            assert not program.is_alive()
    finally:
        stop.set()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def test_an_address_in_use_ends_the_program_before_it_beats(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        profile = site(tmp_path, other.getsockname()[1])
        with pytest.raises(AddressUnavailable, match="端口是否被其他程序占用"):
            serve(profile, SystemClock(), threading.Event())
    assert not (tmp_path / "journal.sqlite3").exists()
