"""平台应答错误: wrong answers are not believed, and everything still arrives (7.2, 7.4).

For a minute or so a rule leads what goes to the platform to a liar on the box's own loopback
(`onbox/liar.py`), which answers with foreign QNs, unknown numbers, half frames and silence, and
never takes a message. Then the true platform gets what waited.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from acceptance_kit.box import State
from acceptance_kit.drills.drill import Drill, Ground, seconds_between
from acceptance_kit.drills.line import BACK
from acceptance_kit.drills.undo import (
    HELPER,
    SYSTEMCTL,
    SYSTEMD_RUN,
    TABLE,
    address_of,
    broken,
    rules,
)
from acceptance_kit.findings import Finding, Verdict

LYING = timedelta(seconds=120)
MARGIN = timedelta(seconds=60)
ENOUGH_LIES = 4
PORT = 49212
MODULE = "acceptance_kit.onbox.liar"


def lied_to(ground: Ground) -> tuple[Finding, ...]:
    """Lead astray, count lies, lead back, and see that all came."""
    before = ground.begin()
    uplink = ground.profile.uplink
    peer = address_of(ground.box, uplink.host)
    astray = rules(
        f"add chain {TABLE} lie {{ type nat hook output priority -100; }}",
        f"add rule {TABLE} lie ip daddr {peer} tcp dport {uplink.port} dnat ip to 127.0.0.1:{PORT}",
        # A connection that is there already is not led astray: it is reset.
        f"add chain {TABLE} out {{ type filter hook output priority -5; policy accept; }}",
        f"add rule {TABLE} out ip daddr {peer} tcp dport {uplink.port} reject with tcp reset",
    )
    first: State | None = None
    last = before
    lies = 0
    with _liar(ground), broken(ground.box, astray, LYING + MARGIN):
        ground.tell("平台的应答已换成错误应答，观察系统的反应…")
        for last in ground.states(LYING.total_seconds()):
            lies = _lies(ground)
            if lies and first is None:
                first = last
            if lies >= ENOUGH_LIES:
                break
        last = ground.box.state()
    ground.tell(f"收到错误应答 {lies} 次，已恢复，等待补传…")
    mended = ground.box.state()
    empty = ground.wait(
        lambda state: state.waiting == 0 and state.well("uplink"), BACK.total_seconds()
    )
    lost = ground.nothing_lost(before)
    return (_verdict(ground, lies, first, last, mended=mended, empty=empty, lost=lost),)


LIES = Drill(
    name="lies",
    title="平台应答错误时不误认为已上报，恢复后全部补传",
    clauses=("7.2", "7.4"),
    bound=LYING + 2 * MARGIN,  # a connection to the liar lasts as long as the liar
    effect="把发往平台的报文引到本机的错误应答程序约两分钟，再恢复；通行、抬杆和记录不受影响。",
    work=lied_to,
)


def _verdict(
    ground: Ground,
    lies: int,
    first: State | None,
    last: State,
    *,
    mended: State,
    empty: State | None,
    lost: str,
) -> Finding:
    if first is None:
        why = "期间没有数据上报，没有发生应答；请在有车时再做。"
        return ground.found("lies", LIES.title, Verdict.UNTESTED, reason=why)
    believed = last.done - first.done
    if believed:
        why = f"有 {believed} 条报文因错误应答被当作已上报。"
        return ground.found("lies", LIES.title, Verdict.NO, reason=why)
    if empty is None or lost:
        why = lost or "恢复后没有全部补传，请用 gatehouse uplink books 查看。"
        return ground.found("lies", LIES.title, Verdict.NO, reason=why)
    measured = (
        f"错误应答 {lies} 次，误认 0 条；恢复 {seconds_between(mended.now, empty.now)}后全部补传"
    )
    return ground.found("lies", LIES.title, Verdict.YES, measured=measured)


@contextmanager
def _liar(ground: Ground) -> Iterator[None]:
    """The liar as a unit of the box's own, which ends by itself too."""
    seconds = (LYING + 2 * MARGIN).total_seconds()
    ground.box.must(
        SYSTEMD_RUN,
        "--quiet",
        "--collect",
        f"--unit={HELPER}",
        "--property=DynamicUser=yes",
        f"--property=RuntimeMaxSec={seconds:.0f}",
        "--",
        *(ground.box.python, "-m", MODULE, "--port", str(PORT)),
        *("--seconds", f"{seconds:.0f}", "--mn", ground.profile.mn),
    )
    try:
        yield
    finally:
        ground.box.as_root(SYSTEMCTL, "stop", HELPER)


def _lies(ground: Ground) -> int:
    said = ground.box.as_root("journalctl", "--output=cat", "--no-pager", f"--unit={HELPER}")
    return int(said.stdout.count("lied: "))
