"""The barrier thread against a real Modbus relay."""

import queue
import socket
import threading
from collections.abc import Iterator

import pytest
from pymodbus.client import ModbusTcpClient
from waiting import free_port, until

from acceptance_kit.peers.relay import SimulatedRelay
from appliance.clock import SystemClock
from appliance.profile.model import ModbusRelay
from appliance.runtime.lane.barrier import Barrier, Raised, RaiseFailed
from appliance.runtime.lane.driver import BarrierUnreachable, ModbusRelayDriver

SECONDS = 10


def relay_settings(relay: SimulatedRelay, *, raised_input: int | None = 0) -> ModbusRelay:
    host, port = relay.address
    return ModbusRelay(
        kind="modbus-relay",
        host=host,
        port=port,
        raise_coil=0,
        raised_input=raised_input,
        pulse_seconds=0.1,
    )


@pytest.fixture
def relay() -> Iterator[SimulatedRelay]:
    relay = SimulatedRelay(open_seconds=0.6)
    relay.start()
    yield relay
    relay.stop()


@pytest.fixture
def barrier(relay: SimulatedRelay) -> Iterator[Barrier]:
    barrier = Barrier(ModbusRelayDriver(relay_settings(relay)), SystemClock())
    barrier.start()
    yield barrier
    barrier.stop()


def next_news(barrier: Barrier) -> Raised | RaiseFailed:
    return barrier.news.get(timeout=SECONDS)


def test_a_raise_for_a_passage_moves_the_bar_and_is_told_as_ours(
    barrier: Barrier, relay: SimulatedRelay
) -> None:
    barrier.raise_for(7)
    news = next_news(barrier)
    assert isinstance(news, Raised)
    assert (news.by_hand, news.passage_id) == (False, 7)
    assert [raise_.by for raise_ in relay.raises] == ["coil"]


@pytest.mark.slow
def test_a_bar_that_goes_up_without_a_command_was_raised_by_hand(
    barrier: Barrier, relay: SimulatedRelay
) -> None:
    barrier.raise_for(7)
    next_news(barrier)
    until(lambda: not relay.up and barrier._was_raised is False)
    relay.press_button()
    news = next_news(barrier)
    assert isinstance(news, Raised)
    assert (news.by_hand, news.passage_id) == (True, None)


def test_a_second_vehicle_while_the_bar_is_still_up_is_ours_too(
    barrier: Barrier, relay: SimulatedRelay
) -> None:
    barrier.raise_for(7)
    next_news(barrier)
    barrier.raise_for(8)
    news = next_news(barrier)
    assert isinstance(news, Raised)
    assert (news.by_hand, news.passage_id) == (False, 8)


@pytest.mark.slow
def test_a_bar_that_was_told_but_did_not_move_is_not_reported_as_raised(
    barrier: Barrier, relay: SimulatedRelay
) -> None:
    relay.stuck = True
    barrier.raise_for(7)
    with pytest.raises(queue.Empty):
        barrier.news.get(timeout=1.5)


def test_a_relay_that_is_gone_is_told_and_works_again_when_it_is_back() -> None:
    relay = SimulatedRelay(port=free_port(), open_seconds=0.6)
    relay.start()
    driver = ModbusRelayDriver(relay_settings(relay), timeout=0.5)
    try:
        assert driver.is_raised() is False
        relay.stop()
        with pytest.raises(BarrierUnreachable):
            driver.raise_barrier()
        relay.start()
        driver.raise_barrier()
        assert len(relay.raises) == 1
    finally:
        driver.close()
        relay.stop()


def test_a_raise_that_fails_for_good_is_told_with_its_passage(
    monkeypatch: pytest.MonkeyPatch, relay: SimulatedRelay
) -> None:
    monkeypatch.setattr("appliance.runtime.lane.barrier.RETRY_SECONDS", 0.05)
    relay.stop()
    settings = ModbusRelay(kind="modbus-relay", host="127.0.0.1", port=1, raise_coil=0)
    barrier = Barrier(ModbusRelayDriver(settings, timeout=0.2), SystemClock())
    barrier.start()
    try:
        barrier.raise_for(7)
        news = next_news(barrier)
        assert isinstance(news, RaiseFailed)
        assert news.passage_id == 7
        assert not barrier.reachable
    finally:
        barrier.stop()
        relay.start()


def test_without_a_wired_input_nothing_is_claimed(relay: SimulatedRelay) -> None:
    driver = ModbusRelayDriver(relay_settings(relay, raised_input=None))
    assert driver.is_raised() is None
    driver.close()


@pytest.mark.slow
def test_a_slow_boom_is_not_taken_for_a_raise_by_hand(
    monkeypatch: pytest.MonkeyPatch, barrier: Barrier
) -> None:
    monkeypatch.setattr("acceptance_kit.peers.relay.RISE_SECONDS", 4.0)
    barrier.raise_for(7)
    news = next_news(barrier)
    assert isinstance(news, Raised)
    assert (news.by_hand, news.passage_id) == (False, 7)


def test_a_coil_that_a_dead_run_left_on_is_let_go_and_raises_again(relay: SimulatedRelay) -> None:
    dead = ModbusTcpClient("127.0.0.1", port=relay.address[1])
    assert dead.connect()
    dead.write_coil(0, True)
    dead.close()
    assert len(relay.raises) == 1
    driver = ModbusRelayDriver(relay_settings(relay))
    driver.raise_barrier()
    driver.close()
    assert len(relay.raises) == 2


@pytest.mark.parametrize(
    "body", [b"\x02\x00", b"\x02", b"\x05\x00\x00\xff\x00", b"\x82\x02", b""], ids=repr
)
def test_a_relay_that_answers_nonsense_is_unreachable_and_breaks_nothing(body: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_answer_nonsense, args=(server, body))
        thread.start()
        settings = ModbusRelay(
            kind="modbus-relay",
            host="127.0.0.1",
            port=server.getsockname()[1],
            raise_coil=0,
            raised_input=0,
        )
        driver = ModbusRelayDriver(settings, timeout=0.3)
        with pytest.raises(BarrierUnreachable):
            driver.is_raised()
        driver.close()
        thread.join(SECONDS)


def _answer_nonsense(server: socket.socket, body: bytes) -> None:
    """Take the first write as it is, and answer the question for the input with `body`."""
    connection, _ = server.accept()
    with connection:
        while request := connection.recv(300):
            writing = request[7] == 5
            answer = request[7:12] if writing else body
            head = request[:4] + (len(answer) + 1).to_bytes(2, "big") + request[6:7]
            connection.sendall(head + answer)
