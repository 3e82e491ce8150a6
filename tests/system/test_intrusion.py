"""Role intrusion on a provisioned box: what Suricata must drop is dropped and logged.

The packets go to the box's ssh port, which the firewall lets through: sshd answers any line that is
no ssh greeting, so an answer tells that a line has come through.
"""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from .bed.guest import Bed
from .box import day_passes, eventually, evidence

WATCH = "gatehouse-intrusion-watch.service"
SEND = """
import socket, sys
with socket.create_connection((sys.argv[1], 22), timeout=5) as line:
    line.recv(200)  # sshd's greeting
    line.settimeout(3)
    line.sendall(sys.argv[2].encode() + b"\\r\\n")
    try:
        print(line.recv(200).decode(errors="replace"))
    except TimeoutError:
        print("no answer")
"""
CONNECT = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=3)
    print("connected")
except OSError as trouble:
    print(type(trouble).__name__)
"""


def answer(box: Bed, text: str) -> str:
    """What the box's sshd says to a line that comes from the platform's side."""
    done = box.platform.run([sys.executable, "-c", SEND, box.address, text])
    return done.stdout.strip()


def logged(box: Bed, signature: str) -> list[str]:
    """What was done (`blocked`, `allowed`) each time `signature` was seen."""
    text = box.run(["cat", "/var/log/suricata/eve.json"]).stdout
    events = [json.loads(line) for line in text.splitlines()]
    alerts = [event["alert"] for event in events if event["event_type"] == "alert"]
    return [alert["action"] for alert in alerts if alert["signature"] == signature]


@pytest.fixture(autouse=True)
def inspecting(appliance: Bed) -> None:
    present = ["/usr/local/lib/gatehouse/intrusion.py", "present", "--queue", "0"]
    eventually(lambda: appliance.run(present, check=False).returncode == 0, "Suricata inspects")


@pytest.mark.parametrize(
    ("text", "signature"),
    [
        ("gatehouse-intrusion-test", "gatehouse test"),
        ("gatehouse-bundle-test", "gatehouse bundle test"),
    ],
)
def test_a_packet_that_must_be_dropped_is_dropped_and_logged(
    appliance: Bed, text: str, signature: str
) -> None:
    assert "SSH" in answer(appliance, "a harmless line")
    before = len(logged(appliance, signature))
    assert answer(appliance, text) == "no answer"
    eventually(lambda: len(logged(appliance, signature)) > before, "the drop is logged", 20)
    assert set(logged(appliance, signature)) == {"blocked"}


@pytest.fixture
def listening(appliance: Bed) -> Iterator[None]:
    """On the platform's side, ports 445 and 4450 are open."""
    code = (
        "import socket, time\n"
        "doors = [socket.create_server(('', port)) for port in (445, 4450)]\n"
        "print('open', flush=True)\ntime.sleep(600)"
    )
    words = [sys.executable, "-c", code]
    with appliance.platform.running(words, stdout=subprocess.PIPE) as doors:
        assert doors.stdout is not None
        with doors.stdout as said:
            assert said.readline() == "open\n"
            yield


@pytest.mark.usefixtures("listening")
def test_the_box_itself_cannot_spread_what_it_has_caught(appliance: Bed) -> None:
    def tried(port: int) -> str:
        return appliance.run(["python3", "-c", CONNECT, "192.0.2.1", str(port)]).stdout.strip()

    assert tried(4450) == "connected"
    assert tried(445) == "TimeoutError"
    eventually(lambda: logged(appliance, "gatehouse SMB connection") != [], "it is logged", 20)


def test_while_suricata_is_away_packets_pass_and_that_is_an_alarm(appliance: Bed) -> None:
    appliance.run(["systemctl", "start", WATCH])
    appliance.run(["systemctl", "stop", "suricata"])
    try:
        assert "SSH" in answer(appliance, "gatehouse-intrusion-test")  # fails open
        appliance.run(["systemctl", "start", WATCH])
        assert not evidence(appliance, "intrusion", "suricata-inline")[-1]["ok"]
    finally:
        appliance.run(["systemctl", "start", "suricata"])


def test_suricata_killed_comes_back_by_itself(appliance: Bed) -> None:
    before = appliance.run(["systemctl", "show", "-P", "MainPID", "suricata"]).stdout
    appliance.run(["systemctl", "kill", "--signal=KILL", "suricata"])

    def back() -> bool:
        now = appliance.run(["systemctl", "show", "-P", "MainPID", "suricata"]).stdout
        return now not in {before, "0\n"}

    eventually(back, "a new Suricata")


def test_the_age_of_signatures_is_recorded_every_day(appliance: Bed) -> None:
    day_passes(appliance)
    last = evidence(appliance, "intrusion", "suricata-signatures")[-1]
    assert isinstance(last["value"], float)
