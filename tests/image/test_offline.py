"""A site without internet: a bare box that no archive answers is made a gate from the bundle that
comes with the image.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from isolation import why_not_isolated
from system.bed import Bed
from system.gate import neighbour, standard_time
from system.installer import Installer

from .conftest import Built, tell


@pytest.fixture(scope="module")
def bare() -> Iterator[Bed]:
    """The system test's bare box among its neighbours, cut off from every archive."""
    if isolated := why_not_isolated():
        pytest.skip(f"the offline test boots a Debian guest, but {isolated}")
    box = Bed(f"gh-offline-{os.getpid()}")
    with ExitStack() as undo:
        undo.callback(box.down)
        box.up()
        undo.enter_context(standard_time(box))
        undo.enter_context(neighbour(box.camera_lan, "onvif"))
        box.run(["rm", "/etc/apt/apt.conf.d/50bed", "/etc/apt/sources.list.d/debian.sources"])
        assert box.run(["apt-get", "install", "--yes", "chrony"], check=False).returncode != 0
        yield box


def test_a_box_that_reaches_no_archive_is_provisioned_from_the_images_bundle(
    builds: tuple[Built, Built], bare: Bed, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    bundle = ("--bundle", str(builds[0].file(".offline.tar")))
    installer = Installer(bare, tmp_path)
    first = installer.provision(*bundle)
    assert first.ok, first.said
    again = installer.provision(*bundle)
    assert again.ok, again.said
    assert again.changed == 0, again.changes
    assert bare.run(["systemctl", "is-active", "gatehouse"]).stdout == "active\n"
    tell(pytestconfig, f"provisioned from {Path(bundle[1]).name} with no archive: ok")
