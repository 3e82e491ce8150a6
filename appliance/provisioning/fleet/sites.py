"""The boxes of several sites, asked and ready."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from appliance.profile.loading import load_profile
from appliance.provisioning.fleet.waves import Member
from appliance.provisioning.host_keys import write_known_addresses
from appliance.provisioning.places import SiteState, site_name
from appliance.provisioning.preflight import ask_all
from appliance.provisioning.reach import Account, choose_boxes, reaching, refuse_strangers
from appliance.provisioning.session import sudo_password
from appliance.trouble import Trouble


@dataclass(frozen=True, slots=True)
class Login:
    """How a command comes to its boxes, and which of them it means."""

    account: Account
    limit: tuple[str, ...] = ()
    ask_become_pass: bool = False


@contextlib.contextmanager
def members_of(
    profiles: Sequence[Path], login: Login
) -> Iterator[tuple[tuple[Member, ...], str | None]]:
    """The boxes in the order of the profiles, and the sudo password; raises Trouble.

    Every box has answered: a fleet is not begun with one that cannot be reached.
    """
    sites = [site_name(file) for file in profiles]
    if len(set(sites)) < len(sites):
        raise Trouble("站点配置写了两次，或有两个文件同名。请每个站点只写一次。")
    loaded = [load_profile(file) for file in profiles]
    everyone = [machine.name for profile in loaded for machine in profile.machines]
    refuse_strangers(login.limit, everyone)
    password = sudo_password(login.account.user) if login.ask_become_pass else None
    members: list[Member] = []
    with contextlib.ExitStack() as held:
        for site, profile in zip(sites, loaded, strict=True):
            names = [machine.name for machine in profile.machines]
            here = [p for p in login.limit if any(fnmatchcase(name, p) for name in names)]
            if login.limit and not here:
                continue
            boxes = choose_boxes(profile, host=None, machine=None, limit=here)
            reach = held.enter_context(reaching(boxes, login.account, SiteState.of(site)))
            members += [Member(site, box, reach) for box in boxes]
        _ask(members, password)
        yield tuple(members), password


def _ask(members: Sequence[Member], password: str | None) -> None:
    """Ask the boxes of every site, and tell all that is amiss at once."""
    sentences = []
    for reach in {member.site: member.reach for member in members}.values():
        try:
            ask_all(reach, password)
        except Trouble as trouble:
            sentences.append(str(trouble))
        else:
            write_known_addresses(reach)
    if sentences:
        raise Trouble("\n".join(sentences))
