"""A box that is not what the kit expects: its `gatehouse`, or what it prints, is another's."""

import sys
from dataclasses import replace
from pathlib import Path

from acceptance_kit.reaching import Site

ALTERED = """\
import subprocess, sys
answer = subprocess.run([sys.executable, "-m", "appliance", *sys.argv[3:]], capture_output=True)
sys.stderr.buffer.write(answer.stderr)
sys.stdout.buffer.write(answer.stdout.replace(sys.argv[1].encode(), sys.argv[2].encode()))
sys.exit(answer.returncode)
"""


def altered(site: Site, words: str, instead: str = "") -> Site:
    """A site whose box says `instead` wherever it would say `words`."""
    return _with(site, command=(sys.executable, "-c", ALTERED, words, instead))


def saying(site: Site, said: str, code: int) -> Site:
    """A site whose box says that to whatever is asked, and ends so."""
    program = f"import sys; print({said!r}); sys.exit({code})"
    return _with(site, command=(sys.executable, "-c", program))


def with_profile(site: Site, file: Path) -> Site:
    """A site on whose box that profile lies; the kit's own stays."""
    return _with(site, profile=str(file))


def _with(site: Site, **changes: object) -> Site:
    (target,) = site.targets
    place = replace(target.place, **changes)  # type: ignore[arg-type]
    return replace(site, targets=(replace(target, place=place),))
