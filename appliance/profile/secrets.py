"""Secrets live in files of the box, one a name; a profile only names them.

Under systemd the files come by `LoadCredential=`, otherwise from a folder that root owns. A secret
that others could read or exchange is refused: better a lane that does not start than a password
known to all. Values are never kept, so no repr or traceback of the store can show one.
"""

import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel

from appliance.profile.model import Profile
from appliance.profile.sections import Secret
from appliance.trouble import Trouble

DEFAULT_DIRECTORY = Path("/etc/gatehouse/secrets")
LARGEST_BYTES = 4096
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class SecretFault(Trouble):
    """A secret that cannot be used: a Chinese sentence, then what to do. Never the value."""

    def __init__(self, wrong: str, advice: str) -> None:
        super().__init__(wrong, advice)
        self.wrong = wrong
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.wrong}。{self.advice}。"


class SecretMissing(SecretFault):
    """There is no such secret on this machine, or it is empty."""


class SecretUnsafe(SecretFault):
    """There is one, but others may read or exchange it, or it is no plain secret file."""


class SecretStore:
    """The secrets of this machine.

    `directory` is absolute. `systemd_credentials` says that systemd made it: its modes are then
    systemd's business (the folder is private to the service) and are not judged.
    """

    def __init__(self, directory: Path, *, systemd_credentials: bool = False) -> None:
        self.directory = directory
        self.systemd_credentials = systemd_credentials

    @classmethod
    def of_this_machine(cls, environ: Mapping[str, str] | None = None) -> "SecretStore":
        """The store named by CREDENTIALS_DIRECTORY, else GATEHOUSE_SECRETS, else the default."""
        variables = os.environ if environ is None else environ
        if credentials := variables.get("CREDENTIALS_DIRECTORY"):
            return cls(Path(credentials), systemd_credentials=True)
        return cls(Path(variables.get("GATEHOUSE_SECRETS") or DEFAULT_DIRECTORY))

    def __repr__(self) -> str:
        return f"SecretStore({str(self.directory)!r})"

    def resolve(self, secret: Secret) -> str:
        """The value of `secret`, without the line end an editor left.

        Raises SecretMissing (no file, empty) or SecretUnsafe (open to group or others, a link, no
        plain file, too long, several lines, not UTF-8, a name that leads out of the folder).
        """
        if not _NAME.fullmatch(secret.name):
            # Not quoted: a bad name is often the password itself.
            raise SecretUnsafe("密钥名称不合规定", "名称只用小写字母、数字和连字符")
        content = self._read(secret.name)
        what = f"密钥“{secret.name}”"
        if len(content) > LARGEST_BYTES:
            raise SecretUnsafe(f"{what}的文件过大", "文件里只写密码本身")
        try:
            value = content.decode("utf-8")
        except UnicodeDecodeError:
            value = "\0"
        value = value.removesuffix("\n").removesuffix("\r")
        if not value.strip():
            raise SecretMissing(f"{what}的文件是空的", self._how_to_write(secret.name))
        if not value.isprintable():
            raise SecretUnsafe(f"{what}的文件不止一行，或不是普通文字", "文件里只写密码本身，一行")
        return value

    def _read(self, name: str) -> bytes:
        what = f"密钥“{name}”"
        path = self.directory / name
        if not self.directory.is_absolute():
            raise SecretUnsafe("密钥目录不是绝对路径", "GATEHOUSE_SECRETS 写以 / 开头的路径")
        self._check_directory()
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            wrong = f"没有{what}（{path}）"
            raise SecretMissing(wrong, self._how_to_write(name)) from None
        except PermissionError:
            wrong = f"没有权限读{what}（{path}）"
            raise SecretMissing(wrong, "用运行 gatehouse 的用户执行，或改文件的所有者") from None
        except OSError:
            wrong = f"{what}不是普通文件（{path}）"
            raise SecretUnsafe(wrong, "删去链接，写成普通文件") from None
        try:
            state = os.fstat(handle)
            if not stat.S_ISREG(state.st_mode):
                raise SecretUnsafe(f"{what}不是普通文件（{path}）", "写成普通文件")
            if state.st_mode & 0o077 and not self.systemd_credentials:
                raise SecretUnsafe(f"{what}别人也能读（{path}）", f"运行 chmod 600 {path}")
            return os.read(handle, LARGEST_BYTES + 1)
        finally:
            os.close(handle)

    def _check_directory(self) -> None:
        """Whoever can write the folder can exchange what lies in it."""
        try:
            mode = self.directory.stat().st_mode
        except OSError:
            return  # opening the file will say it better
        if mode & 0o022 and not self.systemd_credentials:
            wrong = f"密钥目录别人也能写（{self.directory}）"
            raise SecretUnsafe(wrong, f"运行 chmod 700 {self.directory}")

    def _how_to_write(self, name: str) -> str:
        if self.systemd_credentials:
            return f"在服务单元中加 LoadCredential={name}:文件，文件里写密码"
        return f"把密码写入 {self.directory / name}，一行，再运行 chmod 600 {self.directory / name}"


def named_secrets(profile: Profile) -> tuple[str, ...]:
    """The names of all secrets that a profile refers to, sorted.

    Of a machine's part (`Profile.part_of`): those that its programs are handed.
    """
    return tuple(sorted({secret.name for secret in _within(profile)}))


def _within(value: object) -> Iterator[Secret]:
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, BaseModel):
        for _, part in value:
            yield from _within(part)
    elif isinstance(value, tuple):
        for part in value:
            yield from _within(part)
