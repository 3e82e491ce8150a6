"""A platform that vanishes without a word: its cable is pulled, so no FIN and no RST ever come.

The cable lies between two network namespaces that each test makes; the sender, the platform and
the TCP between them are the real ones. What the kernel notices after half a minute it is asked
to notice within seconds.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from uplink.samples import MN
from waiting import until

from acceptance_kit.peers.platform import ReferencePlatform
from acceptance_kit.peers.platform.records import Received
from appliance.runtime.uplink import link

from .gate import Gate
from .wire import FAR_ADDRESS, NoNamespaces, Wire

pytestmark = pytest.mark.slow

KEYS = [f"p{number}" for number in range(12)]
PULLED_AT = 3
FOR_EVER = 3600.0


@pytest.fixture
def wire() -> Iterator[Wire]:
    with ExitStack() as stack:
        try:
            laid = stack.enter_context(Wire())
        except NoNamespaces as why:
            pytest.skip(str(why))
        yield laid


@contextmanager
def platform_on(
    wire: Wire, database: Path, on_message: Callable[[Received], None] | None = None
) -> Iterator[ReferencePlatform]:
    platform = ReferencePlatform(
        FAR_ADDRESS, database=database, known_mn={MN}, on_message=on_message
    )
    with wire.on(wire.far):
        platform.start()
    with closing(platform):
        yield platform


@pytest.fixture(autouse=True)
def _quick_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "_USER_TIMEOUT_MILLISECONDS", 2_000)
    monkeypatch.setattr(link, "_KEEPALIVE", dict(zip(link._KEEPALIVE, (1, 1, 2), strict=True)))


def has_left_the_line(gate: Gate) -> bool:
    return any("稍后自动重连" in beat.detail for beat in gate.journal.heartbeats())


# Noticed by the sender, whose answers do not come; or, should it wait for ever, by TCP.
@pytest.mark.parametrize("seconds", [0.5, FOR_EVER])
def test_a_platform_that_vanishes_in_mid_flight_is_left_and_has_each_message_once_it_is_back(
    tmp_path: Path, wire: Wire, seconds: float
) -> None:
    """It vanishes when it has kept a message and not answered yet, with others on the way."""
    kept: list[str] = []

    def pulling(message: Received) -> None:
        kept.append(message.qn)
        if len(kept) == PULLED_AT:
            wire.pull()

    with (
        platform_on(wire, tmp_path / "platform.sqlite3", pulling) as platform,
        Gate(
            tmp_path / "storage",
            platform.address[1],
            host=FAR_ADDRESS,
            acknowledge_seconds=seconds,
        ) as gate,
    ):
        gate.records(*KEYS)
        with wire.on(wire.near):
            gate.start()
        until(lambda: has_left_the_line(gate))
        assert PULLED_AT <= len(platform.records()) < len(KEYS)
        assert not any(
            item.state == "done" for item in gate.owed() if item.qn in kept[PULLED_AT - 1 :]
        )
        wire.plug()
        assert gate.sends_all()
        gate.agrees_with(platform)
        unanswered = platform.record(kept[PULLED_AT - 1])
        assert unanswered is not None
        assert unanswered.times_received > 1
        assert platform.connections > 1


def test_an_idle_line_to_a_platform_that_vanished_is_left_before_anything_waits(
    tmp_path: Path, wire: Wire
) -> None:
    with (
        platform_on(wire, tmp_path / "platform.sqlite3") as platform,
        Gate(tmp_path / "storage", platform.address[1], host=FAR_ADDRESS) as gate,
    ):
        gate.records("before")
        with wire.on(wire.near):
            gate.start()
        assert gate.sends_all()
        wire.pull()
        until(lambda: has_left_the_line(gate))
        assert gate.journal.outbox_counts().waiting == 0
        wire.plug()
        gate.records(*KEYS)
        assert gate.sends_all()
        gate.agrees_with(platform)
        assert platform.connections > 1
