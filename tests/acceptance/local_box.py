"""This machine as a box: the kit's own way in, with a journal of the test's."""

import sys
from pathlib import Path

import testinfra

from acceptance_kit.box import Box
from appliance.profile.model import Profile
from appliance.profile.writing import profile_as_yaml


def local_box(profile: Profile, folder: Path) -> Box:
    """A box whose `gatehouse` is this source tree; commands run here, as whoever runs the test."""
    file = folder / "profile.yaml"
    file.write_text(profile_as_yaml(profile), "utf-8")
    return Box(
        testinfra.get_host("local://"),
        profile=str(file),
        account=None,
        command=(sys.executable, "-m", "appliance"),
        root=None,
    )
