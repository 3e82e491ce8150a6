"""How a box applies its roles to itself: who runs the modules."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.firstboot.applying import module_server
from appliance.provisioning.places import source_tree

MODULE = """\
#!/usr/bin/python
import os, sys
import ansible.module_utils.basic
from ansible.module_utils.basic import AnsibleModule

module = AnsibleModule({"word": {"type": "str"}})
if module.params["word"] == "die":
    sys.exit("died")
module.exit_json(
    word=module.params["word"],
    libraries=ansible.module_utils.basic.__file__,
    parent=os.getppid(),
    ran=module.run_command(["sh", "-c", "exit 3"])[0],
)
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    path = tmp_path / "modules"
    process = module_server(path, dict(os.environ), sys.executable)
    yield process
    process.terminate()
    process.wait()


def tell(tmp_path: Path, words: str) -> dict[str, object]:
    """What the module answers, run by way of `gatehouse.box.here` as the first start does."""
    modules = tmp_path / "ansible_collections" / "some" / "box" / "plugins" / "modules"
    modules.mkdir(parents=True, exist_ok=True)
    (modules / "tell.py").write_text(MODULE)
    told = {
        "ansible_connection": "gatehouse.box.here",
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    program = Path(sys.executable).with_name("ansible")
    said = subprocess.run(
        [program, "-i", "one,", "one", "-m", "some.box.tell", "-a", words, "-e", json.dumps(told)],
        env=os.environ
        | {
            "ANSIBLE_COLLECTIONS_PATH": f"{tmp_path}:{source_tree() / 'collections'}",
            "ANSIBLE_HOME": str(tmp_path),
            "ANSIBLE_PIPELINING": "True",
            "GATEHOUSE_MODULES": str(tmp_path / "modules"),
            "LC_ALL": "C.UTF-8",
        },
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    answer: dict[str, object] = json.loads(said.partition("=> ")[2])
    return answer


@pytest.mark.slow
def test_a_module_runs_in_a_copy_of_the_waiting_process_with_the_libraries_of_this_machine(
    tmp_path: Path, server: "subprocess.Popen[bytes]"
) -> None:
    answer = tell(tmp_path, "word=门禁")
    assert answer["word"] == "门禁"
    assert answer["parent"] == server.pid
    assert str(answer["libraries"]).startswith(sys.prefix), "not what was sent along"
    assert answer["ran"] == 3, "a module's own commands end as they do elsewhere"


@pytest.mark.slow
def test_a_module_that_dies_is_a_failure_with_its_last_words_and_the_next_one_runs(
    tmp_path: Path, server: "subprocess.Popen[bytes]"
) -> None:
    died = tell(tmp_path, "word=die")
    assert (died["rc"], died["module_stderr"]) == (1, "died\n")
    assert tell(tmp_path, "word=on")["word"] == "on"
