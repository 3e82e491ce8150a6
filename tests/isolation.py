"""Whether this machine lets a test make namespaces of its own."""

import functools
import os
import subprocess


@functools.cache
def why_not_isolated() -> str | None:
    """What keeps a test from a namespace of its own; None where nothing does."""
    if os.geteuid() != 0:
        return "namespaces need root"
    words = ["unshare", "--mount", "true"]
    if subprocess.run(words, check=False, capture_output=True).returncode:
        return "no namespaces can be made here: run it on a machine, not in a container"
    return None
