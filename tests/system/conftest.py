"""One bare box, provisioned by the installer's own command: fixture `appliance`.

The whole folder carries the marker `system` and needs root and systemd-nspawn; where it cannot run
it says so in a sentence. Set `GATEHOUSE_SYSTEM_BED=NAME` to name the bed and leave it running
afterwards; a bed of that name that is up and provisioned is used as it stands.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from isolation import why_not_isolated

from .bed import Bed
from .gate import Neighbour, neighbour, standard_time
from .gate_at_work import Gate, gate_at_work
from .installer import Installer, Provisioning

HERE = Path(__file__).parent
KEPT = os.environ.get("GATEHOUSE_SYSTEM_BED")
CAMERAS = pytest.StashKey[Neighbour]()
TIMINGS = pytest.StashKey[list[str]]()


FIELD = {"test_acceptance.py", "test_drills.py"}
"""What a field engineer does; alone by `make test-field`."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder, and say why it cannot run where it cannot.

    The field engineer comes last, to a box that the installer has left: his gate's past takes the
    place of what was recorded so far.
    """
    items.sort(key=lambda item: HERE in item.path.parents and item.path.name in FIELD)
    why_not = _why_not()
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.field if item.path.name in FIELD else pytest.mark.system)
            item.add_marker(pytest.mark.xdist_group("system"))
            if why_not:
                item.add_marker(pytest.mark.skip(reason=why_not))


def _why_not() -> str | None:
    if isolated := why_not_isolated():
        return f"the system test boots a Debian guest, but {isolated}: sudo make test-system"
    tools = ("systemd-nspawn", "mmdebstrap", "nsenter", "unshare", "ip", "ssh", "mkfs.xfs")
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        return f"the system test needs {', '.join(missing)}: scripts/setup --system"
    return None


@pytest.fixture(scope="session")
def box(pytestconfig: pytest.Config) -> Iterator[Bed]:
    """A booted bare box with its neighbours; standard time is served on the platform side."""
    guest = Bed(KEPT or f"gh-system-{os.getpid()}")
    with ExitStack() as undo:
        if not KEPT:
            undo.callback(guest.down)
        if not (KEPT and guest.folder.exists()):
            guest.up()
        undo.enter_context(standard_time(guest))
        onvif = neighbour(guest.camera_lan, "onvif")
        pytestconfig.stash[CAMERAS] = undo.enter_context(onvif)
        yield guest


@pytest.fixture(scope="session")
def cameras(box: Bed, pytestconfig: pytest.Config) -> Neighbour:
    """The cameras' ONVIF side, to be told faults (`neighbours.onvif`)."""
    return pytestconfig.stash[CAMERAS]


@pytest.fixture(scope="session")
def installer(box: Bed, tmp_path_factory: pytest.TempPathFactory) -> Installer:
    """The installer's desk on the platform side."""
    return Installer(box, tmp_path_factory.mktemp("installer"))


@pytest.fixture(scope="session")
def first_provisioning(installer: Installer, pytestconfig: pytest.Config) -> Provisioning:
    """What the installer's command did to the bare box."""
    return _provisioned(installer, pytestconfig, "first")


@pytest.fixture(scope="session")
def provisioning(
    first_provisioning: Provisioning, installer: Installer, pytestconfig: pytest.Config
) -> tuple[Provisioning, Provisioning]:
    """The same, and what it did the second time, with nothing in between."""
    return first_provisioning, _provisioned(installer, pytestconfig, "second")


def _provisioned(installer: Installer, config: pytest.Config, which: str) -> Provisioning:
    begun = time.monotonic()
    done = installer.provision()
    assert done.ok, f"{which} provision: {done.said}"
    took = time.monotonic() - begun
    config.stash.setdefault(TIMINGS, []).append(
        f"{which} provision {took:.0f} s ({done.changed} changed)"
    )
    return done


@pytest.fixture(scope="session")
def appliance(box: Bed, request: pytest.FixtureRequest) -> Bed:
    """The box, a gate appliance now."""
    if not (
        KEPT and box.run(["test", "-e", "/etc/gatehouse/firewall.nft"], check=False).returncode == 0
    ):
        # The second run comes right after the first, where a test that was chosen asks for it.
        chosen = (getattr(item, "fixturenames", ()) for item in request.session.items)
        twice = any("provisioning" in names for names in chosen)
        request.getfixturevalue("provisioning" if twice else "first_provisioning")
    return box


@pytest.fixture(scope="session")
def gate(
    appliance: Bed,
    installer: Installer,
    cameras: Neighbour,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Gate]:
    """The appliance at work among its neighbours, for the field engineer."""
    with gate_at_work(appliance, installer, cameras, tmp_path_factory.mktemp("gate")) as ready:
        yield ready


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """How long provisioning took."""
    for line in config.stash.get(TIMINGS, []):
        terminalreporter.write_line(line)
