"""Drills: faults provoked on a working gate, watched, measured, undone (docs/acceptance-drills.md).

`DRILLS` are all of them in the order in which they are done: what disturbs least comes first, and
the reboot last, since nothing that was measured before depends on it.
"""

from dataclasses import replace

from acceptance_kit.drills.camera import CAMERA, EACH
from acceptance_kit.drills.clock import CLOCK
from acceptance_kit.drills.conduct import conduct, drilled_spans
from acceptance_kit.drills.drill import CannotDrill, Drill, Ground
from acceptance_kit.drills.kill import KILL
from acceptance_kit.drills.lies import LIES
from acceptance_kit.drills.line import LINE, LINE_ALARM, alarm_drill
from acceptance_kit.drills.mains import MAINS
from acceptance_kit.drills.reboot import REBOOT
from acceptance_kit.drills.undo import left_over
from appliance.profile.model import Profile

DRILLS: tuple[Drill, ...] = (LINE, LIES, KILL, CAMERA, CLOCK, MAINS, REBOOT, LINE_ALARM)


def drills_for(profile: Profile) -> tuple[Drill, ...]:
    """The same with the bounds of a site: how many cameras it has, when its alarm is due."""
    fitted = {
        CAMERA.name: replace(CAMERA, bound=EACH * len(profile.lanes())),
        LINE_ALARM.name: alarm_drill(profile.uplink.missed_upload_minutes),
    }
    return tuple(fitted.get(drill.name, drill) for drill in DRILLS)


__all__ = [
    "DRILLS",
    "CannotDrill",
    "Drill",
    "Ground",
    "conduct",
    "drilled_spans",
    "drills_for",
    "left_over",
]
