"""A site's secrets on the installer's side: one file, encrypted by ansible-vault.

The profile names secrets, the vault file holds `NAME: value` lines. Values are kept in memory only
for as long as a command needs them, and reach Ansible through a file that has no name on any disk.
"""

import getpass
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import yaml

from appliance.profile.model import Profile
from appliance.profile.secrets import named_secrets
from appliance.provisioning.places import private_file
from appliance.trouble import Trouble, not_installed

if TYPE_CHECKING:
    from ansible.parsing.vault import VaultLib


@dataclass(frozen=True, slots=True)
class Secrets:
    """The values by name. No repr or traceback of it shows one."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)

    def scrubbed(self, text: str) -> str:
        """`text` with every value blotted out: the last fence before a log, after `no_log`.

        Also as JSON or Python would write it. Values shorter than four characters are left: they
        would blot out half of every word.
        """
        for value in sorted(self.values.values(), key=len, reverse=True):
            if len(value) >= 4:
                for form in _written_forms(value):
                    text = text.replace(form, "•••")
        return text


def _written_forms(value: str) -> set[str]:
    dumped = {json.dumps(value), json.dumps(value, ensure_ascii=False), repr(value)}
    return {value} | {text[1:-1] for text in dumped}


def open_vault(profile: Profile, file: Path, password_file: Path | None) -> Secrets:
    """The secrets that the profile names; the password is asked for unless a file gives it.

    Raises Trouble when the file is missing, the password wrong, or a secret not in it. A profile
    without secrets needs no vault.
    """
    wanted = named_secrets(profile)
    if not wanted:
        return Secrets()
    values = read_vault(file, wanted, password_file)
    missing = [name for name in wanted if not values.get(name, "").strip()]
    if missing:
        raise Trouble(
            f"密钥文件 {file} 缺少：{'、'.join(missing)}。"
            "请用 gatehouse secrets edit 补上，每行写“名称: 密码”。"
        )
    return Secrets({name: values[name] for name in wanted})


def read_vault(file: Path, wanted: tuple[str, ...], password_file: Path | None) -> dict[str, str]:
    """Everything in a vault file; raises Trouble. `wanted` is told when there is no such file."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        raise Trouble(
            f"没有密钥文件 {file}，站点配置用到的密钥是：{'、'.join(wanted)}。"
            "请用 gatehouse secrets edit 新建，或用 --secrets 给出文件。"
        ) from None
    if not content.startswith(b"$ANSIBLE_VAULT;"):
        raise Trouble(f"密钥文件 {file} 没有加密。请运行 ansible-vault encrypt {file}。")
    need_ansible()
    from ansible.parsing.vault import AnsibleVaultError  # noqa: PLC0415 - see need_ansible

    password = _password(file, password_file)
    try:
        plain = _vault(password).decrypt(content)
    except AnsibleVaultError:
        raise Trouble(f"密钥文件 {file} 解不开：口令不对，或文件已损坏。") from None
    try:
        values = yaml.safe_load(plain)
    except yaml.YAMLError:  # its words could quote a value
        values = None
    if not isinstance(values, dict) or not all(
        isinstance(part, str) for pair in values.items() for part in pair
    ):
        raise Trouble(f"密钥文件 {file} 的内容不对：每行应是“名称: 密码”，全是数字的密码要加引号。")
    return values


def edit_vault(file: Path, wanted: tuple[str, ...]) -> NoReturn:
    """Hand over to `ansible-vault edit`; a new file has a line for each secret that is wanted."""
    need_ansible()
    if not file.exists():
        password = _password(file, None)
        if getpass.getpass("再输入一次：").encode("utf-8") != password:
            raise Trouble("两次输入的口令不同，没有新建密钥文件。请再执行一次。")
        text = "".join(f'{name}: ""\n' for name in wanted)
        content = _vault(password).encrypt(text)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(private_file(file), "wb") as out:
            out.write(content)
    tool = str(Path(sys.executable).with_name("ansible-vault"))
    os.execv(tool, [tool, "edit", str(file)])  # noqa: S606 - no shell is wanted


def need_ansible() -> None:
    """Raises Trouble where Ansible is not installed: who only accepts a site has no need of it, so
    it is imported when a vault is opened, not with the module."""
    try:
        import ansible.parsing.vault  # noqa: F401, PLC0415
    except ImportError:
        raise not_installed(" Ansible") from None


def _vault(password: bytes) -> "VaultLib":
    from ansible.parsing.vault import VaultLib, VaultSecret  # noqa: PLC0415 - see need_ansible

    return VaultLib([("default", VaultSecret(password))])


def _password(file: Path, password_file: Path | None) -> bytes:
    if password_file is not None:
        text = password_file.read_text("utf-8").strip("\r\n")
    else:
        try:
            text = getpass.getpass(f"密钥文件 {file.name} 的口令：")
        except EOFError:
            text = ""
    if not text:
        raise Trouble("没有给出密钥文件的口令。请输入，或用 --vault-password-file 给出。")
    return text.encode("utf-8")


def variables_file(secrets: Secrets, others: Mapping[str, str]) -> int:
    """A descriptor of host variables that lie in memory only: `gatehouse_secrets` and `others`.

    Neither arguments nor environment nor a disk show a value; the inventory plugin reads it.
    """
    handle = os.memfd_create("gatehouse-variables", os.MFD_CLOEXEC)
    with os.fdopen(os.dup(handle), "w", encoding="utf-8") as file:
        json.dump({"gatehouse_secrets": dict(secrets.values), **others}, file)
    return handle
