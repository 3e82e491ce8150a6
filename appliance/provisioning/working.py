"""From the command line's wishes to a run of the playbook, shown while it goes."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from appliance.clock import SystemClock
from appliance.provisioning.offline import bundle_variables
from appliance.provisioning.outcome import MachineOutcome, Outcome
from appliance.provisioning.playbook import Play, run_play
from appliance.provisioning.progress import Progress
from appliance.provisioning.session import Session, Wanted, session
from appliance.provisioning.vault import need_ansible
from appliance.trouble import Trouble


@dataclass(frozen=True, slots=True)
class PlayOptions:
    """What is particular to one run. `verb` names its log."""

    verb: str
    check: bool = False
    bundle: Path | None = None
    log: Path | None = None
    inventories: tuple[Path, ...] = ()


@contextlib.contextmanager
def play_of(wanted: Wanted, options: PlayOptions) -> Iterator[Play]:
    """A run of the playbook on boxes that have passed every question; raises Trouble."""
    need_ansible()
    if options.bundle is not None and not options.bundle.exists():
        raise Trouble(f"没有安装包 {options.bundle}。请核对 --bundle 的路径。")
    absent = [str(source) for source in options.inventories if not source.exists()]
    if absent:
        raise Trouble(f"没有清单 {'、'.join(absent)}。请核对 --inventory 的路径。")
    with session(wanted, with_secrets=True) as ready:
        if options.check:
            _refuse_bare(ready)
        bundle = {} if options.bundle is None else bundle_variables(options.bundle)
        yield Play(
            profile_file=wanted.profile_file,
            reach=ready.reach,
            secrets=ready.secrets,
            log=options.log or ready.state.log_file(options.verb, SystemClock().now()),
            check=options.check,
            become_password=ready.become_password,
            inventories=options.inventories,
            variables=bundle,
        )


def run_and_show(play: Play, progress: Progress) -> Outcome:
    """Run to the end, each event shown as it comes; whatever ends it, the terminal is as before."""
    outcome = Outcome({box.name: MachineOutcome() for box in play.reach.boxes})
    with progress, contextlib.closing(run_play(play)) as events:
        for event in events:
            outcome.take(event)
            progress.take(event)
    return outcome


def _refuse_bare(ready: Session) -> None:
    """Comparing needs Python on the box, and putting it there would be a change."""
    bare = [name for name, facts in ready.facts.items() if not facts.python]
    if bare:
        raise Trouble(
            f"工控机 {'、'.join(bare)} 还没有 Python，不安装就无法比较。"
            "请先执行 gatehouse provision。"
        )
