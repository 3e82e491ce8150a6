"""What a passage declares to the platform: the values of 7.3.1 that the journal itself holds.

The journal asks here before it queues a 60001, and the uplink composes from the same values. So
nobody who records, corrects or releases a passage can forget the check, and none of them has to
know the uplink. What stands in the profile (MN, the texts for an unread plate and an unknown
fleet) is not the passage's: the profile is checked when it is read.
"""

from datetime import date

from appliance.guideline.messages import PASSAGE_FIELDS
from appliance.guideline.refusals import refusal
from appliance.runtime.journal.values import RecordedPassage, Vehicle

Declared = dict[str, str | date | None]
"""By field name; None or empty is 'not known', and how a date is written is the dialect's."""

BY_PROFILE = ("F_CPHM", "F_CDMC")
"""Mandatory fields for which the profile has a text when the passage has none."""


def declared(passage: RecordedPassage) -> Declared:
    """The values of a passage and its vehicle; time and photo are the message's own."""
    values: Declared = {
        "F_JCWZ": passage.position,
        "F_CPHM": passage.plate,
        "F_CPYS": passage.plate_colour,
        "F_JCLX": passage.direction,
        "F_CRKBH": passage.entrance,
        "F_ZDBH": passage.barrier,
        "F_CDMC": None,
        "F_TGFS": passage.raise_method,
    }
    return values | (declared_vehicle(passage.vehicle) if passage.vehicle else {})


def declared_vehicle(vehicle: Vehicle) -> Declared:
    """The values that come from the register (Table 2)."""
    return {
        "F_VIN": vehicle.vin,
        "F_ZCDJRQ": vehicle.registered_on,
        "F_CLLX": vehicle.vehicle_type,
        "F_CLPPXH": vehicle.model,
        "F_YLLX": vehicle.fuel,
        "F_PFBZ": vehicle.emission_stage,
        "F_LWZT": _yes_or_no(vehicle.networked),
        "F_SYXZ": vehicle.use,
        "F_CDMC": vehicle.fleet,
        "F_CZZDQRSJ": _yes_or_no(vehicle.terminal_ok),
    }


def passage_refusal(passage: RecordedPassage) -> str | None:
    """Why a platform must refuse this passage, as a Chinese sentence naming the field, or None."""
    return _first_refusal(declared(passage))


def vehicle_refusal(vehicle: Vehicle) -> str | None:
    """Why a platform must refuse every passage of this vehicle, or None."""
    return _first_refusal(declared_vehicle(vehicle))


def _first_refusal(values: Declared) -> str | None:
    for spec in PASSAGE_FIELDS:
        value = values.get(spec.name)
        if spec.name not in values or isinstance(value, date):  # no date can be refused
            continue
        if not value and spec.name in BY_PROFILE:
            continue
        if (why := refusal(spec, value)) is not None:
            return why
    return None


def _yes_or_no(known: bool | None) -> str | None:
    return None if known is None else str(int(known))
