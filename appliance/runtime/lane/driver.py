"""Barrier drivers: a small protocol, and the Modbus TCP relay that most gates have."""

import logging
import time
from typing import Protocol

from pymodbus.client import ModbusTcpClient
from pymodbus.exceptions import ModbusException

from appliance.profile.model import ModbusRelay

log = logging.getLogger(__name__)

RELEASE_ATTEMPTS = 3
READ_DISCRETE_INPUTS = 2


class BarrierUnreachable(Exception):
    """The barrier's relay did not answer, refused, or answered nonsense."""


class BarrierDriver(Protocol):
    """What the lane needs of a barrier."""

    def raise_barrier(self) -> None:
        """Raise the bar; raises BarrierUnreachable."""

    def is_raised(self) -> bool | None:
        """Whether the bar is up; None where no input is wired. Raises BarrierUnreachable."""

    def close(self) -> None:
        """Let the connection go."""


class ModbusRelayDriver:
    """A pulse on a coil raises the bar; a discrete input tells that it is up.

    The coil is let go at every new connection: a run that died within a pulse left it on, and a
    coil that is on knows no rising edge any more.
    """

    def __init__(self, relay: ModbusRelay, timeout: float = 1.0) -> None:
        self._relay = relay
        self._client = ModbusTcpClient(relay.host, port=relay.port, timeout=timeout, retries=1)

    def raise_barrier(self) -> None:
        self._connect()
        self._write(True)
        time.sleep(self._relay.pulse_seconds)
        self._release()

    def is_raised(self) -> bool | None:
        address = self._relay.raised_input
        if address is None:
            return None
        self._connect()
        try:
            answer = self._client.read_discrete_inputs(address, count=1, device_id=self._relay.unit)
        except (ModbusException, OSError) as trouble:
            raise self._unreachable(str(trouble)) from trouble
        # pymodbus hands on whatever came, also the answer to another question.
        if answer.function_code != READ_DISCRETE_INPUTS or not answer.bits:
            raise self._unreachable(f"no input in the answer: {answer}")
        return bool(answer.bits[0])

    def close(self) -> None:
        self._client.close()

    def _connect(self) -> None:
        if self._client.connected:
            return
        if not self._client.connect():
            raise BarrierUnreachable(f"{self._relay.host}:{self._relay.port} does not answer")
        self._write(False)

    def _release(self) -> None:
        """Let the coil go; a relay that cannot be told is told at the next connection."""
        for _ in range(RELEASE_ATTEMPTS):
            try:
                self._connect()
                self._write(False)
            except BarrierUnreachable as trouble:
                log.warning("the coil is still on: %s", trouble)
            else:
                return

    def _write(self, value: bool) -> None:
        try:
            answer = self._client.write_coil(
                self._relay.raise_coil, value, device_id=self._relay.unit
            )
        except (ModbusException, OSError) as trouble:
            raise self._unreachable(str(trouble)) from trouble
        if answer.isError():
            raise self._unreachable(str(answer))

    def _unreachable(self, why: str) -> BarrierUnreachable:
        """A fault after which the connection is not trusted any more."""
        self._client.close()
        return BarrierUnreachable(why)
