"""A role's own checks, asked of a real ssh server by pytest-testinfra."""

import shutil
from pathlib import Path

import pytest
from sites import DEMO
from waiting import free_port

from appliance.profile.loading import load_profile
from appliance.provisioning import places
from appliance.provisioning.places import SiteState
from appliance.provisioning.reach import Account, choose_boxes, reaching
from appliance.provisioning.verification import Check, exit_code, verify
from appliance.trouble import Trouble

from .boxes import SshBox, machine, site_file, ssh_box

pytestmark = pytest.mark.slow

CHECKS = '''
import pytest

def test_the_box_is_the_profiles(host, machine):
    """系统是 Debian 13。

    More words, which are not shown.
    """
    assert 'VERSION_ID="13"' in host.file("/etc/os-release").content_string
    assert machine.name == "gate"

def test_a_thing_that_is_not_there_is_found(host):
    assert host.file("/no/such/file").exists, "the file is gone"

@pytest.mark.skip(reason="no UPS")
def test_the_battery_lasts(host): ...
'''


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone with one role, `sample`."""
    roles = DEMO.parents[1] / "roles"
    for name in ("conftest.py", "pytest.ini"):
        (tmp_path / "tree" / "roles").mkdir(parents=True, exist_ok=True)
        shutil.copy(roles / name, tmp_path / "tree" / "roles" / name)
    verify_folder = tmp_path / "tree" / "roles" / "sample" / "verify"
    verify_folder.mkdir(parents=True)
    (verify_folder / "test_sample.py").write_text(CHECKS, "utf-8")
    (tmp_path / "tree" / "provision.yml").touch()
    monkeypatch.setattr(places, "_TREE", tmp_path / "tree")
    return verify_folder


def checks_of(tmp_path: Path, *roles: str) -> tuple[Check, ...]:
    with ssh_box(tmp_path / "box") as box:
        site = site_file(tmp_path / "site", machine(box))
        return checks_on(site, box, tmp_path, *roles)


def checks_on(site: Path, box: SshBox, folder: Path, *roles: str) -> tuple[Check, ...]:
    boxes = choose_boxes(load_profile(site), host=None, machine=None, limit=())
    with reaching(boxes, Account("root", box.key), SiteState(folder)) as reach:
        return verify(reach, site, folder / "log", roles)


def test_each_check_is_told_with_its_role_its_sentence_and_how_it_ended(
    tmp_path: Path, tree: Path
) -> None:
    checks = checks_of(tmp_path)
    assert [(c.machine, c.role, c.what, c.outcome) for c in checks] == [
        ("gate", "sample", "系统是 Debian 13。", "passed"),
        ("gate", "sample", "a thing that is not there is found", "failed"),
        ("gate", "sample", "the battery lasts", "skipped"),
    ]
    assert [check.ok for check in checks] == [True, False, True]
    assert "the file is gone" in checks[1].reason
    assert "no UPS" in checks[2].reason
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600


def test_a_role_that_is_not_there_is_a_trouble_that_names_those_that_are(
    tmp_path: Path, tree: Path
) -> None:
    with pytest.raises(Trouble, match=r"nonsense.*sample"):
        checks_of(tmp_path, "nonsense")


def test_checks_that_cannot_be_read_are_told_as_such_and_are_no_success(
    tmp_path: Path, tree: Path
) -> None:
    (tree / "test_other.py").write_text("this is no Python\n")
    checks = checks_of(tmp_path)
    assert checks[-1].outcome == "error"
    assert "gate" in checks[-1].machine
    assert exit_code(checks) == 2


def test_a_box_that_cannot_be_asked_costs_neither_the_others_answers_nor_the_log(
    tmp_path: Path, tree: Path
) -> None:
    gone = {"name": "south", "host": "127.0.0.1", "ssh_port": free_port(), "barriers": ["A02"]}
    with ssh_box(tmp_path / "box") as box:
        site = site_file(tmp_path / "site", machine(box, "gate", barriers=["A01"]), gone)
        checks = checks_on(site, box, tmp_path)
    assert [c.outcome for c in checks if c.machine == "gate"] == ["passed", "failed", "skipped"]
    assert not [c for c in checks if c.machine == "south" and c.ok and c.outcome == "passed"]
    assert "===== gate" in (tmp_path / "log").read_text()
