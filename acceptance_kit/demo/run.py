"""`gatehouse demo`: bring the site up, let vehicles pass, tell of each, end everything."""

import json
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import FrameType

from rich.console import Console

from acceptance_kit.demo.lines import passage_line, truth_line
from acceptance_kit.demo.script import DRAWN, Script, script_from_photos
from acceptance_kit.demo.site import DemoFault, DemoSite, demo_site
from acceptance_kit.demo.summary import Summary, outcomes, summarise
from appliance.clock import SystemClock
from appliance.guideline.dictionaries import RaiseMethod
from appliance.profile.loading import load_profile
from appliance.profile.model import Reader
from appliance.runtime.journal import Journal
from appliance.runtime.journal.values import (
    Decision,
    OutboxState,
    Receipt,
    RecordedPassage,
)
from appliance.runtime.supervision import programs

READY_SECONDS = 90
SETTLE_SECONDS = 2.0
"""Time for the lanes to learn how they look when empty."""

LAST_RECEIPT_SECONDS = 60
GUARD_WAITS = timedelta(seconds=1.5)
"""How long a refused vehicle stands before the demo's guard raises the bar by hand."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What the user asked for."""

    profile: Path
    root: Path
    once: bool = False
    images: Path | None = None
    limit: int | None = None
    reader: Reader | None = None


def run_demo(options: DemoOptions, console: Console) -> int:
    """Run the demo; returns the exit code. Raises what keeps it from starting."""
    barriers = tuple(lane.barrier.id for lane in load_profile(options.profile).lanes())
    script = script_of(options, barriers)
    signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        with demo_site(
            options.profile,
            script,
            root=options.root.resolve(),
            repeat=not options.once,
            reader=options.reader,
            say=lambda text: console.print(f"[dim]{text}[/dim]"),
        ) as site:
            return Demo(site, options, console).run()
    except KeyboardInterrupt:
        console.print("[dim]已停止，演示启动的程序都已结束。[/dim]")
        return 0 if not options.once else 130


def _as_interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def script_of(options: DemoOptions, barriers: tuple[str, ...]) -> Script:
    """Which vehicles come: drawn ones, or those of the photos. Raises TruthFault or DemoFault."""
    if options.images:
        return script_from_photos(options.images, barriers, options.limit)
    missing = [barrier for barrier in barriers if barrier not in DRAWN]
    if missing:
        raise DemoFault(
            f"演示没有道闸 {'、'.join(missing)} 的车辆；请使用 site_profiles/demo.yaml。"
        )
    return {barrier: DRAWN[barrier][: options.limit] for barrier in barriers}


class Demo:
    """One run over a site that is up."""

    def __init__(self, site: DemoSite, options: DemoOptions, console: Console) -> None:
        self._site = site
        self._options = options
        self._console = console
        self._clock = SystemClock()
        self._journal = Journal.open(site.root, self._clock)
        self._told: set[int] = set()
        self._raised: set[int] = set()

    def run(self) -> int:
        try:
            seconds = self.let_vehicles_pass()
            return self._finish(seconds) if self._options.once else 0
        finally:
            self._journal.close()

    def let_vehicles_pass(self) -> float:
        """Wait for the programs, then tell of each vehicle; returns how many seconds they took."""
        self._wait_until_ready()
        began = self._clock.monotonic()
        for camera in self._site.cameras.values():
            camera.begin()
        self._watch()
        return self._clock.monotonic() - began

    def _wait_until_ready(self) -> None:
        profile = self._site.profile
        self._console.print(f"[bold]{profile.enterprise.name}[/bold]  模拟画面 synthetic scenes")
        self._console.print(f"状态页 {self._site.status_page}")
        if self._site.entry_page:
            self._console.print(f"补录页 {self._site.entry_page}")
        wanted = {program.name for program in programs(profile)}
        deadline = self._clock.monotonic() + READY_SECONDS
        with self._console.status("等待各程序启动…") as status:
            while True:
                fine = {beat.program for beat in self._journal.heartbeats() if beat.ok}
                missing = sorted(wanted - fine)
                if not missing:
                    break
                status.update(f"等待 {'、'.join(missing)} 启动…")
                if self._site.supervisor.poll() is not None or self._clock.monotonic() > deadline:
                    logs = self._site.root / "log"
                    raise DemoFault(f"{'、'.join(missing)} 没有启动，请看 {logs} 下的日志。")
                self._clock.sleep(0.2)
        self._clock.sleep(SETTLE_SECONDS)

    def _watch(self) -> None:
        """Tell of each passage when its receipt is there; in a `once` run, until the last."""
        give_up: float | None = None
        while True:
            passages = self._passages()
            for passage in passages:
                self._tell(passage)
            if self._options.once and all(c.finished.is_set() for c in self._site.cameras.values()):
                give_up = give_up or self._clock.monotonic() + LAST_RECEIPT_SECONDS
                # A last look after the lane had time to notice that the last vehicle has gone.
                quiet = self._clock.monotonic() > give_up - LAST_RECEIPT_SECONDS + 5
                if quiet and all(passage.id in self._told for passage in passages):
                    return
                if self._clock.monotonic() > give_up:
                    return
            self._clock.sleep(0.2)

    def _passages(self) -> Sequence[RecordedPassage]:
        return self._journal.passages_after(0, limit=100_000)

    def _tell(self, passage: RecordedPassage) -> None:
        if passage.id in self._told:
            return
        self._play_guard(passage)
        receipt = self._receipt(passage)
        if receipt:
            self._told.add(passage.id)
            self._console.print(passage_line(passage, receipt))

    def _play_guard(self, passage: RecordedPassage) -> None:
        """The demo's guard: raises the bar by hand for a vehicle that was refused."""
        refused = passage.admission.decision is Decision.REFUSE
        waiting = passage.raise_method is RaiseMethod.AUTOMATIC and passage.id not in self._raised
        if refused and waiting and self._clock.now() - passage.passed_at > GUARD_WAITS:
            self._raised.add(passage.id)
            self._console.print(
                f"[dim]{passage.plate} 被拒绝（{passage.admission.reason}），门卫手动抬杆[/dim]"
            )
            self._site.relays[passage.barrier].press_button()

    def _receipt(self, passage: RecordedPassage) -> Receipt | None:
        """The platform's positive answer to the passage's message."""
        for message in self._journal.messages(passage.id):
            if message.state is OutboxState.DONE:
                return self._journal.receipts(message.id)[-1]
        return None

    def _finish(self, seconds: float) -> int:
        passages = self._passages()
        acknowledged = {passage.id for passage in passages if self._receipt(passage)}
        cameras = self._site.cameras
        shown = {barrier: camera.appearances() for barrier, camera in cameras.items()}
        found = outcomes(shown, passages, acknowledged)
        summary = summarise(found, len(passages), seconds)
        for outcome in found:
            if not outcome.correct or not outcome.acknowledged:
                self._console.print(truth_line(outcome))
        # One JSON object, alone on the last line, for machines.
        print(json.dumps(summary.as_dict(), ensure_ascii=False), flush=True)  # noqa: T201
        return 0 if self._satisfied(summary) else 1

    def _satisfied(self, summary: Summary) -> bool:
        """Drawn vehicles must all be read rightly; of real photos the reading is reported."""
        read = self._options.images is not None or summary.correct == summary.vehicles
        return summary.complete and read
