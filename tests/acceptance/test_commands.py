"""The verbs of the acceptance: a sentence and exit code 2 for what cannot be."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sites import DEMO

from acceptance_kit.register import clauses

pytestmark = pytest.mark.slow


def gatehouse(
    *words: str, folder: Path, how: tuple[str, ...] = ("-m", "appliance")
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *how, *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=DEMO.parents[1],
        stdin=subprocess.DEVNULL,
        env=os.environ | {"XDG_CONFIG_HOME": str(folder), "XDG_STATE_HOME": str(folder)},
    )


def test_the_register_is_printed_for_machines(tmp_path: Path) -> None:
    answer = gatehouse("clauses", "--json", folder=tmp_path)
    assert answer.returncode == 0
    rows = json.loads(answer.stdout)
    assert [row["id"] for row in rows] == [clause.id for clause in clauses()]
    assert {row["verdict"] for row in rows} == {None}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("accept", "--out", "OUT"), "二者取一"),
        (("accept", str(DEMO), "--demo", "--out", "OUT"), "二者取一"),
        (("accept", str(DEMO), "--out", "OUT"), "--host"),
        (("accept", "absent.yaml", "--host", "local", "--out", "OUT"), "absent.yaml"),
        (("accept", str(DEMO), "--host", "local", "--only", "clok.*", "--out", "OUT"), "clok.*"),
        (("accept", str(DEMO), "--host", "local", "--machine", "x", "--out", "OUT"), "gate"),
        (("accept", "verify", "OUT"), "manifest.json"),
        (("clauses", "OUT"), "不是验收目录"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value)[:40],
)
def test_what_cannot_be_is_told_in_a_sentence(
    tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    placed = [word.replace("OUT", str(tmp_path / "out")) for word in words]
    answer = gatehouse(*placed, folder=tmp_path)
    assert answer.returncode == 2, answer.stderr
    assert told in answer.stdout + answer.stderr
    assert "Traceback" not in answer.stderr


WITHOUT = """\
import sys
sys.modules[sys.argv.pop(1)] = None
from appliance.cli import main
main()
"""


def gatehouse_without(missing: str, *words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """As where a package was never installed: it cannot be imported."""
    return gatehouse(missing, *words, folder=folder, how=("-c", WITHOUT))


def test_who_only_accepts_a_site_needs_no_ansible(tmp_path: Path) -> None:
    words = ("accept", str(DEMO), "--host", "192.0.2.1", "--machine", "x", "--out")
    answer = gatehouse_without("ansible", *words, str(tmp_path / "out"), folder=tmp_path)
    assert answer.returncode == 2, answer.stderr
    assert "gate" in answer.stderr, "it comes as far as choosing the machine"
    assert "Traceback" not in answer.stderr
    assert "Ansible" not in answer.stderr


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("testinfra", ("accept", str(DEMO), "--host", "local", "--out", "OUT")),
        ("cryptography", ("accept", "verify", "OUT")),
        ("pytest", ("clauses",)),
        ("ansible", ("provision", str(DEMO))),
        ("ansible", ("drift", str(DEMO))),
        ("ansible", ("secrets", "list", str(DEMO), "--secrets", "VAULT")),
        ("ansible", ("secrets", "edit", str(DEMO), "--secrets", "OUT")),
        ("ansible", ("fleet", "rotate", str(DEMO), "camera", "--secrets", "VAULT")),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value[:2]),
)
def test_a_tool_that_is_not_installed_is_told_with_the_safe_way_to_it(
    tmp_path: Path, missing: str, words: tuple[str, ...]
) -> None:
    (tmp_path / "vault").write_text("$ANSIBLE_VAULT;1.1;AES256\n")
    places = {"OUT": str(tmp_path / "out"), "VAULT": str(tmp_path / "vault")}
    answer = gatehouse_without(missing, *[places.get(w, w) for w in words], folder=tmp_path)
    assert answer.returncode == 2, answer.stderr
    assert len(answer.stderr.splitlines()) == 1, answer.stderr
    assert "make setup" in answer.stderr
    assert "pip" not in answer.stderr, "gatehouse on a public registry is a stranger's"


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/thesis.txt").write_text("mine")
    words = ("accept", str(DEMO), "--host", "local", "--out", str(tmp_path / "out"))
    answer = gatehouse(*words, folder=tmp_path)
    assert answer.returncode == 2
    assert "thesis.txt" in answer.stderr
    assert [entry.name for entry in (tmp_path / "out").iterdir()] == ["thesis.txt"]
