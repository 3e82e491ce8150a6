"""The system calls of one process that change what lies on its disk, as strace saw them.

Only a process of one thread is understood, for its calls stand one below the other. strace writes
every byte as `\\xNN`, so a line is cut at commas and brackets without looking into strings.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

# All that can change a file, a folder, or where in a file the next write goes. `mmap` is watched
# because a file written through memory would be invisible here.
TRACED = (
    "open,openat,creat,close,dup,dup2,dup3,fcntl,lseek,read,write,writev,pwrite64,pwritev,pwritev2,"
    "fsync,fdatasync,sync_file_range,truncate,ftruncate,fallocate,copy_file_range,sendfile,"
    "rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,rmdir,mkdir,mkdirat,"
    "mmap"
)

_LINE = re.compile(r"(\w+)\((.*)\)\s+= (-?(?:0x)?[0-9a-f]+)(?: |$)")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


@dataclass(frozen=True, slots=True)
class Call:
    """One successful call: its name, the words between its brackets, what it returned."""

    name: str
    words: tuple[str, ...]
    result: int

    def number(self, nth: int) -> int:
        """An argument that is a number or a descriptor."""
        word = self.words[nth]
        return -100 if word == "AT_FDCWD" else int(word, 0)

    def data(self, nth: int) -> bytes:
        """An argument that is a string, or all the strings of a vector of buffers."""
        return b"".join(
            bytes.fromhex(text.replace("\\x", "")) for text in _STRING.findall(self.words[nth])
        )

    def path(self, nth: int) -> str:
        """An argument that is a path."""
        return os.fsdecode(self.data(nth))


def can_trace() -> str | None:
    """None when a process can be traced here, else why not."""
    strace = shutil.which("strace")
    if strace is None:
        raise FileNotFoundError("strace is missing: scripts/setup installs it")
    tried = subprocess.run(
        [strace, "-o", os.devnull, "true"], capture_output=True, text=True, check=False
    )
    return f"ptrace is not allowed here: {tried.stderr.strip()}" if tried.returncode else None


def trace(command: Sequence[str], log: Path, **settings: object) -> list[Call]:
    """Run a command to its end and return its calls in order; raises when it fails."""
    words = ["strace", "-xx", "-s", "10000000", "-e", f"trace={TRACED}", "-e", "raw=read"]
    subprocess.run([*words, "-o", str(log), *command], check=True, **settings)  # type: ignore[call-overload]
    return list(parse(log.read_text("ascii")))


def parse(text: str) -> Iterator[Call]:
    """The successful calls of a log; raises ValueError for a line that cannot be read."""
    for line in text.splitlines():
        if line.startswith(("---", "+++")):
            continue
        found = _LINE.match(line)
        if found is None:
            raise ValueError(f"not a call that is understood: {line[:200]}")
        result = int(found[3], 0)
        if result >= 0:
            yield Call(found[1], tuple(_split(found[2])), result)


def _split(inside: str) -> Iterator[str]:
    """Cut at the commas that stand outside of any bracket."""
    depth = begun = 0
    for place, character in enumerate(inside) if len(inside) < 2000 else _outside(inside):
        if character in "[{":
            depth += 1
        elif character in "]}":
            depth -= 1
        elif character == "," and depth == 0:
            yield inside[begun:place].strip()
            begun = place + 1
    yield inside[begun:].strip()


def _outside(inside: str) -> Iterator[tuple[int, str]]:
    """The same for long lines: only the characters that matter, found in one sweep."""
    for found in re.finditer(r"[\[\]{},]", inside):
        yield found.start(), found[0]
