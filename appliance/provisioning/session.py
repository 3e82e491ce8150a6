"""What every verb on a site does first: profile, boxes, reach, questions, secrets."""

import contextlib
import getpass
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from appliance.profile.loading import load_profile
from appliance.profile.model import Profile
from appliance.provisioning.host_keys import forget_pins
from appliance.provisioning.places import SiteState, site_name, vault_file
from appliance.provisioning.preflight import Facts, ask_all
from appliance.provisioning.reach import Account, Reach, choose_boxes, reaching
from appliance.provisioning.vault import Secrets, open_vault


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which boxes a command line means and how it comes to them."""

    profile_file: Path
    host: str | None = None
    machine: str | None = None
    limit: Sequence[str] = ()
    account: Account = field(default_factory=Account)
    ask_become_pass: bool = False
    secrets_file: Path | None = None
    vault_password_file: Path | None = None
    accept_new_host_key: bool = False

    @property
    def site(self) -> str:
        """The site's name."""
        return site_name(self.profile_file)


@dataclass(frozen=True, slots=True)
class Session:
    """Boxes that answered well, ready to be worked on."""

    profile: Profile
    reach: Reach
    facts: dict[str, Facts]
    secrets: Secrets
    become_password: str | None = field(repr=False)
    state: SiteState = field(repr=False)


def sudo_password(user: str) -> str:
    """Ask at the terminal for what sudo wants from `user` on the boxes."""
    return getpass.getpass(f"{user} 的 sudo 密码：")


@contextlib.contextmanager
def session(wanted: Wanted, *, with_secrets: bool) -> Iterator[Session]:
    """Everything that can be asked before a change is asked here.

    Raises ProfileFaults or Trouble; nothing has been changed then.
    """
    profile = load_profile(wanted.profile_file)
    boxes = choose_boxes(
        profile, host=wanted.host, machine=wanted.machine, limit=tuple(wanted.limit)
    )
    secrets = Secrets()
    if with_secrets:
        file = wanted.secrets_file or vault_file(wanted.site)
        secrets = open_vault(profile, file, wanted.vault_password_file)
    password = sudo_password(wanted.account.user) if wanted.ask_become_pass else None
    state = SiteState.of(wanted.site)
    with reaching(boxes, wanted.account, state) as reach:
        if wanted.accept_new_host_key:
            others = {each.name for each in profile.machines} - {box.name for box in boxes}
            forget_pins(reach.known_hosts, others)
        facts = ask_all(reach, password)
        yield Session(profile, reach, facts, secrets, password, state)
