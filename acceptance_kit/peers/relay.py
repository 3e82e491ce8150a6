"""A simulated Modbus TCP relay with a barrier on it, answering real Modbus requests.

One coil raises the bar (a pulse is enough), one discrete input tells that it is up. The position
of the bar is computed from the time whenever it is asked, so no timer can be late and a test
with its own clock need not wait.
"""

import asyncio
import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from appliance.clock import Clock, SystemClock

READ_DISCRETE_INPUTS = 2
WRITE_COILS = (5, 15)
RISE_SECONDS = 0.25
WORD = 16  # pymodbus keeps coils and inputs in words


class RelayFault(Exception):
    """The relay could not begin to listen."""


@dataclass(frozen=True, slots=True)
class Raise:
    """The bar went up: when (aware Beijing time), and by what."""

    at: datetime
    by: Literal["coil", "button"]


@dataclass
class Bar:
    """The barrier's bar: a raise lifts it, and it falls by itself `open_seconds` later."""

    open_seconds: float
    clock: Clock
    raises: list[Raise] = field(default_factory=list)
    _lifted: float | None = None
    _until: float = 0.0

    def lift(self, by: Literal["coil", "button"]) -> None:
        """Begin to rise; a bar that is already up stays up for another `open_seconds`."""
        now = self.clock.monotonic()
        if self._lifted is None or not self.up:
            self._lifted = now
        self._until = now + RISE_SECONDS + self.open_seconds
        self.raises.append(Raise(self.clock.now(), by))

    @property
    def up(self) -> bool:
        """Whether the end switch is closed: from `RISE_SECONDS` after the lift to the fall."""
        if self._lifted is None:
            return False
        return self._lifted + RISE_SECONDS <= self.clock.monotonic() < self._until


class SimulatedRelay:
    """A Modbus TCP server on `host`; every unit number is answered.

    `stuck` may be set at any time: the coil is then accepted and the bar does not move, as with a
    broken wire behind the relay. The guard's button has its own wire and still works.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        raise_coil: int = 0,
        raised_input: int = 0,
        open_seconds: float = 3.0,
        stuck: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self.stuck = stuck
        self.pulses = 0
        self._host, self._port = host, port
        self._raise_coil, self._raised_input = raise_coil, raised_input
        self._bar = Bar(open_seconds, clock or SystemClock())
        self._coil_on = False
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._leave: asyncio.Event | None = None
        self._address: tuple[str, int] | None = None
        self._settled = threading.Event()

    def start(self) -> None:
        """Listen; raises RelayFault when the address is taken."""
        self._settled.clear()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        self._settled.wait()
        if self._address is None:
            self._thread.join()
            raise RelayFault(f"cannot listen on {self._host}:{self._port}")

    def stop(self) -> None:
        """Close the listening socket and every connection; harmless when not started."""
        if self._thread is None:
            return
        if self._loop is not None and self._leave is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._leave.set)
        self._thread.join()
        self._thread = self._address = None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that a client connects to; raises RelayFault before `start`."""
        if self._address is None:
            raise RelayFault("the relay is not started")
        return self._address

    @property
    def raises(self) -> list[Raise]:
        """Every time the bar went up so far, oldest first."""
        with self._lock:
            return list(self._bar.raises)

    @property
    def up(self) -> bool:
        """Whether the bar is up just now."""
        with self._lock:
            return self._bar.up

    def press_button(self) -> None:
        """The guard raises the bar by hand: the input tells of it, no coil was written."""
        with self._lock:
            self._bar.lift("button")

    async def _serve(self) -> None:
        self._loop, self._leave = asyncio.get_running_loop(), asyncio.Event()
        # Any: pymodbus declares neither the sockets it listens on nor the type of `shutdown`.
        server: Any = ModbusTcpServer(self._device(), address=(self._host, self._port))
        try:
            await server.serve_forever(background=True)
        except RuntimeError:  # pymodbus logs the reason and says only this
            self._settled.set()
            return
        host, port = server.transport.sockets[0].getsockname()[:2]
        self._address = (host, port)
        self._settled.set()
        await self._leave.wait()
        await server.shutdown()

    def _device(self) -> SimDevice:
        def word_of(bit: int) -> list[SimData]:
            return [SimData(bit // WORD * WORD, values=[False] * WORD, datatype=DataType.BITS)]

        return SimDevice(
            id=0,  # any unit number
            simdata=(
                word_of(self._raise_coil),
                word_of(self._raised_input),
                [SimData(0)],  # no holding registers
                [SimData(0)],  # no input registers
            ),
            action=self._access,
        )

    async def _access(
        self,
        function: int,
        start: int,
        address: int,
        _words: int,
        registers: list[int],
        values: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        """Called by pymodbus before each access: bring the input up to date, heed the coil."""
        with self._lock:
            if function == READ_DISCRETE_INPUTS:
                word, bit = divmod(self._raised_input, WORD)
                registers[word - start] = int(self._bar.up) << bit
            elif function in WRITE_COILS and values:
                place = self._raise_coil - address
                if 0 <= place < len(values):
                    self._coil(bool(values[place]))
        return None

    def _coil(self, on: bool) -> None:
        rising, self._coil_on = on and not self._coil_on, on
        if rising:
            self.pulses += 1
            if not self.stuck:
                self._bar.lift("coil")
