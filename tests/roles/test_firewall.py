"""The ruleset that the role firewall makes of a site profile, written by Ansible itself."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from isolation import why_not_isolated

REPOSITORY = Path(__file__).parents[2]
ROLE = REPOSITORY / "roles" / "firewall"
CEMENT = REPOSITORY / "site_profiles" / "yinchuan-cement.yaml"
NFT = shutil.which("nft", path="/usr/sbin:/usr/bin")

pytestmark = pytest.mark.slow


def ruleset(folder: Path, machine: str, *changes: tuple[str, str]) -> Path:
    """The rules of a machine of the cement works, its profile changed so."""
    site = CEMENT.read_text("utf-8")
    for line, more in changes:
        assert site.count(line) == 1, line
        site = site.replace(line, line + more)
    (folder / "cement.yaml").write_text(site, "utf-8")
    rules = folder / f"{machine}.nft"
    (folder / "play.yml").write_text(
        f"- hosts: {machine}\n"
        "  connection: local\n"
        "  gather_facts: false\n"
        f"  vars_files: [{ROLE}/defaults/main.yml]\n"
        "  tasks:\n"
        "    - ansible.builtin.template:\n"
        f"        {{src: {ROLE}/templates/gatehouse.nft.j2, dest: {rules}, mode: '0644'}}\n"
    )
    play = str(Path(sys.executable).with_name("ansible-playbook"))
    told = subprocess.run(
        [play, "-i", str(folder / "cement.yaml"), str(folder / "play.yml")],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    return rules


def pushed(secret: str, port: int, address: str = "0.0.0.0") -> tuple[str, str]:  # noqa: S104
    """The camera with that password hands in its plates at this port of the box."""
    push = f"{{port: {port}, address: {address}, token: !secret token}}"
    return f"    password: !secret {secret}\n", f"    reads: push\n    push: {push}\n"


def let_in(rules: Path) -> list[str]:
    return [line.strip() for line in rules.read_text().splitlines() if "goto to-plates" in line]


def test_each_plate_camera_is_let_in_from_its_own_address_at_its_own_port(tmp_path: Path) -> None:
    rules = ruleset(tmp_path, "gate-south", pushed("camera-b01", 8091), pushed("camera-b02", 8092))
    assert let_in(rules) == [
        'iifname "enp2s0" ip saddr 10.41.8.33 tcp dport 8091 ct state new goto to-plates'
        ' comment "b01-plate"',
        'iifname "enp2s0" ip saddr 10.41.8.34 tcp dport 8092 ct state new goto to-plates'
        ' comment "b02-plate"',
    ]


def test_no_camera_is_let_in_that_hands_in_nothing_or_to_another_machine(tmp_path: Path) -> None:
    assert let_in(ruleset(tmp_path, "gate-north", pushed("camera-b01", 8091))) == []


def test_an_adapter_on_the_box_itself_needs_no_open_port(tmp_path: Path) -> None:
    rules = ruleset(tmp_path, "gate-south", pushed("camera-b01", 8091, "127.0.0.1"))
    assert let_in(rules) == []


@pytest.mark.skipif(NFT is None, reason="no nft here (package nftables)")
@pytest.mark.skipif(bool(why_not_isolated()), reason="nft wants a network of its own")
def test_nft_finds_no_fault_in_the_rules(tmp_path: Path) -> None:
    rules = ruleset(tmp_path, "gate-south", pushed("camera-b01", 8091))
    told = subprocess.run(
        ["unshare", "--net", str(NFT), "-c", "-f", str(rules)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (told.returncode, told.stderr) == (0, "")
