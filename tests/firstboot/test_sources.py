"""Where a profile may lie, and what is said of a place that has none."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.firstboot import sources
from appliance.firstboot.sources import Unusable, config_partition, read_folder


def test_profile_secrets_and_machine_are_read_whatever_the_case_of_their_names(
    tmp_path: Path,
) -> None:
    (tmp_path / "PROFILE.YAML").write_bytes(b"format: 1\n")
    (tmp_path / "secrets.yaml").write_text('camera-a01: "geheim"\n')
    (tmp_path / "MACHINE.TXT").write_text("gate-north\r\n", "utf-8-sig")
    given = read_folder(tmp_path, "配置分区")
    assert (given.profile, given.machine) == (b"format: 1\n", "gate-north")
    assert given.secrets == {"camera-a01": "geheim"}
    assert "geheim" not in repr(given)


def test_an_empty_place_and_one_with_other_files_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "README.TXT").write_text("")
    with pytest.raises(Unusable, match=r"^配置分区里没有 profile.yaml。$"):
        read_folder(tmp_path, "配置分区")
    (tmp_path / "holiday.jpg").write_text("")
    with pytest.raises(Unusable, match=r"只有别的文件：holiday.jpg。$"):
        read_folder(tmp_path, "配置分区")


def test_passwords_alone_go_with_the_profile_of_the_image(tmp_path: Path) -> None:
    image, stick = tmp_path / "image", tmp_path / "stick"
    for folder in (image, stick):
        folder.mkdir()
    (stick / "secrets.yaml").write_text('camera-a01: "geheim"\n')
    with pytest.raises(Unusable):
        read_folder(stick, "配置分区", image=image)
    (image / "profile.yaml").write_bytes(b"format: 1\n")
    (image / "machine.txt").write_text("gate\n")
    given = read_folder(stick, "配置分区", image=image)
    assert (given.profile, given.machine) == (b"format: 1\n", "gate")
    assert given.secrets == {"camera-a01": "geheim"}
    (stick / "profile.yaml").write_bytes(b"format: 2\n")
    assert read_folder(stick, "配置分区", image=image).profile == b"format: 2\n"


@pytest.mark.parametrize("text", ["- a list", "camera-a01: 123456", "\tx", "a: &x [*x]"])
def test_secrets_that_are_no_lines_of_name_and_password_are_refused_without_quoting_them(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / "profile.yaml").write_text("")
    (tmp_path / "secrets.yaml").write_text(text)
    with pytest.raises(Unusable, match=r"secrets.yaml 不能使用") as told:
        read_folder(tmp_path, "U 盘")
    assert "123456" not in str(told.value)


def test_a_file_too_large_to_be_a_profile_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "profile.yaml").open("wb") as file:
        file.truncate(sources.LARGEST_BYTES + 1)
    with pytest.raises(Unusable, match="太大"):
        read_folder(tmp_path, "U 盘")


def test_a_missing_config_partition_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="没有找到配置分区"):
        config_partition(tmp_path / "by-partlabel" / "gatehouse-config")


@pytest.fixture
def ext4(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A partition with a file system of its own (this kernel need not know FAT)."""
    if os.geteuid() != 0:
        pytest.skip("mounting takes root")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "profile.yaml").write_text("format: 1\n")
    (tree / "secrets.yaml").write_text('camera-a01: "very-secret-word"\n')
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(8 << 20)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", tree, image], check=True)
    monkeypatch.setattr(sources, "MOUNT", tmp_path / "mount")
    tried = subprocess.run(["unshare", "--mount", "true"], check=False)
    if tried.returncode:
        pytest.skip("this place cannot mount")
    return image


def test_passwords_leave_the_partition_and_the_profile_stays(ext4: Path) -> None:
    assert config_partition(ext4).secrets == {"camera-a01": "very-secret-word"}
    sources.wipe_secrets(ext4)
    given = config_partition(ext4)
    assert (given.secrets, given.profile) == ({}, b"format: 1\n")
    assert b"very-secret-word" not in ext4.read_bytes()


def test_a_partition_without_a_file_system_is_said(ext4: Path) -> None:
    ext4.write_bytes(bytes(1 << 20))
    with pytest.raises(Unusable, match=r"^配置分区读不出来："):
        config_partition(ext4)
