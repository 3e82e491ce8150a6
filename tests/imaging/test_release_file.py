"""`/etc/gatehouse-release`, and what tells one image from another."""

from dataclasses import replace
from pathlib import Path

from ansible.module_utils.distro import LinuxDistribution

from appliance.imaging.release_file import ImageRelease, profile_digest

ONE = ImageRelease("0.1.0", "0.1.0-abc", "e" * 64, "f" * 64, None, 1_795_570_506)


def test_it_says_version_profile_and_lock() -> None:
    told = dict(line.split("=", 1) for line in ONE.text().splitlines() if line[0] != "#")
    assert told["GATEHOUSE_VERSION"] == "0.1.0"
    assert told["GATEHOUSE_PROFILE_SHA256"] == "none"
    assert told["GATEHOUSE_LOCK_SHA256"] == "f" * 64
    assert told["GATEHOUSE_IMAGE"] in ONE.name


def test_ansible_still_takes_the_box_for_the_debian_that_it_is(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    os_release = "PRETTY_NAME=Debian\nID=debian\nVERSION_ID=13\nVERSION_CODENAME=trixie\n"
    (tmp_path / "etc" / "os-release").write_text(os_release)
    (tmp_path / "etc" / "gatehouse-release").write_text(ONE.text())
    found = LinuxDistribution(include_lsb=False, root_dir=str(tmp_path))
    assert (found.id(), found.version(best=True), found.codename()) == ("debian", "13", "trixie")


def test_another_profile_lock_or_release_is_another_image() -> None:
    others = [
        replace(ONE, profile=profile_digest(b"format: 1\n")),
        replace(ONE, lock="e" * 64),
        replace(ONE, recipe="d" * 64),
        replace(ONE, release="0.1.0-abd"),
    ]
    assert len({each.name for each in [ONE, *others]}) == 5
