#!/usr/bin/python
"""Files, folders and links of a box, all that a task names at once."""

import os
import tempfile
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: files
short_description: files, folders and links, all that a task names at once
description:
  - Brings each entry of O(files), in their order, to what it says; changes nothing that is so.
  - On the controller a C(template) is rendered from the role's C(templates/), a C(file) is read
    from its C(files/).
  - In check mode nothing is changed. An owner that is not there yet is no fault of a file that
    is not there yet.
options:
  files:
    description:
      - A list of entries. Each has a C(path) and one of C(template), C(file), C(content) (a file
        with this text), C(link) (a link to this path) or a C(state) of V(directory) or V(absent).
      - C(owner), C(group) and C(mode) are root, root and 0644 (0755 for a folder) unless given.
      - C(validate) is a command, without a shell, that is asked about a new file (V(%s)) before it
        is put in place. C(force=false) leaves what is there as it is, but for its owner and mode.
    type: list
    elements: dict
    required: true
"""
RETURN = r"""
paths:
  description: The paths that were changed, or would be.
  type: list
  returned: always
"""
EXAMPLES = r"""
- name: Ensure that NUT is configured
  gatehouse.box.files:
    files:
      - {path: /etc/nut, state: directory, group: nut, mode: "0750"}
      - {path: /etc/nut/nut.conf, template: nut.conf.j2, group: nut, mode: "0640"}
      - {path: /usr/local/lib/gatehouse/ups.py, file: ups.py, mode: "0755"}
"""

ENTRY = {
    "path": {"type": "path", "required": True},
    "state": {"choices": ["file", "directory", "link", "absent"], "default": "file"},
    "content": {"type": "str"},
    "link": {"type": "path"},
    "owner": {"type": "str", "default": "root"},
    "group": {"type": "str", "default": "root"},
    "mode": {"type": "str"},
    "validate": {"type": "str"},
    "force": {"type": "bool", "default": True},
}


class Files:
    """The entries of one task and what came of them."""

    def __init__(self, module):
        self.module = module
        self.paths = []
        self.diffs = []

    def ensure(self, entry):
        """Bring one entry to what it says."""
        path, state = Path(entry["path"]), entry["state"]
        before = len(self.paths)
        if state == "absent":
            self._absent(path)
        elif state == "link":
            self._link(path, entry["link"])
        else:
            if state == "directory":
                self._directory(path)
            elif entry["force"] or not path.exists():
                self._content(path, entry)
            # What is not there yet, because nothing is changed, has no owner to be compared.
            if path.exists() and not (self.module.check_mode and len(self.paths) > before):
                self._attributes(path, entry)

    def _changed(self, path, before, after):
        name = str(path)
        if name not in self.paths:
            self.paths.append(name)
        told = {"before_header": name, "after_header": name, "before": before, "after": after}
        self.diffs.append(told)

    def _absent(self, path):
        if path.is_dir() and not path.is_symlink():
            self.module.fail_json(msg=f"{path} is a folder; only files are removed")
        if path.exists() or path.is_symlink():
            self._changed(path, "there\n", "absent\n")
            if not self.module.check_mode:
                path.unlink()

    def _link(self, path, target):
        there = str(path.readlink()) if path.is_symlink() else None
        if there == target:
            return
        if path.is_dir() and there is None:
            self.module.fail_json(msg=f"{path} is a folder, and no link is put in its place")
        self._changed(path, f"-> {there}\n" if there else "", f"-> {target}\n")
        if not self.module.check_mode:
            new = path.with_name(f".{path.name}.gatehouse-new")
            new.unlink(missing_ok=True)
            new.symlink_to(target)
            new.replace(path)

    def _directory(self, path):
        if not path.is_dir():
            self._changed(path, "absent\n", "a folder\n")
            if not self.module.check_mode:
                path.mkdir(parents=True)

    def _content(self, path, entry):
        wanted = (entry["content"] or "").encode("utf-8")
        there = path.read_bytes() if path.exists() else None
        if there == wanted:
            return
        before = (there or b"").decode("utf-8", "replace")
        self._changed(path, before, wanted.decode("utf-8"))
        if self.module.check_mode:  # what would validate it may not be installed yet
            return
        handle, new = tempfile.mkstemp(dir=self.module.tmpdir)
        with os.fdopen(handle, "wb") as file:
            file.write(wanted)
        self._validate(path, new, entry["validate"])
        # Owner and mode before its place: nobody reads it meanwhile.
        self._attributes(Path(new), entry)
        self.module.atomic_move(new, str(path), keep_dest_attrs=False)

    def _validate(self, path, new, command):
        if command is None:
            return
        code, out, err = self.module.run_command(command.replace("%s", new))
        if code:
            self.module.fail_json(msg=f"failed to validate {path}", stdout=out, stderr=err)

    def _attributes(self, path, entry):
        mode = entry["mode"] or ("0755" if entry["state"] == "directory" else "0644")
        owner, group = entry["owner"], entry["group"]
        wanted = {"path": str(path), "owner": owner, "group": group, "mode": mode}
        wanted |= {"secontext": [None, None, None], "attributes": None}
        other = self.module.set_fs_attributes_if_different(wanted, False)
        if other and path == Path(entry["path"]):
            self._changed(path, "another owner or mode\n", f"{owner}:{group} {mode}\n")


def main():
    """Ansible calls this on the box."""
    module = AnsibleModule(
        argument_spec={
            "files": {"type": "list", "elements": "dict", "required": True, "options": ENTRY}
        },
        supports_check_mode=True,
    )
    files = Files(module)
    for entry in module.params["files"]:
        try:
            files.ensure(entry)
        except OSError as trouble:
            module.fail_json(msg=f"{entry['path']}: {trouble.strerror}")
    module.exit_json(changed=bool(files.paths), paths=files.paths, diff=files.diffs)


if __name__ == "__main__":
    main()
