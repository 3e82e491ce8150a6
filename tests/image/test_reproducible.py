"""Two builds from one lock are the same bytes."""

import json
import subprocess

from appliance.bundle.wheels import digest_of
from appliance.imaging.build import recipe_lock

from .conftest import Built


def test_two_builds_in_different_folders_are_the_same_to_the_byte(
    builds: tuple[Built, Built],
) -> None:
    first, second = ({path.name: digest_of(path) for path in each.image.files} for each in builds)
    assert len(first) == 6
    assert first == second


def test_the_image_says_what_it_is_made_of_and_its_bill_names_every_package(
    builds: tuple[Built, Built],
) -> None:
    image = builds[0]
    told = subprocess.run(
        ["tar", "--zstd", "-xOf", image.file(".root.tar.zst"), "./etc/gatehouse-release"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert f"GATEHOUSE_LOCK_SHA256={recipe_lock().digest}\n" in told
    bill = json.loads(image.file(".cdx.json").read_text("utf-8"))
    named = {(part["name"], part["version"]) for part in bill["components"]}
    assert {(each.name, each.version) for each in recipe_lock().packages} <= named


def test_no_key_no_secret_and_no_identity_is_in_the_image(builds: tuple[Built, Built]) -> None:
    listed = subprocess.run(
        ["tar", "--zstd", "-tvf", builds[0].file(".root.tar.zst")],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    names = {line.split(None, 5)[5].split(" -> ")[0]: line for line in listed}
    assert "ssh_host_" not in "".join(names)
    assert not [
        name for name in names if name.startswith("./etc/gatehouse/secrets/") and name[-1] != "/"
    ]
    assert not {"./etc/nut/upsd.users", "./etc/gatehouse/profile.yaml"} & names.keys()
    assert names["./etc/machine-id"].split()[2] == "0", "empty, to be filled in by each box"
