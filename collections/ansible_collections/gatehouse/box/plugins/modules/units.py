#!/usr/bin/python
"""Units of systemd, all that a task names at once."""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.facts.system.chroot import is_chroot

DOCUMENTATION = r"""
module: units
short_description: units of systemd, all that a task names at once
description:
  - Brings each entry of O(units), in their order, to what it says, and changes nothing that is so.
  - systemd rereads its files first where one of these units was written anew.
  - In a chroot, where no systemd runs, units are enabled and masked only.
options:
  units:
    description:
      - A list of entries. Each has a C(name), and as needed C(enabled) (true, false), C(masked)
        (true, false), C(state) (V(started), V(stopped), V(restarted)). A unit that is not there
        is stopped and disabled.
    type: list
    elements: dict
    required: true
"""
RETURN = r"""
names:
  description: The units that were changed, or would be.
  type: list
  returned: always
"""
EXAMPLES = r"""
- name: Ensure that the UPS is watched from the start of the system on
  gatehouse.box.units:
    units:
      - {name: nut-server.service, enabled: true, state: started}
      - {name: gatehouse-ups-watch.timer, enabled: true, state: started}
"""

ENTRY = {
    "name": {"type": "str", "required": True},
    "enabled": {"type": "bool"},
    "masked": {"type": "bool"},
    "state": {"choices": ["started", "stopped", "restarted"]},
}
PROPERTIES = ("Id", "LoadState", "ActiveState", "UnitFileState", "NeedDaemonReload")
RUNS = {"active", "activating", "reloading"}
STARTS_WITH_THE_SYSTEM = {"enabled", "enabled-runtime", "alias", "static", "generated"}


class Units:
    """The entries of one task and what came of them."""

    def __init__(self, module):
        self.module = module
        self.offline = is_chroot(module)
        self.names = []

    def ensure_all(self, entries):
        """Look at all units at once, then bring each to what it says."""
        facts = self._look([entry["name"] for entry in entries])
        for entry, fact in zip(entries, facts, strict=True):
            self._ensure(entry, fact)

    def _look(self, names):
        if self.offline:
            return [{"UnitFileState": self._ask("is-enabled", name)} for name in names]
        found = self._show(names)
        stale = any(
            fact.get("NeedDaemonReload") == "yes" or fact.get("LoadState") == "not-found"
            for fact in found
        )
        if stale and not self.module.check_mode:
            self._systemctl("daemon-reload")
            found = self._show(names)
        return found

    def _show(self, names):
        said = self._systemctl("show", f"--property={','.join(PROPERTIES)}", *names)
        # A property a line, an empty line between two units, in the order in which they were asked.
        blocks = said.strip("\n").split("\n\n")
        facts = [dict(line.partition("=")[::2] for line in block.splitlines()) for block in blocks]
        if len(facts) != len(names):
            self.module.fail_json(msg=f"systemctl told of {len(facts)} units, not {len(names)}")
        return facts

    def _ensure(self, entry, fact):
        name = entry["name"]
        masked = fact.get("UnitFileState") == "masked" or fact.get("LoadState") == "masked"
        if entry["masked"] is not None and entry["masked"] != masked:
            self._do("mask" if entry["masked"] else "unmask", name)
        starts = fact.get("UnitFileState") in STARTS_WITH_THE_SYSTEM
        if entry["enabled"] is not None and entry["enabled"] != starts:
            self._do("enable" if entry["enabled"] else "disable", name)
        if self.offline:
            return
        runs = fact.get("ActiveState") in RUNS
        if entry["state"] == "restarted":
            self._do("restart", name)
        elif entry["state"] == "started" and not runs:
            self._do("start", name)
        elif entry["state"] == "stopped" and runs:
            self._do("stop", name)

    def _do(self, verb, name):
        if name not in self.names:
            self.names.append(name)
        if not self.module.check_mode:
            self._systemctl(verb, name)

    def _systemctl(self, *words):
        code, out, err = self.module.run_command(["systemctl", *words])
        if code:
            self.module.fail_json(
                msg=f"systemctl {' '.join(words[:1] + words[-1:])}: {err.strip()}"
            )
        return out

    def _ask(self, *words):
        return self.module.run_command(["systemctl", *words])[1].strip()


def main():
    """Ansible calls this on the box."""
    module = AnsibleModule(
        argument_spec={
            "units": {"type": "list", "elements": "dict", "required": True, "options": ENTRY}
        },
        supports_check_mode=True,
    )
    units = Units(module)
    units.ensure_all(module.params["units"])
    diff = [{"before_header": name, "before": "", "after": "as told\n"} for name in units.names]
    module.exit_json(changed=bool(units.names), names=units.names, diff=diff)


if __name__ == "__main__":
    main()
