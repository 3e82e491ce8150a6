"""Many boxes in waves: real ssh servers, real pyinfra; each box has a small release tool.

The tool of a box stands for `gatehouse-release`: it keeps which release runs in a file, and a
bundle whose text says `broken` does not do well there.
"""

import json
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from .boxes import SshBox, command, machine, make_key, site_file, ssh_box

pytestmark = pytest.mark.slow

TOOL = """\
#!/usr/bin/python3
import json, pathlib, sys
folder = pathlib.Path("{folder}")
file = folder / "release.json"
told = json.loads(file.read_text())
with (folder / "calls").open("a") as calls:
    calls.write(sys.argv[1] + chr(10))
if sys.argv[1] == "install":
    told["previous"], told["current"] = told["current"], open(sys.argv[-1]).read().strip()
    told["active"] = "broken" not in told["current"]
if sys.argv[1] == "status":
    (folder / "left").write_text(" ".join(path.name for path in pathlib.Path("/var/tmp").iterdir()))
if sys.argv[1] == "rollback":
    told["current"], told["active"] = told["previous"], True
file.write_text(json.dumps(told))
print(json.dumps(told))
"""
MORE = """
mount -t tmpfs tmpfs /opt
mount -t tmpfs tmpfs /var/tmp
mkdir -p /opt/gatehouse/bin /opt/gatehouse/current /etc/gatehouse/secrets
install -m 755 {folder}/tool /opt/gatehouse/bin/gatehouse-release
printf '#!/bin/sh\\necho "$@" >>{folder}/systemctl\\n' >/run/systemctl
chmod 755 /run/systemctl
mount --bind /run/systemctl /usr/bin/systemctl
mount --bind {folder}/secrets /etc/gatehouse/secrets
echo 'allow: [宁A58D21]' >/etc/gatehouse/profile.yaml
"""
WELL = {"current": "1", "previous": "0", "active": True, "confirmed": True}


class Fleet:
    """Boxes of one site, and the command on them."""

    def __init__(self, folder: Path, site: Path, boxes: dict[str, SshBox], key: Path) -> None:
        self.folder, self.site, self.boxes, self.key = folder, site, boxes, key

    def __call__(self, verb: str, *words: str) -> "subprocess.CompletedProcess[str]":
        return command(["fleet", verb, str(self.site), *words], self.folder, self.key)

    def release(self, name: str) -> str:
        told = json.loads((self.boxes[name].folder / "release.json").read_text())
        return str(told["current"])

    def calls(self, name: str) -> list[str]:
        file = self.boxes[name].folder / "calls"
        return file.read_text().split() if file.exists() else []


@pytest.fixture
def fleet_of(tmp_path: Path) -> Iterator[Callable[..., Fleet]]:
    """Makes a fleet of two boxes; a box's release status may be given by its name."""
    key = make_key(tmp_path / "key")
    with ExitStack() as held:

        def make(**states: dict[str, object]) -> Fleet:
            boxes = {}
            for name in ("north", "south"):
                folder = tmp_path / name
                (folder / "secrets").mkdir(mode=0o700, parents=True)
                (folder / "release.json").write_text(json.dumps(states.get(name, WELL)))
                (folder / "tool").write_text(TOOL.format(folder=folder))
                more = MORE.format(folder=folder)
                boxes[name] = held.enter_context(ssh_box(folder, more=more, key=key))
            site = site_file(
                tmp_path / "site",
                machine(boxes["north"], "north", barriers=["A01"]),
                machine(boxes["south"], "south", barriers=["A02"]),
            )
            return Fleet(site.parent, site, boxes, key)

        yield make


def bundle(folder: Path, release: str) -> str:
    file = folder / f"gatehouse-{release}.tar"
    file.write_text(release)
    return str(file)


def test_status_tells_the_release_of_every_box(fleet_of: Callable[..., Fleet]) -> None:
    fleet = fleet_of(south=WELL | {"active": False})
    answer = fleet("status", "--json")
    told = json.loads(answer.stdout)
    assert answer.returncode == 1
    assert [(m["machine"], m["ok"], m["release"]) for m in told["machines"]] == [
        ("north", True, "1"),
        ("south", False, "1"),
    ]
    assert "没有在运行" in told["machines"][1]["failed"]


def test_an_upgrade_goes_through_all_boxes_and_leaves_no_bundle(
    fleet_of: Callable[..., Fleet], tmp_path: Path
) -> None:
    fleet = fleet_of()
    answer = fleet("upgrade", "--bundle", bundle(tmp_path, "2"))
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert (fleet.release("north"), fleet.release("south")) == ("2", "2")
    assert all((box.folder / "left").read_text() == "" for box in fleet.boxes.values())


def test_an_upgrade_stops_at_the_first_box_that_is_not_well(
    fleet_of: Callable[..., Fleet], tmp_path: Path
) -> None:
    fleet = fleet_of()
    answer = fleet("upgrade", "--bundle", bundle(tmp_path, "broken-2"))
    assert answer.returncode == 1
    assert "没有处理：site south" in answer.stdout
    assert fleet.release("south") == "1"
    assert fleet.calls("south") == []


def test_with_a_wave_of_two_both_are_upgraded_at_once(
    fleet_of: Callable[..., Fleet], tmp_path: Path
) -> None:
    fleet = fleet_of()
    answer = fleet("upgrade", "--wave", "2", "--bundle", bundle(tmp_path, "broken-2"))
    assert answer.returncode == 1
    assert (fleet.release("north"), fleet.release("south")) == ("broken-2", "broken-2")


def test_a_rollback_brings_the_release_before(
    fleet_of: Callable[..., Fleet], tmp_path: Path
) -> None:
    fleet = fleet_of()
    answer = fleet("rollback", "--limit", "south")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert (fleet.release("north"), fleet.release("south")) == ("1", "0")


def test_a_rotated_secret_is_roots_alone_and_the_programs_start_again(
    fleet_of: Callable[..., Fleet],
) -> None:
    fleet = fleet_of()
    vault = ("--secrets", f"{fleet.folder}/vault.yml")
    opened = ("--vault-password-file", f"{fleet.folder}/vault-password")
    for box in fleet.boxes.values():
        (box.folder / "secrets" / "camera-a01").write_text("the old one\n")
    answer = fleet("rotate", "camera-a01", *vault, *opened)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    for box in fleet.boxes.values():
        secret = box.folder / "secrets" / "camera-a01"
        assert secret.read_text() == "secret of camera-a01\n"
        assert secret.stat().st_mode & 0o777 == 0o600
        assert [path.name for path in secret.parent.iterdir()] == ["camera-a01"]
        assert "switch" in (box.folder / "calls").read_text().split()
    assert "secret of" not in answer.stdout + answer.stderr


def test_a_support_bundle_has_no_secret_and_no_plate(
    fleet_of: Callable[..., Fleet], tmp_path: Path
) -> None:
    fleet = fleet_of(north=WELL | {"current": "1 with geheim-42 and 宁A58D21"})
    for box in fleet.boxes.values():
        (box.folder / "secrets" / "camera-a01").write_text("geheim-42\n")
    answer = fleet("support", "--out", str(tmp_path / "out"))
    assert answer.returncode == 0, answer.stdout + answer.stderr
    for name in fleet.boxes:
        with tarfile.open(tmp_path / "out" / f"site.{name}.tar.gz") as tar:
            texts = {
                member.name: file.read().decode()
                for member in tar
                if (file := tar.extractfile(member)) is not None
            }
        assert not any("geheim-42" in text or "A58D21" in text for text in texts.values())
        assert texts["gatehouse-support/profile.yaml"] == "allow: [•车牌•]\n"
        assert "•••" in texts["gatehouse-support/release.json"] or name == "south"
        assert not any("secrets" in name or name.endswith(".jpg") for name in texts)
        assert "13 (trixie)" in texts["gatehouse-support/os-release"]


def test_a_fleet_with_a_box_that_does_not_answer_is_not_begun(
    fleet_of: Callable[..., Fleet], tmp_path: Path
) -> None:
    fleet = fleet_of()
    text = fleet.site.read_text("utf-8")
    port = str(fleet.boxes["south"].port)
    fleet.site.write_text(text.replace(f"ssh_port: {port}", "ssh_port: 1"), "utf-8")
    answer = fleet("upgrade", "--bundle", bundle(tmp_path, "2"))
    assert answer.returncode == 2
    assert "south" in answer.stderr
    assert fleet.release("north") == "1"


def test_a_limit_that_fits_no_box_is_refused_before_any_is_asked(tmp_path: Path) -> None:
    site = site_file(tmp_path, {"name": "gate", "host": "127.0.0.1", "ssh_port": 1})
    answer = command(["fleet", "status", str(site), "--limit", "g*", "--limit", "typo"], tmp_path)
    assert answer.returncode == 2
    assert "“typo”没有对应的工控机" in answer.stderr
