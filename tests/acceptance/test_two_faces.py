"""Terminal and tablet: the same steps, the same findings, one folder."""

import os
import re
import signal
import subprocess
import sys
import urllib.parse
import urllib.request
from dataclasses import replace
from http.cookiejar import CookieJar
from pathlib import Path

import pytest
from sites import DEMO
from waiting import free_port

from acceptance_kit.evidence import EvidenceFolder
from acceptance_kit.findings import Finding, Verdict
from acceptance_kit.questions import Kind, asked
from acceptance_kit.seal import inspect
from acceptance_kit.trial import Truth, Truths
from appliance.clock import SystemClock

from .tablet import Tablet
from .test_evidence_folder import NOON
from .test_session import Gate, gate

__all__ = ["gate"]  # a fixture

BOTH = (
    *("numbering.*", "records.items", "site.*", "barrier.*", "camera.pole"),
    *("drill.*", "trial.*", "forms.*"),
)
SAID = {Kind.YES: "是", Kind.NUMBER: "21", Kind.TEXT: "有"}


def what(found: dict[str, Finding]) -> dict[str, Finding]:
    """All that findings say, but for when."""
    return {name: replace(finding, at=NOON) for name, finding in found.items()}


@pytest.mark.slow
def test_terminal_and_tablet_find_the_same(gate: Gate) -> None:
    gate.record(passed_at=SystemClock().now())
    by_tablet, by_terminal = gate.out, gate.out.with_name("terminal")

    tablet = Tablet.at(gate.begun(*BOTH))
    tablet.come_in()
    chosen = [one for one in asked(gate.site.profile) if one.question.item == "site.fibre"]
    chosen += [one for one in asked(gate.site.profile) if one.question.item == "camera.pole"]
    for one in chosen:
        tablet.send(f"/questions/{one.name}", answer=SAID[one.question.kind])
    tablet.send("/trials/gate", to="/trials/gate/read")
    tablet.send("/trials/gate", to="/trials/gate/1", what="as-read")
    tablet.send("/trials/gate", to="/trials/gate/2", what="typed", plate="宁A99999", colour="蓝牌")
    tablet.send("/forms", to="/work/forms")
    with tablet.worked_for():
        assert not tablet.ended().trouble
    found = what(gate.found())

    gate.out = by_terminal
    text = "".join(f"{one.name}: {SAID[one.question.kind]}\n" for one in chosen)
    answers = gate.out.with_name("answers.yaml")
    answers.write_text(text, "utf-8")
    truths = Truths({1: Truth.of("=", ""), 2: Truth.of("宁A99999", "蓝牌")})
    gate.accept(*BOTH, answers=answers, by="张三", truths=truths)

    assert found == what(gate.found())
    assert {found["site.fibre"].verdict, found["site.goods"].verdict} == {
        Verdict.YES,
        Verdict.UNTESTED,
    }
    for part in ("forms", "files", "findings"):
        names = [sorted(f.name for f in (out / part).iterdir()) for out in (by_tablet, by_terminal)]
        assert names[0] == names[1]


@pytest.mark.slow
def test_the_pages_are_served_until_told_to_end_and_the_terminal_goes_on(
    gate: Gate, tmp_path: Path
) -> None:
    port = free_port()
    command = [sys.executable, "-m", "appliance", "accept", str(gate.site.profile_file)]
    command += ["--host", "local", "--only", "site.*", "--out", str(gate.out)]
    where = {"cwd": DEMO.parents[1], "env": os.environ | {"NO_COLOR": "1"}, "text": True}
    with subprocess.Popen(
        [*command, "--serve", f"127.0.0.1:{port}"], stdout=subprocess.PIPE, **where
    ) as kit:
        try:
            assert kit.stdout is not None
            said = kit.stdout.readline() + kit.stdout.readline()
            code = re.search(r"验收码 (\w{4} \w{4})", said)
            assert code, said
            browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
            address = f"http://127.0.0.1:{port}"
            post(browser, f"{address}/login", name="张三", code=code[1])
            page = browser.open(f"{address}/questions/site.fibre", timeout=10).read().decode()
            token = re.search(r'name="token" value="([^"]+)"', page)
            assert token
            fields = {"token": token[1], "before": "", "answer": "是"}
            post(browser, f"{address}/questions/site.fibre", **fields)
            # Nobody else may accept there meanwhile.
            other = subprocess.run([*command, "--yes"], check=False, capture_output=True, **where)
            assert (other.returncode, "正在使用" in other.stderr) == (2, True)
        finally:
            kit.send_signal(signal.SIGTERM)
        assert kit.wait(30) == 1
    assert not inspect(gate.out).faults
    after = subprocess.run([*command, "--yes"], check=False, capture_output=True, **where)
    assert after.returncode == 1, after.stderr
    found = {each.name: each for each in EvidenceFolder(gate.out).findings()}
    assert (found["site.fibre"].verdict, found["site.fibre"].by) == (Verdict.YES, "张三")


def post(browser: urllib.request.OpenerDirector, address: str, **fields: str) -> None:
    browser.open(address, urllib.parse.urlencode(fields).encode(), timeout=10).read()


def test_every_step_of_a_site_has_an_address_of_its_own_and_makes_all_that_is_missing(
    gate: Gate,
) -> None:
    acceptance = gate.begun("*.*")
    acceptance.begin()
    keys = [step.key for step in acceptance.steps()]
    assert len(keys) == len(set(keys))
    made = [name for step in acceptance.steps() for name in step.names]
    assert len(made) == len(set(made))
    assert set(made) == set(acceptance.outcome().missing)
