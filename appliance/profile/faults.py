"""What is wrong with a site profile, in the words of the installer who has to mend it."""

import re
from dataclasses import dataclass
from pathlib import Path

Route = tuple[str | int, ...]
"""The way from the root of a profile to one of its values: key names and list positions."""

_LONGEST_QUOTE = 24
_LONGEST_KEY = 40
_CREDENTIALS_IN_ADDRESS = re.compile(r"[^\s/@]*@")
_SOUNDS_SECRET = re.compile(r"passw|pwd|secret|token|密码|口令|密钥", re.IGNORECASE)


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault. `line` counts from 1; 0 means the file as a whole. Sentences are Chinese.

    `key` is the dotted path as an installer would write it (`entrances[0].barriers[1].id`), empty
    for the whole file. `wrong` says what is wrong, `allowed` what to write instead.
    """

    line: int
    key: str
    wrong: str
    allowed: str


class ProfileFaults(Exception):
    """A profile that cannot be used; `faults` holds all that is wrong, in the file's order."""

    def __init__(self, path: Path, faults: tuple[Fault, ...]) -> None:
        super().__init__(path, faults)
        self.path = path
        self.faults = faults

    def __str__(self) -> str:
        return f"{self.path}：站点配置有 {len(self.faults)} 处错误"


class Stop(Exception):
    """Reading cannot go on; carries the one fault that says why. Never leaves this package."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


def dotted(route: Route) -> str:
    """`("entrances", 0, "id")` as `entrances[0].id`, safe to print."""
    text = ""
    for part in route:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = shown(part, _LONGEST_KEY)
            text += f".{name}" if text else name
    return text


def shown(text: str, longest: int = _LONGEST_QUOTE) -> str:
    """`text` shortened, and what could move a terminal's cursor written as an escape."""
    short = text if len(text) <= longest else text[: longest - 1] + "…"
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in short
    )


def quoted(text: str) -> str:
    """A given value as it may stand in a fault: never anything that looks like a credential.

    Installers paste whole addresses such as `rtsp://user:password@host`; faults are printed,
    mailed and photographed.
    """
    if _SOUNDS_SECRET.search(text):
        return "（内容疑似含密码，不显示）"
    return f"“{shown(_CREDENTIALS_IN_ADDRESS.sub('***@', text))}”"
