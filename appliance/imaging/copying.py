"""What the clone gives to a tree: the recipe's files, and the playbook it applies to itself."""

import hashlib
import shutil
from pathlib import Path

from appliance.bundle.wheels import digest_of

PLAYBOOK = ("provision.yml", "ansible.cfg", "roles", "inventory", "collections")
PLACE = "usr/share/gatehouse"
# An installer's vaults, what `gatehouse verify` runs from his own machine, notes.
_LEFT_OUT = {"__pycache__", "secrets", "verify", "README.md", ".gitignore", ".gitkeep"}


def recipe_digest(clone: Path) -> str:
    """The sha256 over all that `copy_from_clone` copies, names and contents."""
    digest = hashlib.sha256()
    for place in ("images/files", *PLAYBOOK):
        for path in _below(clone / place):
            digest.update(f"{path.relative_to(clone)}\0{digest_of(path)}\0".encode())
    return digest.hexdigest()


def copy_from_clone(clone: Path, root: Path) -> None:
    """Copy `images/files` over the tree, and the playbook to its place."""
    recipe = clone / "images" / "files"
    for path in _below(recipe):
        _copy(path, root / path.relative_to(recipe))
    for name in PLAYBOOK:
        for path in _below(clone / name):
            _copy(path, root / PLACE / path.relative_to(clone))


def _below(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    return sorted(
        path
        for path in place.rglob("*")
        if path.is_file() and not _LEFT_OUT & set(path.relative_to(place).parts)
    )


def _copy(source: Path, target: Path) -> None:
    """The content, with modes of ours: a clone's follow its owner's umask."""
    for folder in reversed([p for p in target.parents if not p.exists()]):
        folder.mkdir(mode=0o755)
        folder.chmod(0o755)
    shutil.copyfile(source, target)
    target.chmod(0o644)
