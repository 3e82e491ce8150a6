"""Site profiles as Ansible's inventory, asked by Ansible itself."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sites import DEMO

from appliance.guideline.retention import Kind
from appliance.profile.loading import load_profile
from appliance.profile.secrets import named_secrets

REPOSITORY = DEMO.parents[1]
CEMENT = DEMO.with_name("yinchuan-cement.yaml")


def inventory(*words: str) -> "subprocess.CompletedProcess[str]":
    tool = str(Path(sys.executable).with_name("ansible-inventory"))
    return subprocess.run(
        [tool, *words], capture_output=True, text=True, check=False, cwd=REPOSITORY
    )


def host_variables(profile: Path, name: str) -> dict[str, Any]:
    answer = inventory("-i", str(profile), "--host", name)
    assert answer.returncode == 0, answer.stderr
    told: dict[str, Any] = json.loads(answer.stdout)
    return told


def test_a_site_is_a_group_and_its_machines_are_hosts() -> None:
    graph = inventory("-i", str(CEMENT), "--graph").stdout
    lines = [line.lstrip("| -@") for line in graph.splitlines()]
    site = lines.index("yinchuan_cement:")
    assert lines[site - 1] == "gatehouse:"
    assert lines[site + 1 : site + 3] == ["gate-north", "gate-south"]


def test_a_host_knows_the_whole_profile_its_machine_and_its_lanes() -> None:
    told = host_variables(CEMENT, "gate-south")
    assert told["gatehouse"] == load_profile(CEMENT).model_dump(mode="json")
    assert told["gatehouse_machine"]["name"] == "gate-south"
    assert told["gatehouse_lanes"] == [
        {"barrier": "B01", "entrance": "B", "camera": "b01-plate"},
        {"barrier": "B02", "entrance": "B", "camera": "b02-plate"},
    ]
    assert told["ansible_host"] == "172.16.20.12"
    assert told["gatehouse_profile_path"] == str(CEMENT)


@pytest.mark.slow
def test_a_host_knows_which_camera_may_reach_which_of_its_ports(tmp_path: Path) -> None:
    line = "    password: !secret camera-b02\n"
    site = CEMENT.read_text("utf-8")
    assert site.count(line) == 1
    push = "    reads: push\n    push: {port: 8092, token: !secret b02-push}\n"
    file = tmp_path / "cement.yaml"
    file.write_text(site.replace(line, line + push), "utf-8")
    assert host_variables(file, "gate-north")["gatehouse_push_ports"] == []
    (door,) = host_variables(file, "gate-south")["gatehouse_push_ports"]
    assert (door["camera"], door["port"]) == ("b02-plate", 8092)


def test_a_secret_stays_a_reference() -> None:
    cameras = host_variables(DEMO, "gate")["gatehouse"]["cameras"]
    assert cameras[0]["password"] == {"name": "camera-a01"}


@pytest.mark.slow
def test_a_machine_is_handed_the_secrets_of_its_own_programs() -> None:
    north, south = (host_variables(CEMENT, name) for name in ("gate-north", "gate-south"))
    own = {secret for told in (north, south) for secret in told["gatehouse_secret_names"]}
    assert own == set(named_secrets(load_profile(CEMENT)))
    cameras = {"camera-b01", "camera-b02"} & own
    assert cameras <= set(south["gatehouse_secret_names"])
    assert not cameras & set(north["gatehouse_secret_names"])


def test_the_terms_of_what_is_kept_are_the_profiles_one_table(tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    longer = "storage:\n  retention:\n    clips: {kept_days: 800, when_full: stop}\n"
    site.write_text(DEMO.read_text("utf-8").replace("storage:\n", longer, 1), "utf-8")
    told = host_variables(site, load_profile(site).machines[0].name)["gatehouse_retention"]
    assert set(told) == {kind.value for kind in Kind}
    assert (told["clips"]["kept_days"], told["clips"]["when_full"]) == (800, "stop")
    assert told["video"]["kept_days"] == told["video"]["legal_days"] == 365


def test_the_faults_of_a_profile_are_the_installers_report(tmp_path: Path) -> None:
    faulty = tmp_path / "site.yaml"
    faulty.write_text(DEMO.read_text("utf-8").replace("id: A02", "id: B02"), "utf-8")
    answer = inventory("-i", str(faulty), "--graph")
    assert answer.returncode == 2
    assert f"{faulty}:" in answer.stderr
    assert "entrances[0].barriers[1].id" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert "WARNING" not in answer.stderr


def test_a_template_in_a_profile_is_never_evaluated(tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    text = DEMO.read_text("utf-8").replace("position: ", 'position: "{{ 7 * 7 }}" #', 1)
    site.write_text(text, "utf-8")
    play = tmp_path / "play.yml"
    play.write_text(
        "- hosts: gatehouse\n  gather_facts: false\n  connection: local\n  tasks:\n"
        '    - ansible.builtin.debug: {msg: "{{ gatehouse.entrances[0].barriers[0].position }}"}\n'
    )
    tool = str(Path(sys.executable).with_name("ansible-playbook"))
    answer = subprocess.run(
        [tool, "-i", str(site), str(play)],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "{{ 7 * 7 }}" in answer.stdout


def test_two_sites_with_a_machine_of_one_name_are_not_mixed(tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(DEMO.read_text("utf-8"), "utf-8")
    answer = inventory("-i", str(DEMO), "-i", str(other), "--graph")
    assert answer.returncode == 2
    assert "另一个站点" in answer.stderr


def test_an_inventory_that_is_no_profile_is_left_to_ansible(tmp_path: Path) -> None:
    plain = tmp_path / "bench.yaml"
    plain.write_text("all: {hosts: {bench: {ansible_host: 10.0.0.5}}}\n")
    assert "bench" in inventory("-i", str(plain), "--graph").stdout
