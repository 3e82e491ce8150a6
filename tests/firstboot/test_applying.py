"""How a box applies its roles to itself."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.firstboot.applying import INTERPRETER

MODULE = """\
#!/usr/bin/python
import ansible.module_utils.basic
from ansible.module_utils.basic import AnsibleModule

module = AnsibleModule({"word": {"type": "str"}})
module.exit_json(word=module.params["word"], libraries=ansible.module_utils.basic.__file__)
"""


@pytest.mark.slow
def test_a_module_runs_with_this_machines_libraries_not_with_those_sent_along(
    tmp_path: Path,
) -> None:
    # As those of the roles: in a collection, or Ansible's own.
    modules = tmp_path / "ansible_collections" / "some" / "box" / "plugins" / "modules"
    modules.mkdir(parents=True)
    (modules / "tell.py").write_text(MODULE)
    python = tmp_path / "python"
    python.write_text(INTERPRETER.replace("/usr/bin/python3", sys.executable))
    python.chmod(0o700)
    told = {"ansible_connection": "local", "ansible_python_interpreter": str(python)}
    program = Path(sys.executable).with_name("ansible")
    words = [program, "-i", "here,", "here", "-m", "some.box.tell", "-a", "word=门禁", "--one-line"]
    said = subprocess.run(
        [*words, "-e", json.dumps(told)],
        env=os.environ
        | {
            "ANSIBLE_COLLECTIONS_PATH": str(tmp_path),
            "ANSIBLE_HOME": str(tmp_path),
            "ANSIBLE_PIPELINING": "True",
            "LC_ALL": "C.UTF-8",
        },
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    answer = json.loads(said.partition("=> ")[2])
    assert answer["word"] == "门禁"
    assert answer["libraries"].startswith(sys.prefix), "compiled, from where Ansible is installed"
