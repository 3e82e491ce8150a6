"""The recipe names what the roles install, and its lock has it."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from appliance.imaging.build import recipe_lock, recipe_packages
from appliance.profile.loading import check_profile
from appliance.provisioning.places import source_tree

ROLES = source_tree() / "roles"
INSTALLS = re.compile(r"'([a-z0-9][a-z0-9.+-]+)'")


def installed_by_roles() -> set[tuple[str, str]]:
    """Every package that a role may have installed, with the role: what its variables name."""
    found: set[tuple[str, str]] = set()
    for role in ROLES.iterdir():
        for file in (*role.glob("defaults/main.yml"), *role.glob("vars/main.yml")):
            variables = yaml.safe_load(file.read_text("utf-8")) or {}
            for key, value in variables.items():
                if key.endswith("_packages") and key != "base_offline_packages":
                    found |= {(role.name, name) for name in _names(value)}
    return found


def _names(value: Any) -> set[str]:
    match value:
        case str() if "{{" in value:
            return set(INSTALLS.findall(re.sub(r"[=!]= '[^']*'", "", value)))
        case str():
            return {value}
        case dict():
            return {name for part in value.values() for name in _names(part)}
        case list():
            return {name for part in value for name in _names(part)}
        case _:
            return set()


def test_every_package_of_a_role_is_locked() -> None:
    locked = {package.name for package in recipe_lock().packages}
    asked = installed_by_roles()
    assert {role for role, _ in asked} >= {"base", "ups", "intrusion", "antivirus", "runtime"}
    assert not {pair for pair in asked if pair[1] not in locked}


def test_every_package_that_the_recipe_names_is_locked() -> None:
    locked = {package.name for package in recipe_lock().packages}
    assert set(recipe_packages()) - locked == {"linux-image-amd64"}, "only names the kernel"
    assert [name for name in locked if name.startswith("linux-image-")]


@pytest.mark.parametrize("file", sorted((source_tree() / "images").glob("*.yaml")), ids=str)
def test_the_profile_of_an_image_without_one_passes_check(file: Path) -> None:
    assert not check_profile(file)[1]
