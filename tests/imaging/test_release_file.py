"""`/etc/gatehouse-release`, and what tells one image from another."""

from dataclasses import replace

from appliance.imaging.release_file import ImageRelease, profile_digest

ONE = ImageRelease("0.1.0", "0.1.0-abc", "e" * 64, "f" * 64, None, 1_795_570_506)


def test_it_says_version_profile_and_lock() -> None:
    told = dict(line.split("=", 1) for line in ONE.text().splitlines())
    assert told["GATEHOUSE_VERSION"] == "0.1.0"
    assert told["GATEHOUSE_PROFILE_SHA256"] == "none"
    assert told["GATEHOUSE_LOCK_SHA256"] == "f" * 64
    assert told["GATEHOUSE_IMAGE"] in ONE.name


def test_another_profile_lock_or_release_is_another_image() -> None:
    others = [
        replace(ONE, profile=profile_digest(b"format: 1\n")),
        replace(ONE, lock="e" * 64),
        replace(ONE, recipe="d" * 64),
        replace(ONE, release="0.1.0-abd"),
    ]
    assert len({each.name for each in [ONE, *others]}) == 5
