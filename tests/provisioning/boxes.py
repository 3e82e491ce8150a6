"""Real ssh servers on loopback that answer as one kind of machine or another.

Each runs in a mount namespace of its own, where os-release, accounts and file systems say what the
test wants. Only root can make one.
"""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from isolation import why_not_isolated
from sites import DEMO, demo_profile, profile_file
from waiting import free_port, until

from appliance.provisioning.vault import named_secrets

TRIXIE = 'ID=debian\nVERSION_ID="13"\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n'
BOOKWORM = 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'
VAULT_PASSWORD = "open sesame"
SSHD = shutil.which("sshd", path="/usr/sbin:/usr/bin")

_SSHD_CONFIG = """\
LogLevel VERBOSE
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
AuthorizedKeysFile /run/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
PidFile none
Subsystem sftp internal-sftp
"""

# The log of PID 1 aside, this is all that tells a machine under systemd from one that is not.
_START = """
set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/sshd /run/systemd/system /run/etc /run/work
mount -t overlay -o lowerdir=/etc,upperdir=/run/etc,workdir=/run/work overlay /etc
rm /etc/os-release
cp {folder}/os-release {folder}/passwd {folder}/shadow /etc
install -m 644 {key}.pub /run/authorized_keys  # where every account may read it
{more}
# Whatever a command under test does to its box, it can change nothing of the machine that runs it
# but the test's own folder.
mount -t tmpfs tmpfs /root
mount --bind {folder}/.. {folder}/..
mount -o remount,bind,ro /
exec {sshd} -D -e -f {folder}/sshd_config
"""


@dataclass(frozen=True)
class SshBox:
    """A running server; `key` is good for root and for `installer`, who may nothing."""

    folder: Path
    port: int
    key: Path


def make_key(path: Path) -> Path:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(path)], check=True
    )
    return path


@contextmanager
def ssh_box(
    folder: Path,
    *,
    os_release: str = TRIXIE,
    more: str = "",
    port: int | None = None,
    key: Path | None = None,
) -> Iterator[SshBox]:
    """`more` are shell lines in the box's mount namespace before it answers.

    Skips the test, with the reason, where no such box can be made.
    """
    if why_not := why_not_isolated() or (None if SSHD else "there is no sshd"):
        pytest.skip(f"each box is an sshd in a mount namespace: {why_not} (scripts/setup --system)")
    folder.mkdir(parents=True, exist_ok=True)
    box = SshBox(folder, port or free_port(), key or folder / "key")
    if not box.key.exists():
        make_key(box.key)
    make_key(folder / "host_key") if not (folder / "host_key").exists() else None
    (folder / "os-release").write_text(os_release)
    (folder / "passwd").write_text(
        Path("/etc/passwd").read_text() + "installer:x:4711:4711::/tmp:/bin/sh\n"
    )
    (folder / "shadow").write_text("root:*:19000:0:99999:7:::\ninstaller:*:19000:0:99999:7:::\n")
    (folder / "sshd_config").write_text(_SSHD_CONFIG.format(port=box.port, folder=folder))
    start = _START.format(folder=folder, key=box.key, sshd=SSHD, more=more)
    log = (folder / "sshd.log").open("wb")
    words = ["unshare", "--mount", "--propagation", "private", "sh", "-c", start]
    with log, subprocess.Popen(words, stdout=log, stderr=log) as server:
        try:
            until(lambda: _answers(box.port, server))
            # It writes late of who came: whoever counts connections must find that one among them.
            until(lambda: "Connection closed by" in (folder / "sshd.log").read_text())
            yield box
        finally:
            server.terminate()


def _answers(port: int, server: "subprocess.Popen[bytes]") -> bool:
    assert server.poll() is None, "the ssh server ended"
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def machine(box: SshBox, name: str = "gate", **more: object) -> dict[str, object]:
    """The box as an entry of a profile's `machines`."""
    return {"name": name, "host": "127.0.0.1", "ssh_port": box.port, **more}


def site_file(folder: Path, *machines: dict[str, object], stem: str = "site") -> Path:
    """A profile like the demo's with these machines, and its secrets' vault beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    profile = demo_profile(folder / "root", machines=list(machines))
    path = profile_file(folder, profile, f"{stem}.yaml")
    names = named_secrets(profile)
    write_vault(folder / "vault.yml", {name: f"secret of {name}" for name in names})
    (folder / "vault-password").write_text(f"{VAULT_PASSWORD}\n")
    return path


def write_vault(path: Path, values: dict[str, str]) -> Path:
    vault = VaultLib([("default", VaultSecret(VAULT_PASSWORD.encode()))])
    path.write_bytes(vault.encrypt(yaml.safe_dump(values, allow_unicode=True)))
    return path


def gatehouse(
    verb: str, profile: Path, *words: str, key: Path | None = None, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """The command on a site of `site_file`, its memory of host keys kept beside the profile."""
    folder = profile.parent
    vault = ["--secrets", f"{folder}/vault.yml"]
    vault += ["--vault-password-file", f"{folder}/vault-password"]
    return command([verb, str(profile), *words, *vault], folder, key, **environment)


def command(
    words: list[str], folder: Path, key: Path | None = None, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """The command with any words, its memory of host keys kept in `folder`."""
    return subprocess.run(
        [sys.executable, "-m", "appliance", *words, *(["--key", str(key)] if key else [])],
        capture_output=True,
        text=True,
        check=False,
        cwd=DEMO.parents[1],
        stdin=subprocess.DEVNULL,
        env=os.environ | {"XDG_STATE_HOME": str(folder / "state")} | environment,
    )
