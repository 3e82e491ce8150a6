"""How the machines of a site are reached: one ssh configuration for every tool.

OpenSSH, Ansible, testinfra and pyinfra all call a machine by its name in the profile and read the
rest from the file written here. The host key is pinned under that name at the first contact: a
machine that answers under another one's name, or with a new key, is refused.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from appliance.profile.box import Machine
from appliance.profile.machines import named_machine
from appliance.profile.model import Profile
from appliance.provisioning.places import SiteState
from appliance.trouble import Trouble

CONNECT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Account:
    """Who logs in. Without a `key` ssh tries the installer's own keys and his agent."""

    user: str = "root"
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class Box:
    """A machine of a site and the address it is reached at this time."""

    machine: Machine
    address: str

    @property
    def name(self) -> str:
        """The machine's name, which is also its alias for ssh and its Ansible host."""
        return self.machine.name


def choose_boxes(
    profile: Profile, *, host: str | None, machine: str | None, limit: Sequence[str]
) -> tuple[Box, ...]:
    """The machines that a command means, in the profile's order.

    `host` is an address in place of the profile's; it goes with one machine, which `machine` names
    unless the site has only one. `limit` are names or patterns such as `gate-*`. Raises Trouble.
    """
    chosen = list(profile.machines) if machine is None else [named_machine(profile, machine)]
    known = "、".join(m.name for m in profile.machines)
    refuse_strangers(limit, [m.name for m in chosen])
    if limit:
        chosen = [m for m in chosen if any(fnmatchcase(m.name, p) for p in limit)]
    if host is not None:
        if len(chosen) > 1:
            raise Trouble(f"本站点有多台工控机，--host 要与 --machine 同用。可选：{known}。")
        return (Box(chosen[0], _address(host)),)
    homeless = [m.name for m in chosen if m.host is None]
    if homeless:
        raise Trouble(
            f"不知道工控机 {'、'.join(homeless)} 的地址。"
            "请用 --host 给出，或在站点配置的 machines 中填写 host。"
        )
    return tuple(Box(m, m.host or "") for m in chosen)


def refuse_strangers(patterns: Sequence[str], names: Sequence[str]) -> None:
    """Raise Trouble for a pattern of `--limit` that fits none of the machines' `names`."""
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            known = "、".join(dict.fromkeys(names))
            raise Trouble(f"--limit “{pattern}”没有对应的工控机。可选：{known}。")


def _address(text: str) -> str:
    """An address from the command line, which ssh must never take for an option or two words."""
    if not text or text.startswith("-") or any(c.isspace() or c in "\"'%@" for c in text):
        raise Trouble(f"“{text}”不是地址。--host 写主机名或 IP 地址，例：10.0.0.5；账号用 --user。")
    return text


@dataclass(frozen=True, slots=True)
class Reach:
    """The boxes of a command, and the files that say how to reach them.

    `folder` is private and lives as long as the command; `ssh_config` is in it.
    """

    boxes: tuple[Box, ...]
    account: Account
    folder: Path
    known_hosts: Path

    @property
    def ssh_config(self) -> Path:
        """For `ssh -F`, Ansible, testinfra and pyinfra."""
        return self.folder / "ssh_config"

    @property
    def known_addresses(self) -> Path:
        """The pinned keys under the boxes' addresses, for pyinfra, which knows no alias."""
        return self.folder / "known_addresses"

    def ssh(self, box: Box, *words: str) -> list[str]:
        """The words that run a command on a box."""
        return ["ssh", "-F", str(self.ssh_config), box.name, "--", *words]


@contextlib.contextmanager
def reaching(boxes: tuple[Box, ...], account: Account, state: SiteState) -> Iterator[Reach]:
    """Write the ssh configuration; it is gone when the command ends."""
    if account.key is not None and not account.key.is_file():
        raise Trouble(f"没有密钥文件 {account.key}。请核对 --key 的路径。")
    # Not under the state folder: the path of a control socket may be no longer than 107 bytes.
    with tempfile.TemporaryDirectory(prefix="gatehouse-") as folder:
        reach = Reach(boxes, account, Path(folder), state.known_hosts)
        reach.ssh_config.write_text(ssh_configuration(reach), "utf-8")
        yield reach


def ssh_configuration(reach: Reach) -> str:
    """OpenSSH's words; the installer's own configuration comes last, for a jump host perhaps."""
    parts = []
    for box in reach.boxes:
        lines = [
            f"Host {box.name}",
            f"HostName {box.address}",
            f"Port {box.machine.ssh_port}",
            f"User {reach.account.user}",
            f"HostKeyAlias {box.name}",
            f'UserKnownHostsFile "{reach.known_hosts}"',
            "StrictHostKeyChecking accept-new",
            "HashKnownHosts no",
            "UpdateHostKeys no",
            "BatchMode yes",
            f"ConnectTimeout {CONNECT_SECONDS}",
            f"ControlPath {reach.folder}/%C",  # used by whoever asks for a shared connection
            "ServerAliveInterval 10",
            "ServerAliveCountMax 3",
        ]
        if reach.account.key is not None:
            key = reach.account.key.resolve()
            lines += [f'IdentityFile "{key}"', "IdentitiesOnly yes"]
        parts.append("\n    ".join(lines))
    own = Path.home() / ".ssh" / "config"
    if os.access(own, os.R_OK):
        parts.append(f'Host *\n    Include "{own}"')
    return "\n\n".join(parts) + "\n"
