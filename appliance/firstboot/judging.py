"""May a given profile be applied here? The same check as everywhere, then machine and secrets."""

from dataclasses import dataclass
from pathlib import Path

from appliance.firstboot.sources import MACHINE, SECRETS, Given
from appliance.profile.loading import check_profile
from appliance.profile.model import Profile
from appliance.profile.report import format_faults
from appliance.profile.secrets import DEFAULT_DIRECTORY


@dataclass(frozen=True, slots=True)
class Fit:
    """A profile that may be applied, and the machine of it that this box is."""

    profile: Profile
    machine: str


def judge(given: Given, copy: Path, kept: Path = DEFAULT_DIRECTORY) -> Fit | tuple[str, ...]:
    """A `Fit`, or lines that say what is wrong; the profile is written to `copy` to be read there.

    `kept` is where the box keeps the secrets it was given before.
    """
    copy.write_bytes(given.profile)
    profile, faults = check_profile(copy)
    if profile is None:
        return tuple(format_faults("profile.yaml", faults).splitlines())
    names = [machine.name for machine in profile.machines]
    if given.machine is None and len(names) != 1:
        return (
            f"站点有 {len(names)} 台工控机（{'、'.join(names)}）：请在 {MACHINE} 中写本机的名称。",
        )
    if given.machine is not None and given.machine not in names:
        return (f"{MACHINE} 中的“{given.machine}”不是站点的工控机（{'、'.join(names)}）。",)
    missing = [
        name
        for name in needed_secrets(profile)
        if not given.secrets.get(name) and not (kept / name).is_file()
    ]
    if missing:
        return (
            f"没有密钥 {'、'.join(missing)}。",
            f"请在 {SECRETS} 中逐行写“名称: 密码”，与 profile.yaml 放在一起。",
        )
    return Fit(profile, given.machine or names[0])


def needed_secrets(profile: Profile) -> list[str]:
    """The names of the secrets that the gate's programs ask for, as the role `runtime` has them."""
    cameras = {camera.password.name for camera in profile.cameras}
    return sorted(cameras | {keeper.password.name for keeper in profile.access.gatekeepers})
