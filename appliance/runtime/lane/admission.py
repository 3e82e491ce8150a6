"""The admission decision: the profile's rules, in the order that people expect of them.

Block list, allow list, unread plate, then the emission stage. Every decision names its rule, so
that a gatekeeper can tell a driver why.
"""

from appliance.guideline.dictionaries import EmissionStage
from appliance.profile.model import Action
from appliance.profile.model import Admission as Rules
from appliance.runtime.journal.values import Admission, Decision, Vehicle

DECISIONS = {Action.ADMIT: Decision.ADMIT, Action.REFUSE: Decision.REFUSE}


def decide(rules: Rules, plate: str | None, vehicle: Vehicle | None) -> Admission:
    """Admit or refuse a vehicle; `vehicle` is what the register knows of it, or None."""
    if plate is None:
        return Admission(DECISIONS[rules.unread_plate], "unread-plate", "车牌未识别")
    if plate in rules.block:
        return Admission(Decision.REFUSE, "block-list", "在黑名单中")
    if plate in rules.allow:
        return Admission(Decision.ADMIT, "allow-list", "在白名单中")
    return _by_stage(rules, vehicle)


def _by_stage(rules: Rules, vehicle: Vehicle | None) -> Admission:
    least = rules.minimum_emission_stage
    if least is EmissionStage.CHINA_0:
        return Admission(Decision.ADMIT, "no-limit", "不限排放标准")
    stage = vehicle.emission_stage if vehicle else None
    if stage is None:
        decision = DECISIONS[rules.unknown_emission_stage]
        return Admission(decision, "unknown-stage", "排放标准未登记")
    if stage.rank < least.rank:
        return Admission(Decision.REFUSE, "below-stage", f"{stage}，低于{least}")
    return Admission(Decision.ADMIT, "stage", f"{stage}，符合要求")
