"""How the kit comes to the machines of a site: over ssh, on the machine itself, or into a demo."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from acceptance_kit.checks.place import Place
from acceptance_kit.checks.running import Target
from appliance.profile.loading import load_profile
from appliance.profile.machines import one_machine
from appliance.profile.model import Profile
from appliance.provisioning.session import Wanted, session

LOCAL = "local"
"""As `--host`: the kit runs on the machine itself."""


@dataclass(frozen=True, slots=True)
class Site:
    """A site whose machines answered, ready to be accepted."""

    profile: Profile
    profile_file: Path
    targets: tuple[Target, ...]


@contextmanager
def reached(wanted: Wanted) -> Iterator[Site]:
    """The machines that a command line means. Raises ProfileFaults or Trouble."""
    if wanted.host == LOCAL:
        yield _here(wanted)
        return
    with session(wanted, with_secrets=False) as ready:
        targets = tuple(
            Target(
                box.name,
                f"ssh://{box.name}",
                ready.reach.ssh_config,
                sudo=ready.reach.account.user != "root",
                place=Place(address=box.address),
            )
            for box in ready.reach.boxes
        )
        yield Site(ready.profile, wanted.profile_file.resolve(), targets)


def _here(wanted: Wanted) -> Site:
    profile = load_profile(wanted.profile_file)
    name = one_machine(profile, wanted.machine).name
    return Site(profile, wanted.profile_file.resolve(), (Target(name),))
