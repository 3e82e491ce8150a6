#!/usr/bin/python
"""Files, folders and links of a box, all that a task names at once."""

import os
import tempfile

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: files
short_description: files, folders and links, all that a task names at once
description:
  - Brings each entry of O(files), in their order, to what it says, and changes nothing that is so.
  - On the controller a C(template) is rendered from the role's C(templates/), a C(file) is read from its C(files/).
  - In check mode nothing is changed. Owners that are not there yet are no fault of a file that is not there yet.
options:
  files:
    description:
      - A list of entries. Each has a C(path) and one of C(template), C(file), C(content) (a file with this text),
        C(link) (a link to this path) or a C(state) of V(directory) or V(absent).
      - C(owner), C(group) and C(mode) are root, root and 0644 (0755 for a folder) unless given.
      - C(validate) is a command without a shell that is asked about a new file, in place of V(%s), before it is put in
        place. C(force=false) leaves a file that is there as it is, but for its owner and mode.
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
        path, state = entry["path"], entry["state"]
        before = len(self.paths)
        if state == "absent":
            self._absent(path)
        elif state == "link":
            self._link(path, entry["link"])
        else:
            if state == "directory":
                self._directory(path)
            elif entry["force"] or not os.path.lexists(path):
                self._content(path, entry)
            # What is not there yet, because nothing is changed, has no owner to be compared.
            if os.path.exists(path) and not (self.module.check_mode and len(self.paths) > before):
                self._attributes(path, entry)

    def _changed(self, path, before, after):
        if path not in self.paths:
            self.paths.append(path)
        self.diffs.append(
            {"before_header": path, "after_header": path, "before": before, "after": after}
        )

    def _absent(self, path):
        if not os.path.lexists(path):
            return
        if os.path.isdir(path) and not os.path.islink(path):
            self.module.fail_json(msg=f"{path} is a folder; only files are removed")
        self._changed(path, "there\n", "absent\n")
        if not self.module.check_mode:
            os.unlink(path)

    def _link(self, path, target):
        there = os.readlink(path) if os.path.islink(path) else None
        if there == target:
            return
        self._changed(path, f"-> {there}\n" if there else "", f"-> {target}\n")
        if self.module.check_mode:
            return
        if os.path.isdir(path) and not os.path.islink(path):
            self.module.fail_json(msg=f"{path} is a folder, and no link is put in its place")
        new = f"{path}.gatehouse-new"
        if os.path.lexists(new):
            os.unlink(new)
        os.symlink(target, new)
        os.rename(new, path)

    def _directory(self, path):
        if os.path.isdir(path):
            return
        self._changed(path, "absent\n", "a folder\n")
        if not self.module.check_mode:
            os.makedirs(path)

    def _content(self, path, entry):
        wanted = (entry["content"] or "").encode("utf-8")
        there = b""
        if os.path.exists(path):
            with open(path, "rb") as file:
                there = file.read()
            if there == wanted:
                return
        self._changed(path, there.decode("utf-8", "replace"), wanted.decode("utf-8"))
        if self.module.check_mode:  # what would validate it may not be installed yet
            return
        handle, new = tempfile.mkstemp(dir=self.module.tmpdir)
        with os.fdopen(handle, "wb") as file:
            file.write(wanted)
        self._validate(path, new, entry["validate"])
        # Owner and mode before its place: nobody reads it meanwhile.
        self._attributes(new, entry)
        self.module.atomic_move(new, path, keep_dest_attrs=False)

    def _validate(self, path, new, command):
        if command is None:
            return
        code, out, err = self.module.run_command(command.replace("%s", new))
        if code:
            self.module.fail_json(msg="failed to validate", path=path, stdout=out, stderr=err)

    def _attributes(self, path, entry):
        mode = entry["mode"] or ("0755" if entry["state"] == "directory" else "0644")
        wanted = {"path": path, "owner": entry["owner"], "group": entry["group"], "mode": mode}
        wanted |= {"secontext": [None, None, None], "attributes": None}
        if self.module.set_fs_attributes_if_different(wanted, False) and path == entry["path"]:
            self._changed(
                path, "another owner or mode\n", f"{entry['owner']}:{entry['group']} {mode}\n"
            )


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
