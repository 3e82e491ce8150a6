"""The admission rules, in the order that people expect of them."""

import pytest

from appliance.guideline.dictionaries import EmissionStage, PlateColour
from appliance.profile.model import Action
from appliance.profile.model import Admission as Rules
from appliance.runtime.journal.values import Decision, Vehicle
from appliance.runtime.lane.admission import decide

RULES = Rules(
    allow=("宁A11111", "宁A33333"),
    block=("宁A22222", "宁A33333"),
    minimum_emission_stage=EmissionStage.CHINA_5,
    unknown_emission_stage=Action.REFUSE,
    unread_plate=Action.REFUSE,
)


def vehicle(stage: EmissionStage | None) -> Vehicle:
    return Vehicle("宁A58D21", PlateColour.YELLOW, emission_stage=stage)


@pytest.mark.parametrize(
    ("plate", "stage", "decision", "rule"),
    [
        ("宁A22222", EmissionStage.CHINA_6, Decision.REFUSE, "block-list"),
        ("宁A11111", EmissionStage.CHINA_1, Decision.ADMIT, "allow-list"),
        ("宁A33333", EmissionStage.CHINA_6, Decision.REFUSE, "block-list"),
        ("宁A58D21", EmissionStage.CHINA_4, Decision.REFUSE, "below-stage"),
        ("宁A58D21", EmissionStage.CHINA_5, Decision.ADMIT, "stage"),
        ("宁A58D21", EmissionStage.ELECTRIC, Decision.ADMIT, "stage"),
        ("宁A58D21", None, Decision.REFUSE, "unknown-stage"),
        (None, None, Decision.REFUSE, "unread-plate"),
    ],
)
def test_each_vehicle_meets_its_rule(
    plate: str | None, stage: EmissionStage | None, decision: Decision, rule: str
) -> None:
    admission = decide(RULES, plate, vehicle(stage))
    assert (admission.decision, admission.rule) == (decision, rule)
    assert admission.reason


def test_a_vehicle_that_is_in_no_register_counts_as_of_unknown_stage() -> None:
    assert decide(RULES, "宁A58D21", None).rule == "unknown-stage"


def test_a_site_may_let_the_unknown_and_the_unread_in() -> None:
    open_rules = Rules(
        minimum_emission_stage=EmissionStage.CHINA_5,
        unknown_emission_stage=Action.ADMIT,
        unread_plate=Action.ADMIT,
    )
    assert decide(open_rules, "宁A58D21", None).decision is Decision.ADMIT
    assert decide(open_rules, None, None).decision is Decision.ADMIT


def test_a_site_without_a_limit_admits_any_stage() -> None:
    assert decide(Rules(), "宁A58D21", vehicle(EmissionStage.CHINA_0)).decision is Decision.ADMIT
