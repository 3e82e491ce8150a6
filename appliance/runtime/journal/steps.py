"""The named steps of writing a passage, in their order; docs/durability.md argues over each gap.

The journal calls its `step` callback after each one. In service that does nothing; the tests of
the argument kill the process there.
"""

from collections.abc import Callable
from enum import StrEnum


class Step(StrEnum):
    """What has just been done."""

    FOLDERS_SYNCED = "folders synced"
    PHOTO_WRITTEN = "photo written"
    PHOTO_SYNCED = "photo synced"
    PHOTO_RENAMED = "photo renamed"
    PHOTOS_SYNCED = "photos synced"
    BEGUN = "begun"
    PASSAGE_ADDED = "passage added"
    LINK_ADDED = "link added"
    MESSAGE_ADDED = "message added"
    COMMITTED = "committed"


StepHook = Callable[[Step], None]


def pass_by(_step: Step) -> None:
    """The hook in service: nothing happens at any step."""
