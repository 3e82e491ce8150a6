"""The bench: what takes its time is done here, one job at once, and can be looked at meanwhile.

The jobs are done by the thread that calls `work`, the kit's main one: an interrupt (Ctrl-C) then
ends a drill just as it does in a terminal, by its undo. Pages only order and look.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from acceptance_kit.acceptance import Acceptance
from acceptance_kit.drills import CannotDrill
from acceptance_kit.findings import Finding
from acceptance_kit.parts import Hand
from acceptance_kit.steps import Kind, Step
from appliance.clock import Clock
from appliance.trouble import Trouble

log = logging.getLogger(__name__)

STOPPED = "现场人员中途停止了演练，所做的改动已撤销（手动断开的请手动恢复）；请准备好以后再做。"
FAILED = "出现未预料的错误，详情在运行 gatehouse accept 的终端上。已得到的结果都已保存。"
LOOK_SECONDS = 0.5
ALWAYS = {Kind.QUESTION, Kind.TRIAL, Kind.FORMS}
"""What is done anew before every filling: it costs a moment, and people may have answered."""


@dataclass(frozen=True, slots=True)
class Job:
    """Steps to be done one after the other under one title.

    Args:
        title: what people call it.
        steps: in their order.
        confirmed: whether a person standing at the gate has let its drill begin.
        bound: the longest that the gate is disturbed, for a drill.
    """

    title: str
    steps: tuple[Step, ...]
    confirmed: bool = False
    bound: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is. `number` counts the jobs; `planned` is how many findings are to come."""

    number: int
    job: Job
    began_at: datetime
    ended_at: datetime | None = None
    planned: int = 0
    found: tuple[Finding, ...] = ()
    said: tuple[str, ...] = ()
    trouble: str = ""
    stopping: bool = False

    @property
    def running(self) -> bool:
        """Whether it is still being done."""
        return self.ended_at is None


@dataclass(slots=True)
class Bench:
    """Where one job at once is done."""

    acceptance: Acceptance
    clock: Clock
    _now: Progress | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ordered: threading.Event = field(default_factory=threading.Event)
    _stop: threading.Event = field(default_factory=threading.Event)

    @property
    def count(self) -> int:
        """How many jobs have been ordered."""
        return self._now.number if self._now else 0

    def look(self) -> Progress | None:
        """The job that is being done, or the last one."""
        return self._now

    @property
    def busy(self) -> bool:
        """Whether a job is being done."""
        return self._now is not None and self._now.running

    def order(self, job: Job, after: int) -> bool:
        """Order a job; False when one is under way, or when another has been since the number
        `after` was shown: what was decided upon an old page is decided anew."""
        with self._lock:
            if self.busy or after != self.count:
                return False
            self._stop.clear()
            self._now = Progress(after + 1, job, self.clock.now())
            self._ordered.set()
            return True

    def stop(self) -> None:
        """Break the drill off that is under way; its undo runs, and it is 未检."""
        with self._lock:
            if self._now and self.busy and self._now.job.bound is not None:
                self._now = replace(self._now, stopping=True)
                self._stop.set()

    def work(self, over: Callable[[], bool]) -> None:
        """Do what is ordered until `over`."""
        while not over():
            if self._ordered.wait(LOOK_SECONDS):
                self._ordered.clear()
                self._do()

    def _do(self) -> None:
        progress = self._now
        if progress is None:
            return
        job, trouble = progress.job, ""
        try:
            self.acceptance.look_again()
            self._plan(job)
            for step in job.steps:
                for finding in self.acceptance.do(step, self._hand(job)):
                    self._tell(found=finding)
        except Trouble as why:
            trouble = str(why)
        except Exception:
            log.exception("%s", job.title)
            trouble = FAILED
        finally:
            # An interrupt ends the program: what was found is sealed before.
            self.acceptance.seal()
            self.acceptance.look_again()
            with self._lock:
                self._now = replace(self._seen, ended_at=self.clock.now(), trouble=trouble)

    def _hand(self, job: Job) -> Hand:
        return Hand(
            tell=lambda sentence: self._tell(said=sentence),
            attended=True,
            confirm=lambda _: job.confirmed,
            clock=_Stoppable(self.clock, self._stop),
        )

    @property
    def _seen(self) -> Progress:
        assert self._now is not None  # noqa: S101 - only asked while a job is done
        return self._now

    def _plan(self, job: Job) -> None:
        """How many findings are to come: what is shown already is made anew by a question only."""
        count = 0
        for step in job.steps:
            asks = step.kind is Kind.QUESTION
            count += len(step.names) if asks else len(self.acceptance.wanted(step))
        with self._lock:
            self._now = replace(self._seen, planned=count)

    def _tell(self, found: Finding | None = None, said: str = "") -> None:
        with self._lock:
            seen = self._seen
            if found is not None:
                self._now = replace(seen, found=(*seen.found, found))
            else:
                self._now = replace(seen, said=(*seen.said, said))


@dataclass(frozen=True, slots=True)
class _Stoppable:
    """The kit's clock, by which a drill waits; when asked to stop, its next pause is its end."""

    clock: Clock
    stop: threading.Event

    def now(self) -> datetime:
        return self.clock.now()

    def monotonic(self) -> float:
        return self.clock.monotonic()

    def sleep(self, seconds: float) -> None:
        self.clock.sleep(seconds)
        if self.stop.is_set():
            self.stop.clear()
            raise CannotDrill(STOPPED)


def job_of(step: Step) -> Job:
    """A step by itself, as ordered by somebody who stands at the gate."""
    if step.kind is Kind.DRILL and step.drill:
        return Job(f"演练：{step.drill.title}", (step,), True, step.drill.bound)
    return Job(step.stage, (step,))


def last_job(acceptance: Acceptance) -> Job:
    """The forms, and before them what a run in a terminal would have come by: what needs nobody is
    done, what nobody answered or let begin is 未检."""
    known = {finding.name for finding in acceptance.folder.findings()}
    before = []
    for step in acceptance.steps():
        unseen = any(name not in known for name in step.names)
        if step.kind in ALWAYS or unseen:
            before.append(step)
    return Job(str(Kind.FORMS), tuple(before))
