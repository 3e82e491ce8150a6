"""Day 2 on the provisioned box, with the release tool that a box has."""

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from appliance.caches import cache_folder

from .bed import Bed
from .installer import SITE, Installer
from .releases import successor
from .test_entry_page import KEEPER, SECRET, entered, password_on

TOOL = "/opt/gatehouse/bin/gatehouse-release"


def status(box: Bed) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(box.run([TOOL, "status", "--json"]).stdout)
    return told


@pytest.fixture(scope="module")
def bundle(appliance: Bed) -> Path:
    """What the box was provisioned from, as the installer's machine keeps it."""
    return cache_folder("bundles") / f"gatehouse-{status(appliance)['current']}.tar"


@pytest.fixture(scope="module")
def south(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second site, whose machine is the same box: it is there to be left alone."""
    site = tmp_path_factory.mktemp("site") / "south.yaml"
    site.write_text(SITE.read_text("utf-8"), "utf-8")
    return site


def test_an_upgrade_runs_on_the_box_and_a_rollback_brings_back_what_ran_before(
    appliance: Bed, installer: Installer, bundle: Path, tmp_path: Path
) -> None:
    before = status(appliance)["current"]
    newer = successor(bundle, tmp_path, "9.8")
    upgraded = installer.fleet("upgrade", "--bundle", str(newer.path))
    assert upgraded.returncode == 0, upgraded.stdout + upgraded.stderr
    told = status(appliance)
    assert (told["current"], told["confirmed"], told["active"]) == (newer.release, True, True)
    rolled = installer.fleet("rollback")
    assert rolled.returncode == 0, rolled.stdout + rolled.stderr
    told = status(appliance)
    assert (told["current"], told["confirmed"], told["active"]) == (before, True, True)


def test_a_broken_release_goes_back_by_itself_and_the_next_wave_is_not_begun(
    appliance: Bed, installer: Installer, bundle: Path, south: Path, tmp_path: Path
) -> None:
    before = status(appliance)["current"]
    broken = successor(bundle, tmp_path, "9.9", broken="uplink")
    asked = installer.fleet(
        "upgrade", "--json", "--bundle", str(broken.path), "--wave", "1", sites=(SITE, south)
    )
    assert asked.returncode == 1, asked.stderr
    answer = json.loads(asked.stdout)
    (machine,) = answer["machines"]
    assert "程序 uplink 反复退出" in machine["failed"]
    assert "现已正常运行" in machine["failed"]
    assert answer["untouched"] == ["south/gate-test"]
    told = status(appliance)
    assert (told["current"], told["confirmed"], told["active"]) == (before, True, True)


def test_a_rotated_password_lets_the_gatekeeper_in_and_the_old_one_no_longer_does(
    appliance: Bed, installer: Installer
) -> None:
    old = password_on(appliance)
    installer.lock_up({SECRET: "a-new-barley-word"})
    try:
        rotated = installer.fleet("rotate", SECRET, *installer.opened)
        assert rotated.returncode == 0, rotated.stdout + rotated.stderr
        assert "barley" not in rotated.stdout + rotated.stderr
        assert entered(appliance, KEEPER, "a-new-barley-word")[0] == 200
        assert entered(appliance, KEEPER, old)[0] == 403
        assert status(appliance)["confirmed"]
    finally:
        installer.lock_up({})
        back = installer.fleet("rotate", SECRET, *installer.opened)
        assert back.returncode == 0, back.stdout + back.stderr


def test_a_support_bundle_of_the_box_holds_its_logs_and_none_of_its_secrets(
    appliance: Bed, installer: Installer, tmp_path: Path
) -> None:
    collected = installer.fleet("support", "--out", str(tmp_path / "out"))
    assert collected.returncode == 0, collected.stdout + collected.stderr
    with tarfile.open(tmp_path / "out" / "site.gate-test.tar.gz") as tar:
        texts = {
            member.name.partition("/")[2]: file.read().decode()
            for member in tar
            if (file := tar.extractfile(member)) is not None
        }
    assert json.loads(texts["release.json"])["confirmed"]
    assert isinstance(json.loads(texts["journal.json"])["rows"]["passages"], int)
    assert "table inet gatehouse" in texts["firewall.txt"]
    assert "log/web.log" in texts
    secrets = appliance.run(["sh", "-c", "cat /etc/gatehouse/secrets/*"]).stdout.split()
    assert not [name for name, text in texts.items() if any(each in text for each in secrets)]
