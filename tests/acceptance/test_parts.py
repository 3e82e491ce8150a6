"""The joint of session and parts: what could not be done is 未检 with its reason, each by name."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hand_clock import ClockByHand
from journal.samples import passage
from sites import demo_profile

from acceptance_kit import parts
from acceptance_kit.checks.running import Target
from acceptance_kit.drills import DRILLS
from acceptance_kit.evidence import EvidenceFolder
from acceptance_kit.findings import Finding, Verdict
from acceptance_kit.peers.platform.records import Received
from acceptance_kit.platform_log import SAME
from acceptance_kit.records import DEMANDS
from acceptance_kit.trial import ACCURACY
from appliance.clock import SystemClock
from appliance.guideline.messages import Result
from appliance.profile.model import Profile
from appliance.runtime.journal import Journal
from appliance.runtime.journal.values import OutboxState, Receipt

from .test_session import Gate, gate

__all__ = ["gate"]  # a fixture

NOWHERE = Target("gate")
"""A machine that nobody may touch here."""


@pytest.fixture
def drilled(tmp_path: Path) -> Callable[..., dict[str, Finding]]:
    """The drills of a machine, as far as they were begun."""

    def drill(profile: Profile, *, confirm: bool, item: str = "") -> dict[str, Finding]:
        folder = EvidenceFolder.open(tmp_path / "out")
        work = parts.Work(profile, folder, SystemClock(), parts.Hand(confirm=lambda _: confirm))
        found = (
            finding
            for one in DRILLS
            if f"drill.{one.name}".startswith(item)
            for finding in parts.drill(NOWHERE, one, work)
        )
        return {each.name: each for each in found}

    return drill


def test_a_drill_that_is_declined_leaves_each_of_its_findings_untested(
    drilled: Callable[..., dict[str, Finding]], tmp_path: Path
) -> None:
    profile = demo_profile(tmp_path)
    found = drilled(profile, confirm=False)
    expected = {name for drill in DRILLS for proof in drill.proofs for name in proof.names(profile)}
    assert found.keys() == expected
    assert {"drill.line-backfill@gate", "drill.camera@A01", "drill.camera@A02"} <= expected
    assert {each.verdict for each in found.values()} == {Verdict.UNTESTED}
    reasons = {name: each.reason for name, each in found.items()}
    assert reasons.pop("drill.mains@gate") == parts.NEEDS_HANDS  # it was not even asked for
    assert set(reasons.values()) == {parts.DECLINED}


def test_a_drill_that_needs_hands_is_not_begun_with_nobody_there(
    drilled: Callable[..., dict[str, Finding]], tmp_path: Path
) -> None:
    profile = demo_profile(tmp_path)  # its UPS is said to be a real one
    (mains,) = drilled(profile, confirm=True, item="drill.mains").values()
    assert (mains.verdict, mains.reason) == (Verdict.UNTESTED, parts.NEEDS_HANDS)


@pytest.mark.slow
def test_a_box_that_does_not_answer_leaves_records_and_trial_untested_and_fills_the_forms(
    gate: Gate,
) -> None:
    (target,) = gate.site.targets
    silent = replace(target, place=replace(target.place, command=("false",)))
    gate.site = replace(gate.site, targets=(silent,))
    gate.accept("records.transmission", "records.stable-days", ACCURACY.item, "forms.written")
    found = gate.found()
    names = {f"{proof.item}@gate" for proof in (DEMANDS[0], DEMANDS[-1], ACCURACY)}
    assert names <= found.keys()
    for name in names:
        assert found[name].verdict is Verdict.UNTESTED
        assert "失败" in found[name].reason
    assert found["forms.written"].verdict is Verdict.YES
    assert (gate.out / "forms" / "table-9.pdf").is_file()


@pytest.fixture
def taken(gate: Gate) -> list[Received]:
    """What a platform has of a gate's three passages, all acknowledged: the last two."""
    clock, received = ClockByHand(SystemClock().now() - timedelta(hours=3)), []
    with Journal.open(gate.root, clock) as journal:
        for number in range(3):
            clock.time += timedelta(minutes=number)
            recorded, _ = journal.record(passage(f"p{number}", passed_at=clock.time))
            (message,) = journal.messages(recorded.id)
            sent = journal.begin_attempt(message)
            answer = Receipt(Result.RECEIVED, "", clock.time)
            journal.receive(sent, answer, state=OutboxState.DONE)
            fields, photo = {"F_CPHM": f"宁A0000{number}"}, f"{number}"
            received.append(
                Received(
                    *(message.qn, message.cn, "", clock.time, Result.RECEIVED, "", fields),
                    *(photo, 1, 1),
                )
            )
    return received[1:]


def same(gate: Gate, received: Sequence[Received]) -> Finding | None:
    gate.accept(SAME.item, again=True, received=lambda: received)
    return gate.found().get(SAME.item)


@pytest.mark.slow
def test_journal_and_reference_platform_are_compared_from_its_first_message_on(
    gate: Gate, taken: list[Received]
) -> None:
    found = same(gate, taken)
    assert found is not None
    assert (found.verdict, found.measured.split("，")[0]) == (Verdict.YES, "核对 2 条")


@pytest.mark.slow
def test_what_the_reference_platform_lacks_or_has_twice_is_no(
    gate: Gate, taken: list[Received]
) -> None:
    lost = same(gate, taken[:1])
    assert lost is not None
    assert (lost.verdict, "缺少 1 条" in lost.reason) == (Verdict.NO, True)
    doubled = same(gate, [*taken, replace(taken[0], qn="29991231235959999")])
    assert doubled is not None
    assert (doubled.verdict, "重复 1 条" in doubled.reason) == (Verdict.NO, True)


@pytest.mark.slow
def test_without_a_reference_platforms_file_nothing_is_compared_and_nothing_is_missing(
    gate: Gate,
) -> None:
    outcome = gate.accept(SAME.item, received=None)
    assert gate.found() == {}
    assert SAME.item not in outcome.missing
    assert SAME.item in gate.accept("numbering.*", received=tuple).missing
