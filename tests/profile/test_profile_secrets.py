"""Secrets come out of private files only."""

import os
import re
from pathlib import Path

import pytest

from appliance.profile import Secret, SecretMissing, SecretStore, SecretUnsafe
from appliance.profile.secrets import DEFAULT_DIRECTORY

CAMERA = Secret(name="camera-a01")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path


def write(folder: Path, content: bytes, mode: int = 0o600) -> Path:
    path = folder / CAMERA.name
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("content", [b"Geheim 1", b"Geheim 1\n", b"Geheim 1\r\n"])
def test_a_secret_is_its_file_without_the_line_end(folder, content):
    write(folder, content)
    assert SecretStore(folder).resolve(CAMERA) == "Geheim 1"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o610, 0o622, 0o601, 0o777])
def test_a_secret_that_group_or_others_may_touch_is_refused_with_the_cure(folder, mode):
    path = write(folder, b"Geheim", mode)
    with pytest.raises(SecretUnsafe, match=re.escape(f"chmod 600 {path}")):
        SecretStore(folder).resolve(CAMERA)


def test_systemd_judges_the_modes_of_its_own_folder(folder):
    write(folder, b"Geheim", 0o440)
    folder.chmod(0o777)
    store = SecretStore.of_this_machine({"CREDENTIALS_DIRECTORY": str(folder)})
    assert store.resolve(CAMERA) == "Geheim"


def test_a_folder_that_others_may_write_is_refused(folder):
    write(folder, b"Geheim")
    folder.chmod(0o777)
    with pytest.raises(SecretUnsafe, match="chmod 700"):
        SecretStore(folder).resolve(CAMERA)


def test_a_missing_secret_says_where_to_write_it(folder):
    with pytest.raises(SecretMissing, match=r"写入 .*/camera-a01"):
        SecretStore(folder).resolve(CAMERA)
    with pytest.raises(SecretMissing, match="没有密钥"):
        SecretStore(folder / "absent").resolve(CAMERA)
    with pytest.raises(SecretMissing, match="LoadCredential=camera-a01"):
        SecretStore(folder, systemd_credentials=True).resolve(CAMERA)


@pytest.mark.parametrize("content", [b"", b"\n", b"   \n"])
def test_an_empty_secret_is_missing(folder, content):
    write(folder, content)
    with pytest.raises(SecretMissing, match="空的"):
        SecretStore(folder).resolve(CAMERA)


@pytest.mark.parametrize("content", [b"Geheim\nGeheim", b"Geheim\x00", b"Geheim\xff", b"x" * 5000])
def test_a_file_that_is_no_single_line_is_refused_without_showing_it(folder, content):
    write(folder, content)
    with pytest.raises(SecretUnsafe) as caught:
        SecretStore(folder).resolve(CAMERA)
    assert "Geheim" not in f"{caught.value} {caught.value!r} {caught.value.__context__!r}"


@pytest.mark.parametrize(
    "name", ["../camera-a01", "/etc/hostname", "", ".", "..", "a/b", "a\n", "A"]
)
def test_a_name_that_leads_elsewhere_is_refused_and_not_repeated(folder, name):
    write(folder, b"Geheim")
    with pytest.raises(SecretUnsafe) as caught:
        SecretStore(folder / "x").resolve(Secret.model_construct(name=name))
    assert str(caught.value) == "密钥名称不合规定。名称只用小写字母、数字和连字符。"


def test_links_pipes_and_folders_are_no_secrets(folder):
    other = folder / "other"
    other.write_text("Geheim")
    other.chmod(0o600)
    path = folder / CAMERA.name
    path.symlink_to(other)
    with pytest.raises(SecretUnsafe, match="链接"):
        SecretStore(folder).resolve(CAMERA)
    path.unlink()
    os.mkfifo(path, 0o600)
    with pytest.raises(SecretUnsafe, match="普通文件"):
        SecretStore(folder).resolve(CAMERA)
    path.unlink()
    path.mkdir(0o700)
    with pytest.raises(SecretUnsafe, match="普通文件"):
        SecretStore(folder).resolve(CAMERA)


def test_the_folder_is_systemds_then_the_named_one_then_the_default():
    both = {"CREDENTIALS_DIRECTORY": "/run/credentials/x", "GATEHOUSE_SECRETS": "/srv/secrets"}
    assert SecretStore.of_this_machine(both).directory == Path("/run/credentials/x")
    del both["CREDENTIALS_DIRECTORY"]
    assert SecretStore.of_this_machine(both).directory == Path("/srv/secrets")
    assert SecretStore.of_this_machine({}).directory == DEFAULT_DIRECTORY
    with pytest.raises(SecretUnsafe, match="绝对路径"):
        SecretStore.of_this_machine({"GATEHOUSE_SECRETS": "secrets"}).resolve(CAMERA)


def test_no_repr_shows_a_value(folder):
    write(folder, b"Geheim")
    store = SecretStore(folder)
    store.resolve(CAMERA)
    assert "Geheim" not in f"{store!r} {vars(store)} {CAMERA!r}"
