"""Barrier drivers: a small protocol, and the Modbus TCP relay that most gates have."""

import time
from typing import Protocol

from pymodbus.client import ModbusTcpClient
from pymodbus.exceptions import ModbusException

from appliance.profile.model import ModbusRelay


class BarrierUnreachable(Exception):
    """The barrier's relay did not answer, or refused."""


class BarrierDriver(Protocol):
    """What the lane needs of a barrier."""

    def raise_barrier(self) -> None:
        """Raise the bar; raises BarrierUnreachable."""

    def is_raised(self) -> bool | None:
        """Whether the bar is up; None where no input is wired. Raises BarrierUnreachable."""

    def close(self) -> None:
        """Let the connection go."""


class ModbusRelayDriver:
    """A pulse on a coil raises the bar; a discrete input tells that it is up."""

    def __init__(self, relay: ModbusRelay, timeout: float = 1.0) -> None:
        self._relay = relay
        self._client = ModbusTcpClient(relay.host, port=relay.port, timeout=timeout, retries=1)

    def raise_barrier(self) -> None:
        self._write(True)
        time.sleep(self._relay.pulse_seconds)
        self._write(False)

    def is_raised(self) -> bool | None:
        address = self._relay.raised_input
        if address is None:
            return None
        try:
            self._connect()
            answer = self._client.read_discrete_inputs(address, count=1, device_id=self._relay.unit)
        except (ModbusException, OSError) as trouble:
            raise BarrierUnreachable(str(trouble)) from trouble
        if answer.isError():
            raise BarrierUnreachable(str(answer))
        return bool(answer.bits[0])

    def close(self) -> None:
        self._client.close()

    def _write(self, value: bool) -> None:
        try:
            self._connect()
            answer = self._client.write_coil(
                self._relay.raise_coil, value, device_id=self._relay.unit
            )
        except (ModbusException, OSError) as trouble:
            raise BarrierUnreachable(str(trouble)) from trouble
        if answer.isError():
            raise BarrierUnreachable(str(answer))

    def _connect(self) -> None:
        if not self._client.connected and not self._client.connect():
            raise BarrierUnreachable(f"{self._relay.host}:{self._relay.port} does not answer")
