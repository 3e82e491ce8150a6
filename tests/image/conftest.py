"""The image is built and started when anything it is made of has changed since it last passed.

`GATEHOUSE_IMAGE_TEST=1` forces it. Both builds and the machine's disk lie in a temporary folder
that is removed; `GATEHOUSE_IMAGE_KEEP=DIR` keeps them there. `GATEHOUSE_IMAGE_BUILT=DIR` builds
nothing and takes the image in that folder, for one who works on a test of what it does.
"""

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from appliance.caches import cache_folder
from appliance.imaging import disk
from appliance.imaging.build import Image, Wanted, build_image
from appliance.imaging.packages import IMAGES, PackagesGone, PackageStore
from appliance.provisioning.places import source_tree

from .machine import FIRMWARE

HERE = Path(__file__).parent
FORCED = os.environ.get("GATEHOUSE_IMAGE_TEST") == "1"
KEPT = os.environ.get("GATEHOUSE_IMAGE_KEEP")
BUILT = os.environ.get("GATEHOUSE_IMAGE_BUILT")
MADE_OF = (
    *("images", "appliance", "roles", "inventory", "collections", "provision.yml", "ansible.cfg"),
    *("locks/runtime.txt", "pyproject.toml", "tests/image"),
)
FIGURES = pytest.StashKey[list[str]]()


@cache
def stamp() -> Path:
    """The file that is there when just this has passed on this machine.

    Asked once, before anything is built: what is edited meanwhile has not passed.
    """
    digest = hashlib.sha256()
    clone = source_tree()
    for name in MADE_OF:
        place = clone / name
        for file in [place] if place.is_file() else sorted(place.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(f"{file.relative_to(clone)}\0".encode() + file.read_bytes())
    return cache_folder(IMAGES) / f"passed-{digest.hexdigest()[:16]}"


def _why_not() -> str | None:
    if os.geteuid() != 0:
        return "an image is built as root: sudo make test-image"
    tools = ("mmdebstrap", "unshare", "zstd", "qemu-system-x86_64")
    missing = [tool for tool in tools if shutil.which(tool) is None] + disk.missing_tools()
    if missing or not FIRMWARE.is_dir():
        return f"the image test needs {', '.join(missing) or 'ovmf'}: scripts/setup --image"
    if stamp().exists() and not (FORCED or BUILT):
        return (
            "THE IMAGE WAS NOT BUILT: nothing it is made of has changed since it last passed here "
            "(GATEHOUSE_IMAGE_TEST=1 forces it)"
        )
    return None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark every test of this folder, and say why it cannot run where it cannot."""
    mine = [item for item in items if HERE in item.path.parents]
    if not mine:
        return
    why_not = _why_not()
    for item in mine:
        item.add_marker(pytest.mark.image)
        item.add_marker(pytest.mark.xdist_group("image"))
        if why_not:
            item.add_marker(pytest.mark.skip(reason=why_not))


@dataclass(frozen=True)
class Built:
    """An image and how long it took."""

    image: Image
    seconds: float

    def file(self, ending: str) -> Path:
        """Its file with this ending."""
        (found,) = (path for path in self.image.files if path.name.endswith(ending))
        return found


@pytest.fixture(scope="session")
def workshop() -> Iterator[Path]:
    """A folder with much room."""
    if KEPT:
        folder = Path(KEPT)
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
    else:
        with tempfile.TemporaryDirectory(prefix="gatehouse-image-") as temporary:
            yield Path(temporary)


@pytest.fixture(scope="session")
def builds(workshop: Path, pytestconfig: pytest.Config) -> tuple[Built, Built]:
    """The same image twice, in folders of different names, one after the other."""
    if BUILT:
        files = tuple(sorted(Path(BUILT).iterdir()))
        ready = Built(Image(next(f for f in files if f.suffix == ".img").stem, files), 0.0)
        return ready, ready
    os.nice(19)  # `make test` boots the system test's guest beside
    made = []
    for name in ("first", "second-with-another-name"):
        begun = time.monotonic()
        store = PackageStore(cache_folder(IMAGES) / "packages")
        try:
            image = build_image(Wanted(None, None, workshop / name), store, lambda _: None)
        except PackagesGone as gone:  # Debian has moved on: a matter of the lock, not of this code
            pytest.skip(f"THE IMAGE WAS NOT BUILT: {gone}")
        made.append(Built(image, time.monotonic() - begun))
    first, second = made
    sizes = ", ".join(
        f"{path.name.removeprefix(first.image.name)} {path.stat().st_blocks * 512 >> 20} MiB"
        for path in first.image.files
        if path.stat().st_size > 1 << 20
    )
    tell(pytestconfig, f"image built in {first.seconds:.0f} s and {second.seconds:.0f} s: {sizes}")
    return first, second


def tell(config: pytest.Config, line: str) -> None:
    """Keep a figure for the summary."""
    config.stash.setdefault(FIGURES, []).append(line)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note which of this folder's tests passed and which did not."""
    if "tests/image/" in report.nodeid and (report.when == "call" or report.failed):
        _OUTCOMES[report.nodeid] = report.passed and _OUTCOMES.get(report.nodeid, True)


_OUTCOMES: dict[str, bool] = {}


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Leave the stamp when every test of this folder was run and passed."""
    mine = {item.nodeid for item in session.items if HERE in item.path.parents}
    whole = {test for test in mine if _OUTCOMES.get(test)}
    if (
        whole
        and not BUILT
        and whole == mine
        and {path.name for path in HERE.glob("test_*.py")}
        <= {test.split("::")[0].rpartition("/")[2] for test in mine}
    ):
        stamp().parent.mkdir(parents=True, exist_ok=True)
        stamp().touch()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Build time, sizes, time to the first passage."""
    for line in config.stash.get(FIGURES, []):
        terminalreporter.write_line(line)
