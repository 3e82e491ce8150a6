"""Which machine of a site a command line means."""

from appliance.profile.box import Machine
from appliance.profile.model import Profile
from appliance.trouble import Trouble


def named_machine(profile: Profile, name: str) -> Machine:
    """The machine of that name; raises Trouble with the names that there are."""
    try:
        return profile.machine(name)
    except KeyError:
        raise Trouble(f"站点配置中没有名为“{name}”的工控机。可选：{_names(profile)}。") from None


def one_machine(profile: Profile, name: str | None) -> Machine:
    """The machine named, or the only one there is; raises Trouble when it could be several."""
    if name is not None:
        return named_machine(profile, name)
    if len(profile.machines) != 1:
        count = len(profile.machines)
        raise Trouble(
            f"站点有 {count} 台工控机，请用 --machine 指明一台。可选：{_names(profile)}。"
        )
    return profile.machines[0]


def _names(profile: Profile) -> str:
    return "、".join(machine.name for machine in profile.machines)
