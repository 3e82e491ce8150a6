"""Where what can be fetched or made again is kept: one folder of the user's, following XDG."""

import os
from collections.abc import Mapping
from pathlib import Path


def cache_folder(name: str, environ: Mapping[str, str] = os.environ) -> Path:
    """`gatehouse/NAME` below XDG_CACHE_HOME, or `~/.cache` without one; it need not be there."""
    home = environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "gatehouse" / name
