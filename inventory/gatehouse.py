"""Site profiles as an Ansible inventory: a site is a group, each of its industrial PCs a host.

    ansible-inventory -i site_profiles/yinchuan-cement.yaml --graph

Nothing about a site is written down a second time for Ansible. Each host gets

- `gatehouse`: the whole profile as plain values; a secret is only its reference `{"name": …}`,
- `gatehouse_machine`: this machine's own entry of `machines`,
- `gatehouse_lanes`: the lanes it serves, each `{"barrier", "entrance", "camera"}` by number,
- `gatehouse_push_ports`: where it listens for plate cameras that read by themselves, each
  `{"camera", "host", "port"}`: the host alone may reach that TCP port,
- `gatehouse_secret_names`: the secrets that this machine's programs are handed, sorted,
- `gatehouse_retention`: the profile's table of what is kept, by kind: `kept_days`, `legal_days`,
  `clause`, `volumes` (of this machine), `when_full`,
- `gatehouse_profile_path`: the profile's file on the controller,
- what `gatehouse provision` hands on in memory, such as `gatehouse_secrets` (name to value),
- `ansible_host` and `ansible_port` from the entry; without a `host` the command line gives one.

The values are handed on untrusted: Ansible never evaluates a template that stands in a profile.
"""

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.inventory import BaseInventoryPlugin

from appliance.guideline.retention import Kind
from appliance.profile.box import Machine
from appliance.profile.capacity import places
from appliance.profile.faults import ProfileFaults
from appliance.profile.loading import load_profile
from appliance.profile.model import Profile
from appliance.profile.report import format_faults
from appliance.profile.secrets import named_secrets

DOCUMENTATION = r"""
name: gatehouse
short_description: reads site profiles of gatehouse
description:
  - A site profile (YAML) becomes a group named after its file, each of its machines a host of it.
  - Every host is also in the group C(gatehouse).
options: {}
"""

EVERY_SITE = "gatehouse"
_KEYS_OF_A_PROFILE = re.compile(rb"^(format|enterprise|entrances)\s*:", re.MULTILINE)


class InventoryModule(BaseInventoryPlugin):  # type: ignore[misc]
    """Ansible asks `verify_file` whether a source is ours, then `parse` for its hosts."""

    NAME = "gatehouse"

    def verify_file(self, path: str) -> bool:
        """Whether `path` is a site profile, faulty ones included: its faults are ours to tell."""
        file = Path(path)
        if not super().verify_file(path) or file.suffix not in {".yaml", ".yml"}:
            return False
        return _KEYS_OF_A_PROFILE.search(file.read_bytes()) is not None

    def parse(
        self, inventory: InventoryData, loader: DataLoader, path: str, cache: bool = True
    ) -> None:
        """Add the site's group and machines; a faulty profile ends the command with its report."""
        super().parse(inventory, loader, path, cache)
        file = Path(path).resolve()
        try:
            profile = load_profile(file)
        except ProfileFaults as faults:
            _end(format_faults(faults.path, faults.faults))
        site = group_name(file.stem, profile)
        inventory.add_group(EVERY_SITE)
        inventory.add_group(site)
        inventory.add_child(EVERY_SITE, site)
        for machine in profile.machines:
            if machine.name in inventory.hosts:
                _end(f"{path}：工控机名称“{machine.name}”在另一个站点中也有，请分别执行。\n")
            inventory.add_host(machine.name, group=site)
            told = variables(profile, machine, file) | handed_on()
            for name, value in told.items():
                inventory.set_variable(machine.name, name, value)


def group_name(stem: str, profile: Profile) -> str:
    """The group of a site: its file's name with what Ansible does not take in a name as `_`.

    Where that is Ansible's own word, or a machine's name, `site_` stands before it.
    """
    name = re.sub(r"\W", "_", stem)
    taken = {EVERY_SITE, "all", "ungrouped", *(machine.name for machine in profile.machines)}
    return f"site_{name}" if name in taken or not name.isidentifier() else name


def variables(profile: Profile, machine: Machine, file: Path) -> dict[str, Any]:
    """What Ansible is told of one machine."""
    told: dict[str, Any] = {
        "gatehouse": profile.model_dump(mode="json"),
        "gatehouse_machine": machine.model_dump(mode="json"),
        "gatehouse_lanes": [
            {
                "barrier": lane.barrier.id,
                "entrance": lane.entrance.id,
                "camera": lane.camera.id,
            }
            for lane in profile.lanes_of(machine)
        ],
        "gatehouse_push_ports": [
            {"camera": door.camera, "host": door.host, "port": door.port}
            for door in profile.doors_of(machine)
        ],
        "gatehouse_secret_names": list(named_secrets(profile.part_of(machine))),
        "gatehouse_retention": retention(profile, machine),
        "gatehouse_profile_path": str(file),
        "ansible_port": machine.ssh_port,
    }
    if machine.host is not None:
        told["ansible_host"] = machine.host
    return told


def retention(profile: Profile, machine: Machine) -> dict[str, dict[str, Any]]:
    """The profile's one table of terms, for the policy file on the box."""
    table = profile.storage.retention
    volumes = places(profile, machine)
    return {
        kind.value: {
            "kept_days": table.days(kind),
            "legal_days": kind.legal_days,
            "clause": kind.clause,
            "volumes": sorted(volumes.get(kind, ())),
            "when_full": table.when_full(kind).value,
        }
        for kind in Kind
    }


def handed_on(environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Variables in a file without a name, whose descriptor the environment tells; none without.

    So secrets stand neither in arguments nor in an environment nor on a disk.
    """
    handle = environ.get("GATEHOUSE_VARIABLES")
    if handle is None:
        return {}
    size = os.fstat(int(handle)).st_size
    content: dict[str, Any] = json.loads(os.pread(int(handle), size, 0))
    return content


def _end(report: str) -> NoReturn:
    """Tell the installer and end.

    An exception would be wrapped in Ansible's own words, and the next plugins would be tried on
    the same file and complain as well.
    """
    sys.stderr.write(report)
    raise SystemExit(2)
