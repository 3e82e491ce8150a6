"""What a drill is, and what it works with.

A drill breaks one thing on a working gate, watches the gate mend itself, and mends what it broke.
The caller shows `effect` and `bound` before, and has a person confirm it (or `--yes`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from testinfra.host import Host

from acceptance_kit.box import Box, BoxTrouble, State
from acceptance_kit.findings import KIT, Finding, Means, Verdict
from acceptance_kit.proof import Proof
from acceptance_kit.subjects import About
from appliance.clock import Clock
from appliance.profile.box import Machine, UpsDriver
from appliance.profile.model import Profile
from appliance.runtime.supervision import programs

Tell = Callable[[str], None]
LOOK_SECONDS = 2.0
"""Between two looks at the box: each starts a program there."""


class CannotDrill(Exception):
    """The gate is not in a state to be drilled, or cannot be; a Chinese sentence for 未检."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a drill takes place: the box, what it should be, and whom to tell how it goes.

    `profile` is this machine's part of the site.
    """

    drill: "Drill"
    box: Box
    profile: Profile
    machine: Machine
    clock: Clock
    tell: Tell

    @property
    def programs(self) -> tuple[str, ...]:
        """The programs of this machine that have a heartbeat."""
        return tuple(program.name for program in programs(self.profile))

    def ill(self, state: State) -> list[str]:
        """Which of them did not say a moment ago that they are well."""
        return [name for name in self.programs if not state.well(name)]

    def begin(self) -> State:
        """The state before; raises CannotDrill when the gate is not well, for then nothing that
        is seen afterwards would be the drill's doing."""
        state = self.box.state()
        if ill := self.ill(state):
            said = "；".join(
                f"{name} {state.beats[name].detail if name in state.beats else '没有心跳'}"
                for name in ill
            )
            raise CannotDrill(f"演练前系统就不正常（{said}），请先排除故障。")
        return state

    def states(self, seconds: float, *words: str) -> Iterator[State]:
        """The state again and again, for so long; a box that does not answer is asked again."""
        end = self.clock.monotonic() + seconds
        while True:
            try:
                yield self.box.state(*words)
            except BoxTrouble:
                if self.clock.monotonic() >= end:
                    raise
            if self.clock.monotonic() >= end:
                return
            self.clock.sleep(LOOK_SECONDS)

    def wait(self, condition: Callable[[State], bool], seconds: float, *words: str) -> State | None:
        """The first state of which the condition holds; None when there was none in time."""
        return next((state for state in self.states(seconds, *words) if condition(state)), None)

    def nothing_lost(self, before: State) -> str:
        """A sentence on what a drill cost, empty when all that was recorded is still there."""
        verified = self.box.gatehouse(
            "journal", "verify", "--no-photos", "--expect-head", before.chain_head
        )
        if verified.rc == 1:
            return f"记录链核对不通过：{verified.stdout.strip()}"
        if verified.rc:
            return f"记录链无法核对：{verified.stderr.strip()}"
        after = self.box.state()
        if after.newest_passage < before.newest_passage:
            return (
                f"记录少了：演练前到 {before.newest_passage} 号，演练后到 {after.newest_passage} 号"
            )
        if after.aside > before.aside:
            aside = after.aside - before.aside
            return f"演练中有 {aside} 条报文被搁置，请用 gatehouse uplink aside 查看"
        return ""

    def found(
        self,
        name: str,
        title: str,
        verdict: Verdict,
        *,
        clauses: tuple[str, ...] = (),
        subject: str | None = None,
        measured: str = "",
        bound: str = "",
        reason: str = "",
    ) -> Finding:
        """A finding of this drill; `clauses` are the drill's unless given, and it is about the
        machine unless `subject` says otherwise."""
        return Finding(
            item=f"drill.{name}",
            clauses=clauses or self.drill.clauses,
            title=title,
            verdict=verdict,
            means=Means.DRILL,
            by=KIT,
            at=self.clock.now(),
            subject=subject or self.machine.name,
            measured=measured,
            bound=bound,
            reason=reason,
            method=self.drill.effect,
        )


@dataclass(frozen=True, slots=True)
class Drill:
    """One drill.

    Args:
        name: its item is `drill.NAME`; further findings of it have names of their own.
        title: one Chinese sentence: what must hold.
        clauses: the guideline's demands that it speaks to.
        bound: the longest that the gate is disturbed; the box mends itself after that.
        effect: one Chinese sentence: what it does to the gate, shown before.
        work: does it; raises CannotDrill, or BoxTrouble.
        by_hand: somebody has to stand at the machine; see `needs_hands`.
        more: what further findings of it answer for, each about the machine.
        about: what its own findings are about.
    """

    name: str
    title: str
    clauses: tuple[str, ...]
    bound: timedelta
    effect: str
    work: Callable[[Ground], tuple[Finding, ...]] = field(repr=False)
    by_hand: bool = False
    more: tuple[Proof, ...] = ()
    about: About = About.MACHINE

    def needs_hands(self, profile: Profile) -> bool:
        """Whether somebody has to stand at the machine; a simulated UPS has no plug to pull."""
        simulated = profile.ups is not None and profile.ups.driver is UpsDriver.DUMMY
        return self.by_hand and not simulated

    @property
    def proofs(self) -> tuple[Proof, ...]:
        """All that it answers for."""
        own = Proof(f"drill.{self.name}", self.clauses, self.title, Means.DRILL, self.about)
        return (own, *self.more)

    def run(
        self, host: Host, profile: Profile, machine: Machine, clock: Clock, tell: Tell
    ) -> tuple[Finding, ...]:
        """Do it on a box as `gatehouse provision` leaves it; never raises for what the box does."""
        return self.on(Box(host), profile, machine, clock, tell)

    def on(
        self, box: Box, profile: Profile, machine: Machine, clock: Clock, tell: Tell
    ) -> tuple[Finding, ...]:
        """The same on a box that is reached another way."""
        ground = Ground(self, box, profile.part_of(machine), machine, clock, tell)
        try:
            return self.work(ground)
        except (CannotDrill, BoxTrouble) as why:
            return tuple(
                ground.found(
                    demand.item.removeprefix("drill."),
                    demand.title,
                    Verdict.UNTESTED,
                    clauses=demand.clauses,
                    reason=str(why),
                )
                for demand in self.proofs
            )


def seconds_between(first: datetime, last: datetime) -> str:
    """A span in seconds, for people."""
    return f"{max(0.0, (last - first).total_seconds()):.0f} 秒"
