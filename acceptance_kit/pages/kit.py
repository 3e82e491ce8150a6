"""What every page needs: the acceptance, the bench, the machines, and what their trial is of."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from flask import current_app
from werkzeug.exceptions import NotFound

from acceptance_kit.acceptance import Acceptance
from acceptance_kit.box import Box
from acceptance_kit.pages.bench import Bench
from acceptance_kit.passages import PassageFacts
from acceptance_kit.steps import Step
from appliance.runtime.web.answers import trouble_page
from appliance.trouble import Trouble

KIT = "acceptance"


@dataclass(frozen=True, slots=True)
class Read:
    """A machine's passages as they were read, by their numbers, and when (the box's clock)."""

    at: datetime
    passages: Mapping[int, PassageFacts]


@dataclass(frozen=True, slots=True)
class Kit:
    """The acceptance as the pages see it. `on_boxes` is held while a machine is asked."""

    bench: Bench
    boxes: Mapping[str, Box]
    read: dict[str, Read] = field(default_factory=dict)
    on_boxes: threading.Lock = field(default_factory=threading.Lock)

    @property
    def acceptance(self) -> Acceptance:
        """The acceptance that has begun."""
        return self.bench.acceptance

    def step(self, key: str) -> Step:
        """The step of that key; a 404 when there is none."""
        for step in self.acceptance.steps():
            if step.key == key:
                return step
        raise NotFound


def the_kit() -> Kit:
    """That of the application which answers."""
    return cast(Kit, current_app.extensions[KIT])


def as_trouble(error: Trouble) -> tuple[str, int]:
    """A trouble that an engineer can mend, as a page."""
    return trouble_page("没有做成", str(error)), 503
