"""Which profile a box takes: one that passes check, with its machine and its passwords."""

from pathlib import Path

import pytest

from appliance.firstboot.judging import Fit, judge
from appliance.firstboot.sources import Given
from appliance.provisioning.places import source_tree

PLAIN = (source_tree() / "images" / "unconfigured.yaml").read_text("utf-8")
SECRETS = {"none": "password"}


def judged(tmp_path: Path, text: str, machine: str | None = None, **secrets: str) -> object:
    given = Given("U 盘", text.encode(), secrets, machine)
    return judge(given, tmp_path / "copy.yaml", tmp_path / "kept")


def test_a_sound_profile_with_its_passwords_is_taken(tmp_path: Path) -> None:
    fit = judged(tmp_path, PLAIN, **SECRETS)
    assert isinstance(fit, Fit)
    assert fit.machine == "gate"


def test_faults_are_told_with_line_and_key_as_check_tells_them(tmp_path: Path) -> None:
    told = judged(tmp_path, PLAIN.replace("rated_watts: 6000", "rated_watts: 60"), **SECRETS)
    assert isinstance(told, tuple)
    number = PLAIN.splitlines().index("  rated_watts: 6000") + 1
    assert told[0] == f"profile.yaml:{number}  ups.rated_watts"


@pytest.mark.parametrize("text", ["", "\0\1\2", "- 1", "格式"])
def test_what_is_no_profile_at_all_is_told_and_nothing_breaks(tmp_path: Path, text: str) -> None:
    assert isinstance(judged(tmp_path, text), tuple)


def test_of_several_machines_one_must_be_named(tmp_path: Path) -> None:
    two = PLAIN.replace("  - name: gate\n", "  - name: n\n    barriers: [A01]\n  - name: s\n")
    two = two.replace("  - name: s\n", "  - name: s\n    barriers: [A02]\n")
    second = PLAIN.split("    barriers:\n")[1].split("\ncameras:")[0].replace("A01", "A02")
    second = second.replace("coil: 0", "coil: 1").replace("input: 0", "input: 1")
    two = two.replace("\ncameras:", f"{second.replace('a01-plate', 'a02-plate')}\ncameras:", 1)
    camera = PLAIN.split("cameras:\n")[1].split("\nadmission:")[0].replace("a01-plate", "a02-plate")
    two = two.replace("\nadmission:", f"{camera}\nadmission:", 1)
    told = judged(tmp_path, two, **SECRETS)
    assert isinstance(told, tuple)
    assert "machine.txt" in told[0], told
    fit = judged(tmp_path, two, "s", **SECRETS)
    assert isinstance(fit, Fit)
    assert fit.machine == "s"
    told = judged(tmp_path, two, "x", **SECRETS)
    assert isinstance(told, tuple)
    assert "“x”不是站点的工控机" in told[0]


def test_a_missing_password_is_named_and_one_that_the_box_has_is_not(tmp_path: Path) -> None:
    assert judged(tmp_path, PLAIN)[0] == "没有密钥 none。"  # type: ignore[index]
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "none").write_text("password")
    assert isinstance(judged(tmp_path, PLAIN), Fit)
