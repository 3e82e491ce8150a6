"""Drills: faults provoked on a working gate, watched, measured, undone (docs/acceptance-drills.md).

`DRILLS` are all of them in the order in which they are done: what disturbs least comes first, and
the reboot last, since nothing that was measured before depends on it.
"""

from acceptance_kit.drills.camera import CAMERA
from acceptance_kit.drills.clock import CLOCK
from acceptance_kit.drills.conduct import conduct, drilled_spans
from acceptance_kit.drills.drill import CannotDrill, Drill, Ground
from acceptance_kit.drills.kill import KILL
from acceptance_kit.drills.lies import LIES
from acceptance_kit.drills.line import LINE, LINE_ALARM
from acceptance_kit.drills.mains import MAINS
from acceptance_kit.drills.reboot import REBOOT
from acceptance_kit.drills.undo import left_over

DRILLS: tuple[Drill, ...] = (LINE, LIES, KILL, CAMERA, CLOCK, MAINS, REBOOT, LINE_ALARM)

__all__ = [
    "DRILLS",
    "CannotDrill",
    "Drill",
    "Ground",
    "conduct",
    "drilled_spans",
    "left_over",
]
