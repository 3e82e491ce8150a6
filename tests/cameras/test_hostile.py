"""A device that means harm: nothing it answers hangs the work, fills memory or leads elsewhere."""

import socket
import threading
import time
import tracemalloc

import pytest

from acceptance_kit.peers.onvif import OnvifPeer, SimulatedSettings
from appliance.cameras import State
from appliance.cameras.transport import Untrustworthy, check_document

BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(
        b'<!ENTITY %c "%s">' % (ord("b") + n, b"&%c;" % (ord("a") + n) * 10) for n in range(9)
    )
    + b"]><b>&j;</b>"
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "headers", "body", "said"),
    [
        (200, {}, BOMB, "DTD"),
        (200, {}, BOMB.decode().encode("utf-16"), "UTF-8"),
        (200, {}, b"<a>" * 400_000, "超过"),
        (200, {}, b"x" * 5_000_000, "超过"),
        (302, {"Location": "http://192.0.2.9/"}, b"", "转到别处"),
        (307, {"Location": "http://127.0.0.1:1/"}, b"", "转到别处"),
        (200, {"Content-Type": "multipart/related; boundary=x"}, b"--x\r\n\r\n", "附件"),
        (200, {}, b"", ""),
        (200, {}, b"<html>login</html>", ""),
        (500, {}, b"\xff\xfe\x00", "UTF-8"),
        (200, {}, b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"/>', ""),
    ],
    ids=lambda value: str(value)[:30],
)
def test_an_answer_that_no_camera_gives_is_a_finding_and_no_more(
    *, configure, peer: OnvifPeer, settings: SimulatedSettings, status, headers, body, said
) -> None:
    peer.reply = (status, headers, body)
    tracemalloc.start()
    report = configure()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert report.state.rank >= State.LEFT.rank
    assert said in report.as_text()
    assert "Traceback" not in report.as_text()
    assert peak < 60_000_000
    assert settings.changes == []


def test_deep_nesting_within_the_bound_is_refused_by_the_parser(configure, peer: OnvifPeer) -> None:
    peer.reply = (200, {}, b"<a>" * 100_000 + b"</a>" * 100_000)
    assert configure().state.rank >= State.LEFT.rank


def test_what_a_device_says_is_printed_without_control_characters(
    configure, peer: OnvifPeer
) -> None:
    fault = (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Code>'
        "<s:Value>s:Sender</s:Value></s:Code><s:Reason><s:Text xml:lang='en'>\u202eevil&#x85;\n"
        + "long " * 100
        + "</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>"
    )
    peer.reply = (400, {}, fault.encode())
    text = configure().as_text()
    assert "evil" in text
    assert all(each.isprintable() for each in text.replace("\n", ""))
    assert len(text) < 400


@pytest.mark.slow
def test_an_answer_that_drips_is_given_up(configure, site, monkeypatch) -> None:
    monkeypatch.setattr("appliance.cameras.transport.CALL_SECONDS", 1.0)
    done = threading.Event()

    def drip(server: socket.socket) -> None:
        while not done.is_set():
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.recv(65_536)
                try:
                    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                    while not done.wait(0.2):
                        connection.sendall(b"1\r\nx\r\n")
                except OSError:
                    pass

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip, args=(server,), daemon=True)
        thread.start()
        raw = site.model_dump(mode="json")
        raw["cameras"][0]["onvif_port"] = server.getsockname()[1]
        began = time.monotonic()
        report = configure(type(site).model_validate(raw))
        done.set()
    assert report.state is State.LEFT
    assert time.monotonic() - began < 30


def test_a_document_type_is_seen_wherever_it_stands() -> None:
    with pytest.raises(Untrustworthy):
        check_document(b"<?xml version='1.0'?> <!-- x --> <!DOCTYPE a>", "text/xml")
    check_document("<a>出入口</a>".encode(), "application/soap+xml")
