"""The simulated camera refuses what a strict camera refuses, so that passing it means something."""

import base64
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests

from acceptance_kit.peers.onvif import OnvifPeer, SimulatedSettings
from appliance.clock import SystemClock

WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
DEVICE = "http://www.onvif.org/ver10/device/wsdl"


@pytest.fixture
def peer() -> Iterator[OnvifPeer]:
    peer = OnvifPeer(SimulatedSettings(SystemClock()))
    peer.start()
    yield peer
    peer.stop()


def token(
    user: str = "gatehouse",
    password: str = "throw-away",  # noqa: S107 - the peer's own
    at: timedelta = timedelta(0),
    nonce: bytes = b"0123456789abcdef",
) -> str:
    created = (datetime.now(UTC) + at).strftime("%Y-%m-%dT%H:%M:%SZ")
    content = nonce + created.encode() + password.encode()
    digest = base64.b64encode(hashlib.sha1(content).digest()).decode()  # noqa: S324 - WSS says so
    return (
        f'<w:Security xmlns:w="{WSSE}" xmlns:u="{WSU}"><w:UsernameToken>'
        f"<w:Username>{user}</w:Username><w:Password>{digest}</w:Password>"
        f"<w:Nonce>{base64.b64encode(nonce).decode()}</w:Nonce>"
        f"<u:Created>{created}</u:Created></w:UsernameToken></w:Security>"
    )


def asked(peer: OnvifPeer, operation: str, header: str = "") -> requests.Response:
    body = (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">'
        f'<s:Header>{header}</s:Header><s:Body><d:{operation} xmlns:d="{DEVICE}"/></s:Body>'
        "</s:Envelope>"
    )
    host, port = peer.address
    return requests.post(f"http://{host}:{port}/onvif/device_service", data=body, timeout=5)


def test_the_time_is_told_to_anybody_and_all_else_needs_a_token(peer: OnvifPeer) -> None:
    assert "UTCDateTime" in asked(peer, "GetSystemDateAndTime").text
    answer = asked(peer, "GetDeviceInformation")
    assert answer.status_code == 400
    assert "NotAuthorized" in answer.text
    assert "simulated camera" in asked(peer, "GetDeviceInformation", token()).text


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({"password": "wrong"}, "wrong user or digest"),
        ({"user": "admin"}, "wrong user or digest"),
        ({"at": timedelta(seconds=-30)}, "out of the time window"),
        ({"at": timedelta(seconds=30)}, "out of the time window"),
    ],
    ids=str,
)
def test_a_token_that_is_wrong_or_of_another_time_is_refused(
    peer: OnvifPeer, words: dict[str, object], why: str
) -> None:
    assert asked(peer, "GetNTP", token(**words)).status_code == 400  # type: ignore[arg-type]
    assert peer.settings.refused == [f"GetNTP: {why}"]


def test_the_window_goes_with_the_cameras_own_clock(peer: OnvifPeer) -> None:
    peer.settings.drift = timedelta(days=-3650)
    assert asked(peer, "GetNTP", token()).status_code == 400
    assert asked(peer, "GetNTP", token(at=timedelta(days=-3650))).status_code == 200


def test_a_request_is_not_taken_twice(peer: OnvifPeer) -> None:
    header = token()
    assert asked(peer, "GetNTP", header).status_code == 200
    assert asked(peer, "GetNTP", header).status_code == 400
    assert peer.settings.refused == ["GetNTP: nonce used before"]


def test_what_it_does_not_have_and_what_is_no_soap_are_faults(peer: OnvifPeer) -> None:
    assert "ActionNotSupported" in asked(peer, "Reboot", token()).text
    host, port = peer.address
    for body in (b"", b"<a/>", b"<<<", b"\x00"):
        answer = requests.post(f"http://{host}:{port}/", data=body, timeout=5)
        assert answer.status_code == 400
