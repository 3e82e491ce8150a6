"""A disk on which only what was synced is sure.

It follows a process's calls below one folder. Each write, truncation, new name or lost name is
pending until `fsync` of its file or folder (A1 of docs/durability.md); a rename within a folder
is one pending change (A2). At any point the disk may lose its power, and then any of the pending
changes may have reached it or not, and of a write any of its sectors.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from .calls import Call

SECTOR = 512

Names = dict[str, "Node"]
Entry = tuple[tuple[str, "Node | None"], ...]
"""One change of a folder: names that stand for something else, or for nothing, from now on."""


class Chance(Protocol):
    """What becomes of one pending change: True when it reached the disk."""

    def __call__(self) -> bool: ...


@dataclass(eq=False)
class File:
    """Bytes, as the disk surely has them and as the kernel would show them."""

    sure: bytes = b""
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)  # None: cut off here

    def sync(self) -> None:
        self.sure = self.after(lambda: True)
        self.pending.clear()

    def after(self, chance: Chance) -> bytes:
        """The bytes after a power cut."""
        held = bytearray(self.sure)
        for offset, data in self.pending:
            if data is None:
                if chance():
                    held[offset:] = b"".ljust(max(0, offset - len(held)), b"\0")
                continue
            begun = offset
            while begun < offset + len(data):
                end = min(begun - begun % SECTOR + SECTOR, offset + len(data))
                if chance():
                    held.extend(b"\0" * (begun - len(held)))
                    held[begun:end] = data[begun - offset : end - offset]
                begun = end
        return bytes(held)


@dataclass(eq=False)
class Folder:
    """Names, likewise."""

    sure: Names = field(default_factory=dict)
    pending: list[Entry] = field(default_factory=list)

    def sync(self) -> None:
        self.sure = self.after(lambda: True)
        self.pending.clear()

    def after(self, chance: Chance) -> Names:
        """The names after a power cut."""
        held = dict(self.sure)
        for entry in self.pending:
            if chance():
                for name, node in entry:
                    held.pop(name, None)
                    if node is not None:
                        held[name] = node
        return held

    def now(self) -> Names:
        return self.after(lambda: True)


Node = File | Folder


@dataclass(eq=False)
class _Open:
    """An open file: several descriptors may share it, and its place with it."""

    node: Node | None  # None: not on our disk
    path: Path
    place: int = 0
    append: bool = False


class Disk:
    """The disk below `root`, which is there and empty at the beginning."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._top = Folder()
        self._open: dict[int, _Open] = {}

    def follow(self, call: Call) -> bool:
        """Take one call in; tell whether it changed anything on this disk."""
        act: Callable[[Call], bool] | None = getattr(self, f"_{call.name}", None)
        if act is None:
            raise NotImplementedError(f"{call.name} is not understood")
        return act(call)

    def writes_to(self, call: Call, name: str) -> bool:
        """Whether a call, just followed, put bytes into an open file of that name."""
        if call.name not in {"write", "pwrite64"}:
            return False
        opened = self._open.get(call.number(0))
        return opened is not None and opened.node is not None and opened.path.name == name

    def states(self, seed: int, torn: int) -> list[dict[str, bytes | None]]:
        """What a power cut may leave now: nothing pending, all of it, and `torn` mixtures.

        A state holds the bytes of each file by its path, None for a folder.
        """
        dice = random.Random(seed)  # noqa: S311  # chances, not secrets
        chances: list[Chance] = [lambda: False, lambda: True]
        for _ in range(torn):
            share = dice.choice((0.1, 0.5, 0.9))
            chances.append(lambda share=share: dice.random() < share)  # type: ignore[misc]
        return [self._after(chance) for chance in chances]

    def _after(self, chance: Chance) -> dict[str, bytes | None]:
        state: dict[str, bytes | None] = {}
        left: list[tuple[str, Folder]] = [("", self._top)]
        while left:
            way, folder = left.pop()
            for name, node in folder.after(chance).items():
                if isinstance(node, Folder):
                    state[f"{way}{name}"] = None
                    left.append((f"{way}{name}/", node))
                else:
                    state[f"{way}{name}"] = node.after(chance)
        return state

    # Where a path leads

    def _find(self, path: Path) -> Node | None:
        if path == self._root:
            return self._top
        node: Node | None = self._top
        for name in path.relative_to(self._root).parts:
            node = node.now().get(name) if isinstance(node, Folder) else None
        return node

    def _ours(self, path: Path) -> bool:
        return path.is_relative_to(self._root)

    def _folder_of(self, path: Path) -> Folder:
        folder = self._find(path.parent)
        if not isinstance(folder, Folder):
            raise FileNotFoundError(path)
        return folder

    def _set(self, path: Path, node: Node | None) -> bool:
        if self._ours(path):
            self._folder_of(path).pending.append(((path.name, node),))
            return True
        return False

    def _at(self, call: Call, nth: int) -> Path:
        """The path behind a descriptor of a folder (`openat` and its like)."""
        folder = call.number(nth)
        base = Path() if folder == -100 else self._open[folder].path
        return base / call.path(nth + 1)

    # Opening and closing

    def _opened(self, call: Call, path: Path, flags: str) -> bool:
        node = self._find(path) if self._ours(path) else None
        changed = False
        if self._ours(path) and node is None and "O_CREAT" in flags:
            node = File()
            changed = self._set(path, node)
        elif isinstance(node, File) and "O_TRUNC" in flags:
            node.pending.append((0, None))
            changed = True
        self._open[call.result] = _Open(node, path, append="O_APPEND" in flags)
        return changed

    def _openat(self, call: Call) -> bool:
        return self._opened(call, self._at(call, 0), call.words[2])

    def _close(self, call: Call) -> bool:
        self._open.pop(call.number(0), None)
        return False

    def _dup(self, call: Call) -> bool:
        if call.number(0) in self._open:
            self._open[call.result] = self._open[call.number(0)]
        return False

    _dup2 = _dup3 = _dup

    def _fcntl(self, call: Call) -> bool:
        return self._dup(call) if call.words[1].startswith("F_DUPFD") else False

    # Bytes

    def _lseek(self, call: Call) -> bool:
        if call.number(0) in self._open:
            self._open[call.number(0)].place = call.result
        return False

    def _read(self, call: Call) -> bool:
        if call.number(0) in self._open:
            self._open[call.number(0)].place += call.result
        return False

    def _write(self, call: Call) -> bool:
        opened = self._open.get(call.number(0))
        if opened is None or opened.node is None:
            return False
        if opened.append:
            raise NotImplementedError("writing at the end is not understood")
        place, opened.place = opened.place, opened.place + call.result
        return self._put(opened.node, place, call.data(1)[: call.result])

    _writev = _write

    def _pwrite64(self, call: Call) -> bool:
        opened = self._open.get(call.number(0))
        if opened is None or opened.node is None:
            return False
        return self._put(opened.node, call.number(3), call.data(1)[: call.result])

    _pwritev = _pwrite64

    @staticmethod
    def _put(node: Node, place: int, data: bytes) -> bool:
        if not isinstance(node, File):
            raise IsADirectoryError
        node.pending.append((place, data))
        return True

    def _ftruncate(self, call: Call) -> bool:
        opened = self._open.get(call.number(0))
        if opened is None or not isinstance(opened.node, File):
            return False
        opened.node.pending.append((call.number(1), None))
        return True

    def _fsync(self, call: Call) -> bool:
        opened = self._open.get(call.number(0))
        if opened is None or opened.node is None:
            return False
        opened.node.sync()
        return True

    _fdatasync = _fsync

    def _mmap(self, call: Call) -> bool:
        opened = None if call.words[4] == "-1" else self._open.get(call.number(4))
        written = "PROT_WRITE" in call.words[2] and "MAP_SHARED" in call.words[3]
        # SQLite makes the index of its log anew after a crash, whatever the disk holds of it.
        if opened and opened.node and written and not opened.path.name.endswith("-shm"):
            raise NotImplementedError(f"{opened.path} is written through memory")
        return False

    # Names

    def _renamed(self, old: Path, new: Path) -> bool:
        if self._ours(old) != self._ours(new) or old.parent != new.parent:
            raise NotImplementedError("renaming into another folder is not understood")
        if not self._ours(old):
            return False
        node = self._find(old)
        if node is None:
            raise FileNotFoundError(old)
        self._folder_of(old).pending.append(((old.name, None), (new.name, node)))
        return True

    def _rename(self, call: Call) -> bool:
        return self._renamed(Path(call.path(0)), Path(call.path(1)))

    def _renameat2(self, call: Call) -> bool:
        return self._renamed(self._at(call, 0), self._at(call, 2))

    _renameat = _renameat2

    def _unlink(self, call: Call) -> bool:
        return self._set(Path(call.path(0)), None)

    _rmdir = _unlink

    def _unlinkat(self, call: Call) -> bool:
        return self._set(self._at(call, 0), None)

    def _mkdir(self, call: Call) -> bool:
        return self._set(Path(call.path(0)), Folder())

    def _mkdirat(self, call: Call) -> bool:
        return self._set(self._at(call, 0), Folder())


def lay_out(state: dict[str, bytes | None], root: Path) -> None:
    """Write a state to a real folder."""
    root.mkdir()
    for name, data in state.items():
        path = root / name
        if data is None:
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
