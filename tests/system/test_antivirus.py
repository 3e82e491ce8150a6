"""Role antivirus on a provisioned box; its one signature comes from an offline bundle."""

import base64

import pytest

from .bed.guest import Bed
from .box import day_passes, evidence

INCOMING = "/var/lib/gatehouse/incoming"
QUARANTINE = "/var/lib/gatehouse-quarantine"
SIGNATURES = "/var/lib/clamav/gatehouse.hdb"
# The harmless file every scanner must find; in two parts, lest this file be found itself.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR" + b"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def put(box: Bed, path: str, content: bytes) -> None:
    box.run(["sh", "-c", f"base64 -d > {path}"], input=base64.b64encode(content).decode())


def test_an_infected_file_goes_to_quarantine_and_a_clean_one_stays(appliance: Bed) -> None:
    put(appliance, f"{INCOMING}/报表.xls", EICAR)
    put(appliance, f"{INCOMING}/clean.txt", b"nothing")
    appliance.run(["systemctl", "start", "gatehouse-scan@incoming.service"])
    assert appliance.run(["ls", INCOMING]).stdout.split() == ["clean.txt"]
    assert "报表.xls" in appliance.run(["ls", QUARANTINE]).stdout
    last = evidence(appliance, "antivirus", "infected-file")[-1]
    assert not last["ok"]
    assert last["value"]["file"] == f"{INCOMING}/报表.xls"
    assert last["value"]["quarantined"]
    assert last["value"]["signature"].startswith("Eicar")
    nobody = ["runuser", "-u", "gatehouse", "--", "ls", QUARANTINE]
    assert "Permission denied" in appliance.run(nobody, check=False).stderr


@pytest.mark.parametrize(("age", "ok"), [("1 day ago", True), ("4 days ago", False)])
def test_signatures_older_than_the_profile_allows_are_an_alarm(
    appliance: Bed, age: str, ok: bool
) -> None:
    appliance.run(["touch", "--date", age, SIGNATURES])
    day_passes(appliance)
    last = evidence(appliance, "antivirus", "clamav-signatures")[-1]
    assert last["ok"] is ok
    warned = appliance.run(["journalctl", "--identifier=gatehouse-evidence", "--output=cat"]).stdout
    assert (f'"at": "{last["at"]}", "what": "clamav-signatures"' in warned) is not ok
