"""The uplink's loop: the oldest message that is due goes out and waits for its answer (7.2, 7.4).

Nothing is given up. A fault of the line, or no answer in time, is tried again under the same QN
with growing pauses; only a positive answer to that QN takes a message off the outbox, and only
what repeating cannot cure is set aside for an operator.
"""

import logging
import threading
from collections import OrderedDict
from contextlib import closing
from datetime import timedelta

from appliance.clock import Clock
from appliance.guideline.messages import PASSAGE, Result
from appliance.profile.model import Profile
from appliance.runtime.journal import Journal, NotWaiting, UnknownPassage
from appliance.runtime.journal.values import (
    OutboxItem,
    OutboxState,
    Receipt,
    RecordedPassage,
)
from appliance.runtime.uplink.compose import Composer
from appliance.runtime.uplink.dialect import HJ212Dialect, Reply
from appliance.runtime.uplink.frame import Frame, FrameFault
from appliance.runtime.uplink.link import Link, LinkDown
from appliance.runtime.uplink.message import Unsendable
from appliance.runtime.uplink.pauses import Pauses

log = logging.getLogger(__name__)

PROGRAM = "uplink"
BEAT_SECONDS = 5.0

# HJ 212 gives a line three unanswered sendings before it counts as dead (T1).
_UNANSWERED_LIMIT = 3
# A connection that lived this long was a sound one, whatever ended it while nothing was due.
_SOUND_SECONDS = 10.0
_REMEMBERED_QNS = 1000


class _Stopped(Exception):
    """The process is to end; leaves every wait."""


class Sender:
    """One uplink process's work; everything it must not forget is in the journal."""

    def __init__(
        self, profile: Profile, journal: Journal, clock: Clock, stop: threading.Event
    ) -> None:
        self._uplink = profile.uplink
        self._dialect = HJ212Dialect.of(profile.uplink.dialect)
        self._composer = Composer(profile, journal.photo_path)
        self._pauses = Pauses(
            profile.uplink.retry_pause_seconds, profile.uplink.retry_pause_limit_seconds
        )
        self._journal = journal
        self._clock = clock
        self._stop = stop
        # Sent since this process began, for answers that come after their time.
        self._sent: OrderedDict[str, OutboxItem] = OrderedDict()
        self._failures = 0  # of the line, in a row
        self._unanswered = 0  # sendings in a row, over any messages
        self._refusal: int | None = (
            None  # the last one noted, until the platform takes a message again
        )
        self._quiet_until = clock.monotonic()  # nothing is sent before
        self._state = (False, "正在连接平台")
        self._next_beat = clock.monotonic()

    def run(self) -> None:
        """Work until `stop` is set; errors of the journal's disk end it too (sqlite3, OSError)."""
        log.info("uplink to %s:%d begins", self._uplink.host, self._uplink.port)
        try:
            while True:
                self._idle()
                self._connection()
        except _Stopped:
            log.info("uplink ends")
            self._journal.beat(PROGRAM, False, "上报程序已停止")

    def _connection(self) -> None:
        """One connection from its beginning to its end, and the pause behind it."""
        began = self._clock.monotonic()
        try:
            with closing(
                Link.connect(
                    self._uplink.host,
                    self._uplink.port,
                    seconds=self._uplink.acknowledge_seconds,
                    clock=self._clock,
                    idle=self._idle,
                )
            ) as link:
                log.info("connected")
                began = self._clock.monotonic()
                self._unanswered = 0
                self._say(True, "已连接平台")
                while True:
                    self._turn(link)
        except LinkDown as down:
            sound = self._clock.monotonic() - began >= _SOUND_SECONDS and not self._unanswered
            self._failures = 1 if sound else self._failures + 1
            pause = self._pauses.after(self._failures)
            log.warning("%s; next try in %.1f s", down, pause)
            self._say(False, f"{down.sentence}，稍后自动重连")
            self._pause(pause)

    def _turn(self, link: Link) -> None:
        """Send what is due, or else hear what the platform has to say."""
        quiet = self._clock.monotonic() < self._quiet_until
        item = None if quiet else self._journal.next_due(self._clock.now())
        if item is None:
            self._hear(link, awaited=None)
        else:
            self._attempt(link, item)

    def _attempt(self, link: Link, item: OutboxItem) -> None:
        prepared = self._prepare(item)
        if prepared is None:
            return
        item, raw = prepared
        self._remember(item)
        log.info("sending %s, attempt %d, %d bytes", item.qn, item.attempts, len(raw))
        try:
            link.send(raw, seconds=self._uplink.acknowledge_seconds)
            answer = self._await(link, item.qn)
        except LinkDown as down:
            # Should this message be what breaks the line, it must not stand at the head of the
            # queue for ever: it is due only after the next connection had time for others.
            behind = self._pauses.step(self._failures + 1) + self._pauses.after(item.attempts)
            self._postpone(item, behind, down.sentence)
            raise
        if answer is not None:
            self._settle(item, *answer)
            return
        self._unanswered += 1
        seconds = f"{self._uplink.acknowledge_seconds:g}"
        log.warning("no answer to %s within %s s", item.qn, seconds)
        self._postpone(item, self._pauses.after(item.attempts), f"平台在{seconds}秒内没有应答")
        self._say(False, f"平台在{seconds}秒内没有应答，继续重发")
        if self._unanswered >= _UNANSWERED_LIMIT:
            raise LinkDown("the platform answers nothing", "平台连续多次没有应答")

    def _prepare(self, item: OutboxItem) -> tuple[OutboxItem, bytes] | None:
        """Count the attempt and make the frame; None when the message cannot leave.

        Composed once before the attempt is counted, since a message of which no byte left can
        still be mended by a correction; and again if a correction came in between.
        """
        try:
            passage = self._passage(item)
            raw = self._compose(item, passage)
            item = self._journal.begin_attempt(item)
            latest = self._passage(item)
            if latest != passage:
                raw = self._compose(item, latest)
        except Unsendable as unsendable:
            self._set_aside(item, str(unsendable))
            return None
        except NotWaiting:
            log.info("%s is not waiting any more", item.qn)
            return None
        return item, raw

    def _passage(self, item: OutboxItem) -> RecordedPassage:
        if item.cn != PASSAGE or item.passage_id is None:
            raise Unsendable(f"数据类型编码（CN）{item.cn}的报文尚不支持")
        try:
            return self._journal.passage(item.passage_id)
        except UnknownPassage as unknown:
            raise Unsendable(str(unknown)) from unknown

    def _compose(self, item: OutboxItem, passage: RecordedPassage) -> bytes:
        (packet,) = self._composer.passage(passage, lambda _: (item.qn,))
        return packet.raw

    def _await(self, link: Link, qn: str) -> tuple[Reply, str] | None:
        """The answer to `qn` and its raw frame, or None when it does not come in time."""
        deadline = self._clock.monotonic() + self._uplink.acknowledge_seconds
        while self._clock.monotonic() < deadline:
            answer = self._hear(link, awaited=qn)
            if answer is not None:
                return answer
        return None

    def _hear(self, link: Link, *, awaited: str | None) -> tuple[Reply, str] | None:
        """Take in what has come; return the answer to `awaited`, see to all others here."""
        self._idle()
        found = None
        for event in link.receive():
            if isinstance(event, FrameFault):
                log.warning("the platform sent no sound frame: %s", event)
                continue
            reply = self._dialect.read_reply(event)
            if reply is None:
                log.info("the platform sent %s, which answers nothing", event.get("CN"))
            elif reply.qn == awaited and found is None:
                found = reply, _raw(event)
            else:
                self._late(reply, event)
        return found

    def _late(self, reply: Reply, frame: Frame) -> None:
        """An answer that nobody waits for any more: a good one counts, others are harmless.

        A refusal is not acted upon, as the message is due again anyway and gets a fresh answer.
        """
        item = self._sent.get(reply.qn or "")
        log.info("answer %d to %s came unawaited", reply.code, reply.qn)
        if item is None or reply.code != Result.RECEIVED:
            return
        if self._journal.message(item.id).state is not OutboxState.DONE:
            self._settle(item, reply, _raw(frame))

    def _settle(self, item: OutboxItem, reply: Reply, raw: str) -> None:
        """Keep an answer together with what 7.4 asks of the sender."""
        self._failures = self._unanswered = 0
        receipt = Receipt(code=reply.code, raw=raw, at=self._clock.now())
        log.info("answer %d to %s", reply.code, item.qn)
        if reply.code == Result.RECEIVED:
            self._journal.receive(item, receipt, state=OutboxState.DONE)
            self._refusal = None
            self._say(True, "已连接平台")
            return
        reason = _refusal_sentence(reply.code)
        if reply.code in {Result.FAILED, Result.UNREADABLE}:
            self._journal.receive(item, receipt, state=OutboxState.ASIDE, reason=reason)
            self._journal.note("message-aside", f"报文{item.qn}已搁置：{reason}")
            return
        slow = reply.code != Result.FUTURE_TIME
        pause = self._pauses.limit if slow else self._pauses.after(item.attempts)
        self._journal.receive(
            item,
            receipt,
            state=OutboxState.WAITING,
            reason=reason,
            next_try_at=self._clock.now() + timedelta(seconds=pause),
        )
        if reply.code != self._refusal:
            self._refusal = reply.code
            self._journal.note("platform-refusal", reason)
        if reply.code in {Result.WRONG_MN, Result.NOT_FILED}:
            # It is the enterprise that is refused, so every other message would be as well.
            self._quiet_until = self._clock.monotonic() + pause
            self._say(False, reason)

    def _set_aside(self, item: OutboxItem, reason: str) -> None:
        log.warning("%s cannot be sent and is set aside", item.qn)
        self._journal.set_aside(item, reason)
        self._journal.note("message-aside", f"报文{item.qn}无法发送，已搁置：{reason}")

    def _postpone(self, item: OutboxItem, pause: float, reason: str) -> None:
        self._journal.postpone(item, self._clock.now() + timedelta(seconds=pause), reason)

    def _remember(self, item: OutboxItem) -> None:
        self._sent[item.qn] = item
        self._sent.move_to_end(item.qn)
        if len(self._sent) > _REMEMBERED_QNS:
            self._sent.popitem(last=False)

    def _pause(self, seconds: float) -> None:
        deadline = self._clock.monotonic() + seconds
        while (left := deadline - self._clock.monotonic()) > 0:
            self._idle()
            self._stop.wait(min(left, BEAT_SECONDS))

    def _say(self, ok: bool, sentence: str) -> None:
        """Change what the heartbeat says; a change is told at once."""
        if self._state != (ok, sentence):
            self._state = (ok, sentence)
            self._next_beat = self._clock.monotonic()

    def _idle(self) -> None:
        """What is done between any two waits: leave if asked to, beat the heart if it is time."""
        if self._stop.is_set():
            raise _Stopped
        if self._clock.monotonic() >= self._next_beat:
            self._next_beat = self._clock.monotonic() + BEAT_SECONDS
            ok, sentence = self._state
            waiting = self._journal.outbox_counts().waiting
            self._journal.beat(PROGRAM, ok, f"{sentence}，待发{waiting}条")


def run_uplink(profile: Profile, journal: Journal, clock: Clock, stop: threading.Event) -> None:
    """The uplink process: send what the journal owes the platform until `stop` is set.

    The journal must have been opened in this thread. Raises sqlite3.OperationalError when the
    journal's disk fails; the process is then started again and goes on where it was.
    """
    Sender(profile, journal, clock, stop).run()


def _raw(frame: Frame) -> str:
    return frame.raw.decode(errors="replace")


def _refusal_sentence(code: int) -> str:
    try:
        result = Result(code)
    except ValueError:
        return f"平台答复{code}，指南7.4没有这个编号"
    return f"平台答复{code}：{result.text}" + (f"（{result.note}）" if result.note else "")
