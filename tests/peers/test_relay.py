"""The simulated relay, asked by a real Modbus client."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from pymodbus.client import ModbusTcpClient

from acceptance_kit.peers.relay import RelayFault, SimulatedRelay
from appliance.clock import BEIJING

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=BEIJING)


class HandClock:
    """A clock that a test turns by hand."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        self.passed += seconds


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def relay(clock: HandClock) -> Iterator[SimulatedRelay]:
    peer = SimulatedRelay(raise_coil=3, raised_input=18, open_seconds=3, clock=clock)
    peer.start()
    yield peer
    peer.stop()


@contextmanager
def client_of(relay: SimulatedRelay) -> Iterator[ModbusTcpClient]:
    host, port = relay.address
    client = ModbusTcpClient(host, port=port, timeout=5)
    assert client.connect()
    try:
        yield client
    finally:
        client.close()


def pulse(client: ModbusTcpClient, coil: int = 3) -> None:
    assert not client.write_coil(coil, True, device_id=1).isError()
    assert not client.write_coil(coil, False, device_id=1).isError()


def raised(client: ModbusTcpClient) -> bool:
    answer = client.read_discrete_inputs(18, count=1, device_id=1)
    assert not answer.isError()
    return answer.bits[0]


class TestSimulatedRelay:
    """A pulse raises the bar, the input tells, and the bar falls by itself."""

    def test_a_pulse_raises_the_bar_until_it_falls_by_itself(
        self, relay: SimulatedRelay, clock: HandClock
    ) -> None:
        with client_of(relay) as client:
            assert not raised(client)
            pulse(client)
            assert not raised(client)  # still rising
            clock.sleep(0.3)
            assert raised(client)
            clock.sleep(2.9)
            assert raised(client)
            clock.sleep(0.1)
            assert not raised(client)

    def test_every_raise_is_recorded_with_its_time_and_cause(
        self, relay: SimulatedRelay, clock: HandClock
    ) -> None:
        with client_of(relay) as client:
            pulse(client)
        clock.sleep(60)
        relay.press_button()
        assert [(one.at, one.by) for one in relay.raises] == [
            (NOON, "coil"),
            (NOON + timedelta(minutes=1), "button"),
        ]

    def test_the_button_raises_the_bar_without_any_coil(
        self, relay: SimulatedRelay, clock: HandClock
    ) -> None:
        relay.press_button()
        clock.sleep(0.3)
        with client_of(relay) as client:
            assert raised(client)
            assert client.read_coils(3, count=1).bits[0] is False
        assert relay.pulses == 0

    def test_a_second_pulse_keeps_a_raised_bar_up(
        self, relay: SimulatedRelay, clock: HandClock
    ) -> None:
        with client_of(relay) as client:
            pulse(client)
            clock.sleep(2)
            pulse(client)
            assert raised(client)
            clock.sleep(2)
            assert raised(client)

    def test_holding_the_coil_is_one_raise(self, relay: SimulatedRelay) -> None:
        with client_of(relay) as client:
            client.write_coil(3, True)
            client.write_coil(3, True)
        assert len(relay.raises) == 1

    def test_writing_many_coils_at_once_raises_too(self, relay: SimulatedRelay) -> None:
        with client_of(relay) as client:
            assert not client.write_coils(2, [False, True]).isError()
        assert [one.by for one in relay.raises] == ["coil"]

    def test_another_coil_leaves_the_bar_alone(self, relay: SimulatedRelay) -> None:
        with client_of(relay) as client:
            pulse(client, coil=4)
        assert relay.raises == []

    def test_an_address_that_is_not_wired_is_refused(self, relay: SimulatedRelay) -> None:
        with client_of(relay) as client:
            assert client.write_coil(100, True).isError()
            assert client.read_discrete_inputs(100, count=1).isError()

    def test_a_stuck_bar_accepts_the_coil_and_stays_down(
        self, relay: SimulatedRelay, clock: HandClock
    ) -> None:
        relay.stuck = True
        with client_of(relay) as client:
            pulse(client)
            clock.sleep(0.3)
            assert not raised(client)
            assert relay.pulses == 1
            assert relay.raises == []
            relay.press_button()
            clock.sleep(0.3)
            assert raised(client)

    def test_two_clients_see_the_same_bar(self, relay: SimulatedRelay, clock: HandClock) -> None:
        with client_of(relay) as first, client_of(relay) as second:
            pulse(first)
            clock.sleep(1)
            assert raised(second)

    def test_a_taken_port_is_said(self, relay: SimulatedRelay) -> None:
        with pytest.raises(RelayFault, match=str(relay.address[1])):
            SimulatedRelay(port=relay.address[1]).start()

    def test_stop_frees_the_port_and_leaves_no_thread(self, relay: SimulatedRelay) -> None:
        host, port = relay.address
        with client_of(relay) as client:
            raised(client)
            threads = threading.active_count()
            relay.stop()
            relay.stop()
            assert threading.active_count() == threads - 1
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host, port), timeout=5)
        with pytest.raises(RelayFault, match="not started"):
            _ = relay.address

    def test_it_starts_again_where_it_was_stopped(self, relay: SimulatedRelay) -> None:
        relay.stop()
        relay.start()
        with client_of(relay) as client:
            pulse(client)
        assert len(relay.raises) == 1
