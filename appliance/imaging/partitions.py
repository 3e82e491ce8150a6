"""How the disk is divided: a plan of numbers, the same for every image.

1 esp     systemd-boot, kernel and initrd of each slot
2 config  the site profile and its secrets, where any computer can put them (FAT)
3 root-a  the first root slot
  (free)  as much again, for a second slot; nothing uses it yet
4 data    journal, photos, evidence; the last, so that it can grow over the rest of the disk
"""

import uuid
from dataclasses import dataclass

MIB = 1 << 20
SECTOR = 512
FIRST = MIB  # where the first partition begins, as every firmware likes it
TAIL = MIB  # the table's copy at the end

NAMESPACE = uuid.UUID("6f0b3f0e-9a0e-4c7c-8d53-6b1f6c1f4a11")
"""Of all identifiers below; a disk's are those of its image, since nothing tells two images apart
that come from one lock. A box with two such disks is not meant to be."""

ESP = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
BASIC_DATA = "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7"  # the one that Windows shows
ROOT_X86_64 = "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"
LINUX = "0fc63daf-8483-4772-8e79-3d69d8477de4"


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition: its number and name, GPT type, start and size in bytes."""

    number: int
    name: str
    kind: str
    start: int
    size: int

    @property
    def guid(self) -> str:
        """Its own identifier (PARTUUID)."""
        return str(identifier(self.name))

    @property
    def end(self) -> int:
        """The first byte after it."""
        return self.start + self.size


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole disk, in bytes; `slot_b` is the free room for a second root slot."""

    esp: Partition
    config: Partition
    root: Partition
    slot_b: tuple[int, int]
    data: Partition
    size: int

    @property
    def partitions(self) -> tuple[Partition, ...]:
        """In the order of their numbers."""
        return (self.esp, self.config, self.root, self.data)


def identifier(name: str) -> uuid.UUID:
    """The fixed identifier of something in the image."""
    return uuid.uuid5(NAMESPACE, name)


def plan(*, esp: int = 512, config: int = 64, slot: int = 4096, data: int = 512) -> Plan:
    """The plan for sizes in MiB."""
    first = Partition(1, "gatehouse-esp", ESP, FIRST, esp * MIB)
    second = Partition(2, "gatehouse-config", BASIC_DATA, first.end, config * MIB)
    third = Partition(3, "gatehouse-root-a", ROOT_X86_64, second.end, slot * MIB)
    free = (third.end, third.end + slot * MIB)
    fourth = Partition(4, "gatehouse-data", LINUX, free[1], data * MIB)
    return Plan(first, second, third, free, fourth, fourth.end + TAIL)
