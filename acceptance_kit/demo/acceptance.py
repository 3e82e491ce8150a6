"""The demo site as something to accept: it comes up, vehicles pass, then the kit is let in."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from acceptance_kit.checks.place import Place
from acceptance_kit.checks.running import Target
from acceptance_kit.demo.run import Demo, DemoOptions, script_of
from acceptance_kit.demo.site import DemoSite, demo_site
from acceptance_kit.reaching import Site
from appliance.cameras import configure_cameras
from appliance.clock import SystemClock
from appliance.profile.loading import load_profile
from appliance.profile.secrets import SecretStore

PROFILE = Path("site_profiles/demo.yaml")
ANSWERS = Path(__file__).with_name("answers.yaml")
VEHICLES = 3
"""A lane; enough for photos, receipts and a refused vehicle whose bar is raised by hand."""


@contextmanager
def demo_to_accept(profile: Path, console: Console) -> Iterator[Site]:
    """A demo site after its vehicles have passed; everything is ended and removed on leaving."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-demo-") as folder:
        root = Path(folder) / "site"
        options = DemoOptions(profile, root, once=True, limit=VEHICLES)
        barriers = tuple(lane.barrier.id for lane in load_profile(profile).lanes())
        with demo_site(
            profile,
            script_of(options, barriers),
            root=root,
            repeat=False,
            say=lambda text: console.print(f"[dim]{text}[/dim]"),
            onvif=True,
        ) as demo:
            configure_cameras(demo.profile, SecretStore(root / "secrets"), SystemClock())
            Demo(demo, options, console).let_vehicles_pass()
            yield _site(demo)


def _site(demo: DemoSite) -> Site:
    place = Place(
        command=(sys.executable, "-m", "appliance"),
        profile=str(demo.root / "profile.yaml"),
        secrets=str(demo.root / "secrets"),
        is_demo=True,
    )
    names = [machine.name for machine in demo.profile.machines]
    targets = tuple(Target(name, place=place) for name in names)
    return Site(demo.profile, demo.root / "profile.yaml", targets)
