"""The uplink's loop: what is due goes out, a window of it at a time, and waits for its answers.

Nothing is given up (7.2). A fault of the line, or no answer in time, is tried again under the
same QN with growing pauses; only positive answers to its QNs take a message off the outbox, and
only what repeating cannot cure is set aside for an operator (7.4).

A turn of the loop: fill the window (`departures` says with what), hear what has come (`arrivals`
keeps answers, `commands` gives some), and let go of what was waited for in vain. `flight` is the
table of what is under way.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import timedelta

from appliance.clock import Clock
from appliance.guideline.messages import Result
from appliance.profile.model import Profile
from appliance.profile.secrets import SecretStore
from appliance.runtime.journal import Journal
from appliance.runtime.journal.values import OutboxItem, OutboxState
from appliance.runtime.uplink.alarms import UplinkAlarms
from appliance.runtime.uplink.arrivals import Arrivals
from appliance.runtime.uplink.cameras import CameraNews
from appliance.runtime.uplink.commands import Commands, Context
from appliance.runtime.uplink.departures import Departures
from appliance.runtime.uplink.dialect import HJ212Dialect, Reply
from appliance.runtime.uplink.flight import Flight
from appliance.runtime.uplink.frame import FrameFault
from appliance.runtime.uplink.link import Link, LinkDown
from appliance.runtime.uplink.loading import Loader
from appliance.runtime.uplink.patience import Patience
from appliance.runtime.uplink.pauses import Pauses
from appliance.runtime.uplink.pulse import BEAT_SECONDS, Pulse
from appliance.runtime.uplink.results import Consequence
from appliance.runtime.uplink.status import StatusNews

log = logging.getLogger(__name__)

# A connection that lived this long was a sound one, whatever ended it while nothing was due.
_SOUND_SECONDS = 10.0
_NEWS_SECONDS = 0.2

News = Callable[[], None]
"""Asked now and then; queues a message when there is something to say."""


class _Stopped(Exception):
    """The process is to end; leaves every wait."""


class Sender:
    """One uplink process's work; everything it must not forget is in the journal."""

    def __init__(
        self,
        profile: Profile,
        journal: Journal,
        clock: Clock,
        stop: threading.Event,
        *,
        secrets: SecretStore,
        news: Sequence[News] = (),
    ) -> None:
        uplink = profile.uplink
        self._uplink = uplink
        self._journal = journal
        self._clock = clock
        self._stop = stop
        self._news = news
        self._dialect = HJ212Dialect.of(uplink.dialect)
        self._loader = Loader(profile, journal, secrets)
        self._departures = Departures(uplink, journal, clock, self._loader)
        self._patience = Patience(uplink, journal)
        self._commands = Commands(profile.mn, Context(journal, clock, self._patience))
        self._pauses = Pauses(uplink.retry_pause_seconds, uplink.retry_pause_limit_seconds)
        self._arrivals = Arrivals(journal, clock, self._pauses)
        self._pulse = Pulse(journal, clock)
        self._flight = Flight()
        self._failures = 0  # of the line, in a row
        self._alone = 0  # messages that still have to go one by one
        self._silent_since: float | None = None  # waiting and nothing heard
        self._lost_answers = False  # on this connection
        self._bare_answers = False  # this platform answers without QN
        self._quiet_until = self._next_news = clock.monotonic()

    def run(self) -> None:
        """Work until `stop` is set; errors of the journal's disk end it too (sqlite3, OSError)."""
        log.info("uplink to %s:%d begins", self._uplink.host, self._uplink.port)
        try:
            while True:
                self._idle()
                self._connection()
        except _Stopped:
            log.info("uplink ends")
            self._pulse.end()
        finally:
            self._loader.close()

    def _connection(self) -> None:
        """One connection from its beginning to its end, and the pause behind it."""
        began = self._clock.monotonic()
        try:
            with closing(
                Link.connect(
                    self._uplink.host,
                    self._uplink.port,
                    seconds=self._patience.seconds,
                    clock=self._clock,
                    idle=self._idle,
                    reader=self._dialect.reply_reader,
                )
            ) as link:
                log.info("connected")
                began = self._clock.monotonic()
                self._silent_since, self._lost_answers = None, False
                self._pulse.say(True, "已连接平台")
                while True:
                    self._fill(link)
                    self._hear(link)
                    self._expire()
        except LinkDown as down:
            lived = self._clock.monotonic() - began >= _SOUND_SECONDS
            self._land(down)
            sound = lived and self._silent_since is None
            self._failures = 1 if sound else self._failures + 1
            pause = self._pauses.after(self._failures)
            log.warning("%s; next try in %.1f s", down, pause)
            self._pulse.say(False, f"{down.sentence}，稍后自动重连")
            self._pause(pause)

    # Sending

    def _fill(self, link: Link) -> None:
        """Send until the window is full or nothing is due."""
        while len(self._flight) < self._window():
            voyage = self._flight.unfinished()
            if voyage is None and self._clock.monotonic() >= self._quiet_until:
                voyage = self._departures.next(self._flight, self._window(), self._idle)
            if voyage is None:
                return
            packet = self._flight.send(voyage, self._clock.monotonic() + self._patience.seconds)
            if self._silent_since is None:
                self._silent_since = self._clock.monotonic()
            attempt = voyage.item.attempts
            log.info("sending %s, attempt %d, %d bytes", packet.qn, attempt, len(packet.raw))
            link.send(packet.raw, seconds=self._patience.seconds)

    def _window(self) -> int:
        return 1 if self._alone or self._bare_answers else self._uplink.window

    # Hearing

    def _hear(self, link: Link) -> None:
        """Take in what has come: answers to us, and requests that want an answer."""
        self._idle()
        for event in link.receive():
            if isinstance(event, FrameFault):
                log.warning("the platform sent no sound frame: %s", event)
                continue
            if isinstance(event, Reply):
                self._answered(event)
                continue
            answer = self._commands.answer(event)
            if answer:
                link.send(answer, seconds=self._patience.seconds)
            else:
                log.info("the platform sent %s, which answers nothing", event.get("CN"))

    def _answered(self, reply: Reply) -> None:
        qn = self._attributed(reply)
        if qn is None:
            return
        voyage = self._flight.answer(qn)
        if voyage is None:
            follows = self._arrivals.late(self._flight, qn, reply)
            if follows is None:
                return  # whatever it was, it shows no sound line
        elif reply.code != Result.RECEIVED or voyage.answered(qn):
            self._flight.leave(voyage)
            self._alone = max(0, self._alone - 1)
            follows = self._arrivals.settle(voyage, reply)
        else:
            follows = None
        self._failures = 0
        self._silent_since = self._clock.monotonic() if len(self._flight) else None
        if follows is not None:
            self._follow(follows)

    def _attributed(self, reply: Reply) -> str | None:
        """The QN that an answer is about.

        A bare answer is about the one packet that waits, unless an earlier one may still come.
        Then nobody can tell, and a new connection is the only way to be sure again.
        """
        if reply.qn is not None:
            return reply.qn
        self._bare_answers = True
        if not len(self._flight):
            log.info("a bare answer %d came unawaited", reply.code)
            return None
        only = None if self._lost_answers else self._flight.only()
        if only is None:
            raise LinkDown("a bare answer could be to several messages", "平台的应答没有QN")
        return only

    def _follow(self, follows: Consequence) -> None:
        """Do what an answer asks of the whole link."""
        if follows.state is OutboxState.DONE:
            self._pulse.say(True, "已连接平台")
        if follows.quiet is not None:
            self._quiet_until = self._clock.monotonic() + follows.quiet
            self._alone = 1  # one message asks whether it is over
            self._pulse.say(False, follows.reason or "")

    # Waiting in vain

    def _expire(self) -> None:
        """Let go of what was not answered in time; give the line up when it is silent for long."""
        now = self._clock.monotonic()
        overdue = self._flight.overdue(now)
        if not overdue:
            return
        self._lost_answers = True
        seconds = f"{self._patience.seconds:g}"
        for voyage in overdue:
            log.warning("no answer to %s within %s s", voyage.item.qn, seconds)
            self._flight.leave(voyage)
            pause = self._pauses.after(voyage.item.attempts)
            self._postpone(voyage.item, pause, f"平台在{seconds}秒内没有应答")
        self._pulse.say(False, f"平台在{seconds}秒内没有应答，继续重发")
        if self._silent_since is not None and now - self._silent_since >= self._patience.silence:
            raise LinkDown("the platform answers nothing", "平台连续多次没有应答")
        if self._bare_answers:
            raise LinkDown("a late bare answer would be taken for another", "平台的应答没有QN")

    def _land(self, down: LinkDown) -> None:
        """The line is gone: what was under way waits again.

        Should a message be what breaks the line, it must not stand at the head of the queue for
        ever. Alone under way, it is suspected and due only after the next connection had time
        for others. Of several nobody knows which, so they all go next, but one by one.
        """
        under_way = list(self._flight)
        for voyage in under_way:
            self._flight.leave(voyage)
            pause = 0.0
            if len(under_way) == 1:
                pause = self._pauses.step(self._failures + 1)
                pause += self._pauses.after(voyage.item.attempts)
            self._postpone(voyage.item, pause, down.sentence)
        if len(under_way) > 1:
            self._alone = len(under_way)

    def _postpone(self, item: OutboxItem, pause: float, reason: str) -> None:
        self._journal.postpone(item, self._clock.now() + timedelta(seconds=pause), reason)

    def _pause(self, seconds: float) -> None:
        deadline = self._clock.monotonic() + seconds
        while (left := deadline - self._clock.monotonic()) > 0:
            self._idle()
            self._stop.wait(min(left, BEAT_SECONDS))

    def _idle(self) -> None:
        """What is done between any two waits: leave if asked to, beat the heart, gather news."""
        if self._stop.is_set():
            raise _Stopped
        self._pulse.beat_if_due()
        if self._news and self._clock.monotonic() >= self._next_news:
            self._next_news = self._clock.monotonic() + _NEWS_SECONDS
            for look in self._news:
                look()


def run_uplink(
    profile: Profile,
    journal: Journal,
    clock: Clock,
    stop: threading.Event,
    secrets: SecretStore | None = None,
) -> None:
    """The uplink process: send what the journal owes the platform until `stop` is set.

    `secrets` are those of this machine unless given. The journal must have been opened in this
    thread. Raises sqlite3.OperationalError when the journal's disk fails; the process is then
    started again and goes on where it was.
    """
    store = secrets or SecretStore.of_this_machine()
    news = (
        CameraNews(profile, journal, clock, store),
        StatusNews(profile, journal, clock),
        UplinkAlarms(profile, journal, clock),
    )
    Sender(profile, journal, clock, stop, secrets=store, news=news).run()
