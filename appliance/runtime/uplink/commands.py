"""Commands from above (HJ 212-2017 annex C), answered as the standard says.

A request gets 9011 (QnRtn: taken up or why not), the data it asks for if any, and 9012 (ExeRtn:
what came of it); a notice gets 9013. All answers repeat the request's QN and MN, and its PW if it
has one, for the guideline leaves PW out. Nobody may switch the gate's duty off: setting the clock
(chrony's business) and stopping real-time data are answered and not done.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from appliance.clock import BEIJING, Clock
from appliance.guideline.messages import TABLES
from appliance.runtime.journal import Journal
from appliance.runtime.uplink.frame import Frame, encode
from appliance.runtime.uplink.patience import Patience

log = logging.getLogger(__name__)

HISTORY_LIMIT = 5000
"""Most passages that one request gets; a busy site has as many in two days."""

_ANSWERS_REMEMBERED = 100
_LONGEST_QN = 20


class QnRtn(IntEnum):
    """请求命令返回 (HJ 212-2017 table 8), as far as it is used here."""

    ACCEPTED = 1
    WRONG_QN = 7
    WRONG_CN = 8


class ExeRtn(IntEnum):
    """执行结果 (HJ 212-2017 table 7), as far as it is used here."""

    DONE = 1
    FAILED = 2
    WRONG_CONDITION = 3
    NO_DATA = 100


@dataclass(frozen=True, slots=True)
class Request:
    """A command to this site, from a sound frame."""

    qn: str
    st: str
    cn: str
    pw: str | None
    wants_answer: bool
    frame: Frame

    def parameter(self, name: str) -> str:
        """A parameter inside CP, empty when it is not there."""
        return self.frame.parameter(name) or ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is answered: `taken` by 9011 (None: a notice, by 9013), `data`, `result` by 9012."""

    taken: QnRtn | None
    result: ExeRtn | None = None
    data: str | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What handlers work with."""

    journal: Journal
    clock: Clock
    patience: Patience


Handler = Callable[[Context, Request], Outcome]


def set_patience(context: Context, request: Request) -> Outcome:
    """1000: OverTime seconds for an answer, ReCount times."""
    seconds, count = request.parameter("OverTime"), request.parameter("ReCount")
    numbers = all(text.isascii() and text.isdigit() and len(text) <= 5 for text in (seconds, count))
    if not numbers or not context.patience.set(int(seconds), int(count)):
        return Outcome(QnRtn.ACCEPTED, ExeRtn.WRONG_CONDITION)
    context.journal.note("platform-command", f"平台设定应答超时{seconds}秒、重发{count}次")
    return Outcome(QnRtn.ACCEPTED, ExeRtn.DONE)


def read_clock(context: Context, request: Request) -> Outcome:
    """1011: the clock of this box; the question may name a pollutant, which is repeated."""
    subject = request.parameter("PolId")
    now = context.clock.now().astimezone(BEIJING)
    said = (f"PolId={subject};" if subject else "") + f"SystemTime={now:%Y%m%d%H%M%S}"
    return Outcome(QnRtn.ACCEPTED, ExeRtn.DONE, said)


def keep_clock(context: Context, request: Request) -> Outcome:
    """1012: not done, the clock follows the time servers (6.2.1); how far it is off is noted."""
    wanted = _moment(request.parameter("SystemTime"))
    if wanted is None:
        return Outcome(QnRtn.ACCEPTED, ExeRtn.WRONG_CONDITION)
    seconds = (context.clock.now() - wanted).total_seconds()
    context.journal.note(
        "platform-command", f"平台要求校时，未执行：本机由对时服务校时，与平台相差{seconds:.0f}秒"
    )
    return Outcome(QnRtn.ACCEPTED, ExeRtn.FAILED)


def take_notice(_context: Context, _request: Request) -> Outcome:
    """1013: a notice that a gate sends and a platform does not; acknowledged and no more."""
    return Outcome(taken=None)


def keep_sending(_context: Context, _request: Request) -> Outcome:
    """2011: real-time data are always on."""
    return Outcome(QnRtn.ACCEPTED, ExeRtn.DONE)


def refuse_to_stop(context: Context, _request: Request) -> Outcome:
    """2012, a notice: heard, but the guideline wants real-time upload (5.1.1), so not done."""
    context.journal.note("platform-command", "平台要求停止实时数据，未执行：指南5.1.1要求实时上传")
    return Outcome(taken=None, result=ExeRtn.FAILED)


def send_history(context: Context, request: Request) -> Outcome:
    """2051, 2061: delivered passages of a time once more; 9012 says that they are queued."""
    begin, end = (_moment(request.parameter(name)) for name in ("BeginTime", "EndTime"))
    if begin is None or end is None or begin > end:
        return Outcome(QnRtn.ACCEPTED, ExeRtn.WRONG_CONDITION)
    # EndTime is a whole second, and the passages of that second belong to it.
    found = context.journal.owe_history(begin, end.replace(microsecond=999_999), HISTORY_LIMIT)
    span = f"{begin:%Y-%m-%d %H:%M:%S}至{end:%Y-%m-%d %H:%M:%S}"
    if found.too_many:
        context.journal.note(
            "platform-command", f"平台索取{span}的历史记录，超过{HISTORY_LIMIT}条，未执行"
        )
        return Outcome(QnRtn.ACCEPTED, ExeRtn.WRONG_CONDITION)
    context.journal.note("platform-command", f"平台索取{span}的历史记录，重新排队{found.queued}条")
    known = found.queued or found.on_the_way
    return Outcome(QnRtn.ACCEPTED, ExeRtn.DONE if known else ExeRtn.NO_DATA)


COMMANDS: dict[str, Handler] = {
    "1000": set_patience,
    "1011": read_clock,
    "1012": keep_clock,
    "1013": take_notice,
    "2011": keep_sending,
    "2012": refuse_to_stop,
    "2051": send_history,
    "2061": send_history,
}


class Commands:
    """Answers what the platform asks of this site, and stays silent to anybody else."""

    def __init__(self, mn: str, context: Context) -> None:
        self._mn = mn
        self._context = context
        # A request that is sent again, because its answer was lost, is not executed again.
        self._answered: OrderedDict[tuple[str, str], bytes] = OrderedDict()

    def answer(self, frame: Frame) -> bytes:
        """The frames that answer `frame`, maybe none."""
        request = self._request(frame)
        if request is None:
            return b""
        key = request.cn, request.qn
        if key not in self._answered:
            log.info("command %s, QN %s", request.cn, request.qn)
            self._answered[key] = self._frames(request, self._outcome(request))
            if len(self._answered) > _ANSWERS_REMEMBERED:
                self._answered.popitem(last=False)
        return self._answered[key]

    def _request(self, frame: Frame) -> Request | None:
        """The command in a frame; None for answers, echoes of our own messages and other MNs."""
        qn, cn, mn = (frame.get(name) or "" for name in ("QN", "CN", "MN"))
        if cn.startswith("9") or cn in TABLES or frame.get("ST") == "91":
            return None
        if mn != self._mn or not 0 < len(qn) <= _LONGEST_QN or not 0 < len(cn) <= _LONGEST_QN:
            log.info("a frame with CN %.20s asks nothing of this site", cn)
            return None
        return Request(
            qn=qn,
            st=frame.get("ST") or "31",
            cn=cn,
            pw=frame.get("PW"),
            wants_answer=_wants_answer(frame.get("Flag")),
            frame=frame,
        )

    def _outcome(self, request: Request) -> Outcome:
        if not (request.qn.isascii() and request.qn.isdigit() and len(request.qn) == 17):
            return Outcome(QnRtn.WRONG_QN)
        handler = COMMANDS.get(request.cn)
        return handler(self._context, request) if handler else Outcome(QnRtn.WRONG_CN)

    def _frames(self, request: Request, outcome: Outcome) -> bytes:
        frames = []
        if request.wants_answer:
            if outcome.taken is None:
                frames.append(self._frame(request, "91", "9013", ""))
            else:
                frames.append(self._frame(request, "91", "9011", f"QnRtn={outcome.taken:d}"))
        if outcome.data is not None:
            frames.append(self._frame(request, request.st, request.cn, outcome.data))
        if outcome.result is not None:
            frames.append(self._frame(request, "91", "9012", f"ExeRtn={outcome.result:d}"))
        return b"".join(frames)

    def _frame(self, request: Request, st: str, cn: str, said: str) -> bytes:
        password = "" if request.pw is None else f"PW={request.pw};"
        head = f"QN={request.qn};ST={st};CN={cn};{password}MN={self._mn};Flag=4"
        return encode(f"{head};CP=&&{said}&&")


def _wants_answer(flag: str | None) -> bool:
    """The lowest bit of Flag; whoever leaves Flag out gets an answer."""
    return flag is None or not (flag.isascii() and flag.isdigit()) or int(flag[-1]) % 2 == 1


def _moment(text: str) -> datetime | None:
    if not (text.isascii() and text.isdigit() and len(text) == 14):
        return None
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=BEIJING)
    except ValueError:
        return None
