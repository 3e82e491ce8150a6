"""An industrial PC for an image: QEMU without KVM, UEFI, a disk larger than the image.

Its network is QEMU's own: 10.0.2.2 is this machine's loopback, where the peers listen.
"""

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from appliance.imaging.partitions import SECTOR, Partition, Plan

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
        self._order("screendump", filename=str(file), format="png")

    def page(self, path: str = "/") -> tuple[int, str]:
        """Status and text of the page at the guest's port 8080; (0, "") while nobody answers."""
        wire = http.client.HTTPConnection("127.0.0.1", self.ports[8080], timeout=120)
        try:
            wire.request("GET", path)
            answer = wire.getresponse()
            return answer.status, answer.read().decode("utf-8")
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            wire.close()

    def plug(self, stick: Path) -> None:
        """Put in a USB stick with this content."""
        self._order(
            "blockdev-add",
            **{"node-name": "stick", "driver": "raw", "read-only": True},
            file={"driver": "file", "filename": str(stick)},
        )
        self._order("device_add", driver="usb-storage", id="plug", drive="stick")

    def unplug(self) -> None:
        """Pull it out again; QEMU needs a moment to let go of its content."""
        self._order("device_del", id="plug")
        self.wait(lambda: "error" not in self._told("blockdev-del", {"node-name": "stick"}), 60, "")

    def _order(self, name: str, **arguments: Any) -> None:
        answer = self._told(name, arguments)
        assert "return" in answer, answer

    def _told(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        with socket.socket(socket.AF_UNIX) as wire:
            wire.connect(str(self.folder / "qmp"))
            lines = wire.makefile("rw")
            lines.readline()  # its greeting
            for order in (
                {"execute": "qmp_capabilities"},
                {"execute": name, "arguments": arguments},
            ):
                lines.write(json.dumps(order) + "\n")
                lines.flush()
                answer = json.loads(lines.readline())
                while "event" in answer:
                    answer = json.loads(lines.readline())
        return answer


@contextmanager
def pc(disk: Path, folder: Path, guest_ports: Sequence[int]) -> Iterator[PC]:
    """Start a machine from `disk`, whose content it changes; it is off when this ends."""
    shutil.copy(FIRMWARE / "OVMF_VARS_4M.fd", folder / "vars.fd")
    ports = dict(zip(guest_ports, _free_ports(len(guest_ports)), strict=True))
    forwarded = "".join(f",hostfwd=tcp:127.0.0.1:{here}-:{there}" for there, here in ports.items())
    (folder / "console.log").write_text("")  # that of an earlier start is no news
    # An old processor: with the wide vectors of newer ones, which every library here can do
    # without, the emulator did not read one picture in minutes.
    process = subprocess.Popen(
        [
            *("qemu-system-x86_64", "-machine", "q35", "-accel", "tcg,thread=multi"),
            *("-cpu", "Nehalem", "-smp", "2", "-m", "4096", "-display", "none", "-vga", "std"),
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
            *("-qmp", f"unix:{folder / 'qmp'},server=on,wait=off", "-device", "qemu-xhci"),
        ],
        stdin=subprocess.DEVNULL,
    )
    try:
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


def fill(disk: Path, partition: Partition) -> None:
    """Leave no room in an ext4 partition of a disk, but for what root keeps to itself."""
    mine = ["unshare", "--mount", "sh", "-euc"]
    script = (
        'mount -o "loop,offset=$2,sizelimit=$3" "$1" /mnt; '
        "fallocate -l $(df --output=avail -B1 /mnt | tail -n 1) /mnt/full; umount /mnt"
    )
    words = [*mine, script, "fill", str(disk), str(partition.start), str(partition.size)]
    subprocess.run(words, check=True)


def grown(disk: Path, partition: Partition) -> Partition:
    """The same partition as the disk's table has it now."""
    words = ["sgdisk", f"--info={partition.number}", disk]
    said = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    (sectors,) = re.findall(r"Partition size: (\d+) sectors", said)
    return replace(partition, size=int(sectors) * SECTOR)


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
