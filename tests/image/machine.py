"""An industrial PC for an image: QEMU without KVM, UEFI, a disk larger than the image.

Its network is QEMU's own: 10.0.2.2 is this machine's loopback, where the peers listen.
"""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance.imaging.partitions import Plan

FIRMWARE = Path("/usr/share/OVMF")
PEERS = "10.0.2.2"


@dataclass(frozen=True)
class PC:
    """A running machine; `ports` are this machine's, by the port of the guest."""

    folder: Path
    process: "subprocess.Popen[bytes]"
    ports: dict[int, int]
    started: float

    @property
    def console(self) -> str:
        """What it has said on its serial line."""
        return (self.folder / "console.log").read_text("utf-8", "replace")

    def wait(self, true: Callable[[], bool], seconds: float, what: str) -> float:
        """Until `true`; returns the seconds since power-on. A machine that went off is no use."""
        deadline = time.monotonic() + seconds
        while not true():
            assert self.process.poll() is None, f"QEMU ended: {self.console[-2000:]}"
            assert time.monotonic() < deadline, f"{what}: {self.console[-2000:]}"
            time.sleep(1)
        return time.monotonic() - self.started

    def screenshot(self, file: Path) -> None:
        """What is on its screen, as PNG."""
        with socket.socket(socket.AF_UNIX) as wire:
            wire.connect(str(self.folder / "qmp"))
            lines = wire.makefile("rw")
            lines.readline()
            for order in (
                {"execute": "qmp_capabilities"},
                {
                    "execute": "screendump",
                    "arguments": {"filename": str(file), "format": "png"},
                },
            ):
                lines.write(json.dumps(order) + "\n")
                lines.flush()
                lines.readline()


@contextmanager
def pc(disk: Path, folder: Path, guest_ports: Sequence[int]) -> Iterator[PC]:
    """Start a machine from `disk`, whose content it changes; it is off when this ends."""
    shutil.copy(FIRMWARE / "OVMF_VARS_4M.fd", folder / "vars.fd")
    ports = dict(zip(guest_ports, _free_ports(len(guest_ports)), strict=True))
    forwarded = "".join(f",hostfwd=tcp:127.0.0.1:{here}-:{there}" for there, here in ports.items())
    process = subprocess.Popen(
        [
            *("qemu-system-x86_64", "-machine", "q35", "-accel", "tcg,thread=multi"),
            *("-cpu", "max", "-smp", "2", "-m", "4096", "-display", "none", "-vga", "std"),
            *("-drive", f"if=pflash,format=raw,readonly=on,file={FIRMWARE / 'OVMF_CODE_4M.fd'}"),
            *("-drive", f"if=pflash,format=raw,file={folder / 'vars.fd'}"),
            *("-drive", f"if=none,id=disk,format=raw,cache=unsafe,discard=unmap,file={disk}"),
            *(
                "-device",
                "nvme,drive=disk,serial=gatehouse",
                "-nic",
                f"user,model=e1000e{forwarded}",
            ),
            *("-serial", f"file:{folder / 'console.log'}", "-device", "virtio-rng-pci"),
            *("-qmp", f"unix:{folder / 'qmp'},server=on,wait=off"),
        ],
        stdin=subprocess.DEVNULL,
    )
    try:
        (folder / "console.log").touch()
        yield PC(folder, process, ports, time.monotonic())
    finally:
        process.terminate()
        process.wait(30)


def put_on_config(disk: Path, plan: Plan, files: Sequence[Path]) -> None:
    """Lay files on the config partition of an image, as an installer's computer does."""
    place = f"{disk}@@{plan.config.start}"
    for file in files:
        subprocess.run(
            ["mcopy", "-o", "-i", place, file, f"::/{file.name}"],
            check=True,
            env=os.environ | {"MTOOLS_SKIP_CHECK": "1"},
        )


def sparse_copy(image: Path, disk: Path, larger_by: int) -> None:
    """The image on a larger disk."""
    subprocess.run(["cp", "--sparse=always", image, disk], check=True)
    with disk.open("r+b") as file:
        file.truncate(image.stat().st_size + larger_by)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
