"""The controller's half of `gatehouse.box.files`: templates are rendered, files are read here."""

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.template import trust_as_template

SOURCES = {"template", "file", "content", "link"}


class ActionModule(ActionBase):  # type: ignore[misc]
    """Makes a text of each source, then asks the box once."""

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ansible calls this once a task and host."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        known = task_vars or {}
        try:
            entries = [self._entry(dict(entry), known) for entry in self._task.args["files"]]
        except (AnsibleError, KeyError, UnicodeError) as trouble:
            raise AnsibleActionFail(f"gatehouse.box.files: {trouble}") from trouble
        done = self._execute_module(
            "gatehouse.box.files", module_args={"files": entries}, task_vars=known
        )
        done.pop("invocation", None)  # it holds every file in full
        return result | done

    def _entry(self, entry: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
        sources = SOURCES & entry.keys()
        if len(sources) + ("state" in entry) != 1:
            raise AnsibleActionFail(f"{entry.get('path')}: name one source, or a state")
        if name := entry.pop("template", None):
            entry["content"] = self._rendered(name, known)
        elif name := entry.pop("file", None):
            entry["content"] = Path(self._find_needle("files", name)).read_text("utf-8")
        elif "link" in entry:
            entry["state"] = "link"
        return entry

    def _rendered(self, name: str, known: dict[str, Any]) -> str:
        path = self._find_needle("templates", name)
        text = trust_as_template(self._loader.get_text_file_contents(path))
        templar = self._templar.copy_with_new_env(
            searchpath=[str(Path(path).parent)], available_variables=known
        )
        made = templar.template(text, escape_backslashes=False, overrides={"trim_blocks": True})
        return "" if made is None else str(made)
