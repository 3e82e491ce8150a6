"""The demo's site with other addresses, for tests that need a whole profile."""

from pathlib import Path
from typing import Any

from appliance.profile.loading import load_profile
from appliance.profile.model import Profile

DEMO = Path(__file__).parents[1] / "site_profiles" / "demo.yaml"


def demo_profile(root: Path, **changes: Any) -> Profile:
    """demo.yaml with its storage at `root`; `changes` are dotted keys written with two
    underscores (`uplink__port=1234`, `entrances__0__barriers__0__driver__port=502`)."""
    raw = load_profile(DEMO).model_dump(mode="json")
    raw["storage"]["root"] = str(root)
    for key, value in changes.items():
        *way, last = key.split("__")
        place: Any = raw
        for step in way:
            place = place[int(step)] if step.isdigit() else place[step]
        place[int(last) if last.isdigit() else last] = value
    return Profile.model_validate(raw)
