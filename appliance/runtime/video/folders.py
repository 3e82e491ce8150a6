"""Folders that outlive a power cut, made as they are needed."""

from pathlib import Path, PurePosixPath

from appliance.runtime.journal.database import make_folder, sync_folder


class Folders:
    """Makes folders, each once a process: whoever made one may have died before it was synced."""

    def __init__(self) -> None:
        self._ready: set[Path] = set()

    def ready(self, base: Path, below: PurePosixPath) -> Path:
        """The folder `below` a base that is there, the whole way synced. Raises OSError."""
        folder = base
        for name in below.parts:
            above, folder = folder, folder / name
            if folder not in self._ready or not folder.is_dir():
                make_folder(folder)
                sync_folder(above)
                self._ready.add(folder)
        return folder
