"""`gatehouse.box.files`: by Ansible itself, on this machine's own file system."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.slow

TREE = Path(__file__).parents[2]


class Desk:
    """A playbook with its templates and files, and a folder that it brings to a state."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.box = folder / "box"
        for name in ("box", "templates", "files"):
            (folder / name).mkdir()

    def run(self, entries: list[dict[str, Any]], *words: str) -> dict[str, Any]:
        """What the task came to: `changed`, `paths`, or `failed` with `msg`."""
        account = {"owner": str(os.getuid()), "group": str(os.getgid())}
        files = [account | entry | {"path": str(self.box / entry["path"])} for entry in entries]
        task = {"name": "It", "gatehouse.box.files": {"files": files}, "register": "told"}
        play = {"name": "It", "hosts": "localhost", "gather_facts": False, "connection": "local"}
        dump = {"content": "{{ told | to_json }}", "dest": f"{self.folder}/told", "mode": "0600"}
        keep = {"name": "Keep", "ansible.builtin.copy": dump, "check_mode": False}
        play |= {"tasks": [task | {"ignore_errors": True}, keep]}
        (self.folder / "play.yml").write_text(yaml.safe_dump([play]))
        ansible = str(Path(sys.executable).with_name("ansible-playbook"))
        done = subprocess.run(
            [ansible, "-i", "localhost,", str(self.folder / "play.yml"), *words],
            env=os.environ
            | {
                "ANSIBLE_CONFIG": str(TREE / "ansible.cfg"),
                "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        told: dict[str, Any] = json.loads((self.folder / "told").read_text())
        return told


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_what_is_told_is_made_once_and_what_differs_is_named_and_mended(desk: Desk) -> None:
    (desk.folder / "templates" / "t.j2").write_text("{% if true %}\nsum {{ 1 + 1 }}\n{% endif %}\n")
    (desk.folder / "files" / "program").write_text("#!/bin/sh\n")
    (desk.box / "old").write_text("of no use")
    entries = [
        {"path": "folder", "state": "directory", "mode": "0750"},
        {"path": "folder/rendered", "template": "t.j2"},
        {"path": "program", "file": "program", "mode": "0755"},
        {"path": "secret", "content": "词\n", "mode": "0600"},
        {"path": "link", "link": "program"},
        {"path": "old", "state": "absent"},
    ]
    foreseen = desk.run(entries, "--check")
    assert sorted(path.name for path in desk.box.iterdir()) == ["old"]
    made = desk.run(entries)
    assert made["paths"] == foreseen["paths"] == [str(desk.box / e["path"]) for e in entries]
    assert (desk.box / "folder" / "rendered").read_text() == "sum 2\n"
    modes = {name: (desk.box / name).stat().st_mode & 0o777 for name in ("program", "secret")}
    assert modes == {"program": 0o755, "secret": 0o600}
    assert (desk.box / "link").readlink() == Path("program")
    assert not (desk.box / "old").exists()
    assert desk.run(entries)["changed"] is False
    (desk.box / "secret").write_text("other\n")
    (desk.box / "program").chmod(0o700)
    differing = [str(desk.box / "program"), str(desk.box / "secret")]
    assert desk.run(entries, "--check")["paths"] == differing
    assert (desk.box / "secret").read_text() == "other\n"
    assert desk.run(entries)["paths"] == differing
    assert desk.run(entries)["changed"] is False


def test_a_text_that_its_own_program_refuses_leaves_what_was_there(desk: Desk) -> None:
    (desk.box / "settings").write_text("good\n")
    entry = {"path": "settings", "content": "bad\n", "validate": "grep -q good %s"}
    refused = desk.run([entry])
    assert refused["failed"]
    assert "failed to validate" in refused["msg"]
    assert (desk.box / "settings").read_text() == "good\n"


def test_what_is_only_wanted_where_nothing_is_stays_as_somebody_made_it(desk: Desk) -> None:
    entry = {"path": "password", "content": "made once", "force": False, "mode": "0600"}
    assert desk.run([entry])["changed"]
    (desk.box / "password").write_text("another")
    assert desk.run([entry])["changed"] is False
    assert (desk.box / "password").read_text() == "another"


def test_an_entry_without_a_source_or_with_two_is_a_mistake_that_is_told(desk: Desk) -> None:
    twice = desk.run([{"path": "x", "content": "a", "link": "b"}])
    assert twice["failed"]
    assert "one source" in twice["msg"]
    assert desk.run([{"path": "x"}])["failed"]
