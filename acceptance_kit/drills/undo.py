"""Breaking something so that it mends itself: the undo is armed on the box before anything breaks.

A transient timer of systemd's on the box holds the undo. Whatever becomes of the kit or of the ssh
connection, the box is as it was when the bound is over; a reboot mends it too, since neither an nft
table nor a transient timer outlives it. An undo may run twice and does the same.
"""

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address

from acceptance_kit.box import Box, BoxTrouble
from acceptance_kit.drills.drill import CannotDrill

NFT, SYSTEMD_RUN, SYSTEMCTL = "/usr/sbin/nft", "/usr/bin/systemd-run", "/usr/bin/systemctl"
UNIT = "gatehouse-drill"
HELPER = f"{UNIT}-liar.service"
"""The one program that a drill runs on the box beside the gate's own; it ends by itself, too."""

TABLE = "inet gatehouse_drill"
REMOVE = f"add table {TABLE}; delete table {TABLE}"
"""One transaction; it succeeds with the table and without."""


@dataclass(frozen=True, slots=True)
class Break:
    """What is done to a box, and the words that undo it."""

    do: tuple[tuple[str, ...], ...]
    undo: tuple[str, ...]


def rules(*chains: str) -> Break:
    """A table of the drill's own in the box's firewall; the site's own rules are not touched."""
    whole = "; ".join([f"add table {TABLE}", *chains])
    return Break(((NFT, whole),), (NFT, REMOVE))


def cut_off(address: IPv4Address, port: int) -> Break:
    """No packet of TCP to or from a peer gets through; nobody is told, as with a pulled cable.

    Only that port: the engineer may sit behind the same address.
    """
    chain = "type filter hook {0} priority -5; policy accept;"
    return rules(
        f"add chain {TABLE} out {{ {chain.format('output')} }}",
        f"add chain {TABLE} in {{ {chain.format('input')} }}",
        f"add rule {TABLE} out ip daddr {address} tcp dport {port} drop",
        f"add rule {TABLE} in ip saddr {address} tcp sport {port} drop",
    )


@contextmanager
def broken(box: Box, what: Break, bound: timedelta) -> Iterator[None]:
    """The box is broken for the length of the block, and for `bound` at the longest.

    Raises CannotDrill when another drill is under way or the box cannot be broken this way, and
    BoxTrouble when it cannot be seen that all is undone.
    """
    _arm(box, what.undo, bound)
    try:
        for words in what.do:
            done = box.as_root(*words)
            if done.rc:
                raise CannotDrill(f"工控机不允许这样演练：{done.stderr.strip() or words[0]}")
        yield
    finally:
        _mend(box, what.undo)


def armed(box: Box) -> bool:
    """Whether an undo of a drill waits on the box."""
    return bool(box.as_root(SYSTEMCTL, "is-active", f"{UNIT}.timer").rc == 0)


def left_over(box: Box) -> str:
    """What a drill has left on a box, in words; empty when there is nothing."""
    if what := _not_undone(box):
        return what
    helper = box.as_root(SYSTEMCTL, "is-active", HELPER).rc == 0
    return "演练用的错误应答程序还在运行" if helper else ""


def _not_undone(box: Box) -> str:
    if armed(box):
        return "撤销演练的定时器还在等待"
    if box.as_root(NFT, "list", "table", *TABLE.split()).rc == 0:
        return "演练的防火墙规则还在"
    return ""


def address_of(box: Box, host: str) -> IPv4Address:
    """The address of a peer as the box resolves it. Raises CannotDrill."""
    try:
        socket.inet_pton(socket.AF_INET, host)
    except OSError:
        said = box.as_root("getent", "ahostsv4", host).stdout.split()
        if not said:
            raise CannotDrill(f"工控机解析不了 {host} 的地址。") from None
        return IPv4Address(said[0])
    return IPv4Address(host)


def _arm(box: Box, undo: Sequence[str], bound: timedelta) -> None:
    if armed(box):
        raise CannotDrill("工控机上另一个演练还没有撤销，请稍后再试。")
    box.must(
        SYSTEMD_RUN,
        "--quiet",
        "--collect",
        f"--unit={UNIT}",
        f"--on-active={bound.total_seconds():.0f}",
        "--timer-property=AccuracySec=1s",
        "--",
        *undo,
    )


def _mend(box: Box, undo: Sequence[str]) -> None:
    undone = box.as_root(*undo)
    if undone.rc:
        # The timer stays armed and tries once more.
        raise BoxTrouble(f"演练没有撤销，工控机将自行撤销：{undone.stderr.strip()}")
    box.as_root(SYSTEMCTL, "stop", f"{UNIT}.timer")
    if what := _not_undone(box):
        raise BoxTrouble(f"演练没有撤销干净：{what}。请重启工控机。")
