"""The demo's site with other addresses, for tests that need a whole profile."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from appliance.profile.loading import load_profile
from appliance.profile.model import Profile
from appliance.profile.writing import profile_as_yaml

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


def profile_file(folder: Path, profile: Profile, name: str = "site.yaml") -> Path:
    """The profile as a file for the command line."""
    path = folder / name
    path.write_text(profile_as_yaml(profile), "utf-8")
    return path


def secrets_folder(
    folder: Path,
    names: Iterable[str] = ("camera-a01", "camera-a02"),
    secret: str = "throw-away",  # noqa: S107
) -> Path:
    """A new folder of secrets that only their owner can read, as the appliance demands."""
    folder.mkdir(mode=0o700)
    for name in names:
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(secret, "utf-8")
    return folder
