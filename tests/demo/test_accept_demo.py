"""`gatehouse accept --demo`: anybody sees in a minute what an acceptance is."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sites import DEMO

from acceptance_kit.evidence import EvidenceFolder
from acceptance_kit.findings import Verdict
from acceptance_kit.questions import asked
from appliance.profile.loading import load_profile

SHOWN_IN_A_DEMO = (
    *("records.photos@A01", "records.stamp@A02", "records.items@A01", "records.manual@gate"),
    *("messages.passages@A01", "messages.cameras@a02-plate", "messages.status@gate"),
    *("camera.plate-stream@a01-plate", "camera.caption@a01-plate", "uplink.connected@gate"),
    *("outage.report@gate", "profile.table-1@gate", "records.vehicles@gate"),
)


@pytest.mark.demo
@pytest.mark.xdist_group("demo")
def test_the_demo_is_accepted_as_far_as_a_laptop_can_show(tmp_path: Path) -> None:
    out = tmp_path / "acceptance"
    environment = os.environ | {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    run = [sys.executable, "-m", "appliance", "accept"]
    told = subprocess.run(
        [*run, "--demo", "--yes", "--json", "--out", str(out)],
        cwd=DEMO.parents[1],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert told.returncode == 1, told.stderr
    counts = json.loads(told.stdout)["counts"]
    assert counts["是"] > counts["未检"]
    found = {each.name: each for each in EvidenceFolder(out).findings()}
    shown = {name: found[name] for name in SHOWN_IN_A_DEMO}
    assert {n: f.reason for n, f in shown.items() if f.verdict is not Verdict.YES} == {}
    assert found["firewall.active@gate"].verdict is Verdict.UNTESTED
    answered = {one.name for one in asked(load_profile(DEMO))}
    assert all(found[name].by == "演示联系人" for name in answered)
    assert (out / "files/photo-A01.jpg").read_bytes().startswith(b"\xff\xd8")
    verified = subprocess.run([*run, "verify", str(out)], cwd=DEMO.parents[1], check=False)
    assert verified.returncode == 0
