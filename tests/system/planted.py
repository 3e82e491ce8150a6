"""Faults to plant on a gate at work, each for the length of a block, and the items they turn 否."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from functools import partial
from typing import Any, Protocol

from sqlite_utils import Database

from acceptance_kit.checks.check_service import SILENT_AFTER

from .bed.places import PLATFORM_ADDRESS
from .box import eventually
from .disks import VIDEO_UNIT, pull_out
from .gate import neighbour
from .gate_at_work import RULES, VIRUSES, Gate
from .neighbours import LIAR_PORT
from .test_ups import says

ON_THE_BOX = "gate-test"


class Plant(Protocol):
    """Plants a fault for the length of a block."""

    def __call__(self, gate: Gate) -> AbstractContextManager[None]: ...


class Round(Enum):
    """Faults of a round are planted together: one changes nothing that another is measured by,
    and no two turn the same item."""

    MOST = auto()
    VIDEO = auto()
    LINE = auto()


@dataclass(frozen=True)
class Fault:
    """What is planted, the items that must turn 否, and with which others it is planted."""

    plant: Plant
    turns: tuple[str, ...]
    round: Round = Round.MOST


@contextmanager
def shell(gate: Gate, plant: str, mend: str) -> Iterator[None]:
    gate.run(plant)
    try:
        yield
    finally:
        gate.run(mend)


def off(unit: str) -> Plant:
    """A unit that is stopped."""
    return partial(shell, plant=f"systemctl stop {unit}", mend=f"systemctl start {unit}")


def not_enabled(unit: str) -> Plant:
    """A unit that does not come back with the system."""
    return partial(shell, plant=f"systemctl disable {unit}", mend=f"systemctl enable {unit}")


def old(paths: str) -> Plant:
    """Files that nobody has renewed for a month."""
    return partial(shell, plant=f"touch -d '30 days ago' {paths}", mend=f"touch {paths}")


def written(path: str, before: str, after: str, below: str = "") -> Plant:
    """Another word in a file of the box, on every line or from the one on that names `below`."""
    lines = f'/"{below}"/,/}}/' if below else ""
    return partial(
        shell,
        plant=f"cp -p {path} {path}.kept && sed -i '{lines}s/{before}/{after}/' {path}",
        mend=f"mv {path}.kept {path}",
    )


@contextmanager
def ups(gate: Gate, name: str, value: str, well: str) -> Iterator[None]:
    said = ["upsc", "ups@127.0.0.1", name]
    says(gate.box, name, value)
    eventually(lambda: gate.box.run(said, check=False).stdout.strip() == value, name)
    try:
        yield
    finally:
        says(gate.box, name, well)
        eventually(lambda: gate.box.run(said, check=False).stdout.strip() == well, name)


@contextmanager
def camera(gate: Gate, name: str, fault: str) -> Iterator[None]:
    gate.cameras.tell(f"{name} {fault}")
    assert gate.cameras.hears()["event"] == fault
    try:
        yield
    finally:
        gate.cameras.tell(f"{name} mended")
        assert gate.cameras.hears()["event"] == "mended"


@contextmanager
def wrong_clock(gate: Gate) -> Iterator[None]:
    """Standard time says that the box is half a minute behind."""
    unit = "/etc/systemd/system/gatehouse-clock-check.service"
    other = f'"{PLATFORM_ADDRESS} port {LIAR_PORT}"'
    with neighbour(gate.box.platform, "liar"), written(unit, PLATFORM_ADDRESS, other)(gate):
        gate.run("systemctl daemon-reload")
        yield
    gate.run("systemctl daemon-reload")


@contextmanager
def stopped_program(gate: Gate) -> Iterator[None]:
    control = (
        '"$(readlink -f /opt/gatehouse/current)/venv/bin/python" -m supervisor.supervisorctl'
        " -c /var/lib/gatehouse/run/supervisord.conf"
    )
    gate.run(f"{control} stop web")
    try:
        eventually(lambda: silent(gate, "web"), "the page is silent")
        yield
    finally:
        gate.run(f"{control} start web")
        eventually(lambda: not silent(gate, "web"), "the page is back")


def silent(gate: Gate, program: str) -> bool:
    told = gate.newest()
    beats = {each["program"]: datetime.fromisoformat(each["at"]) for each in told["programs"]}
    return datetime.fromisoformat(told["at"]) - beats[program] > SILENT_AFTER


@contextmanager
def open_port(gate: Gate) -> Iterator[None]:
    listen = "systemd-run --quiet --unit=stray python3 -m http.server 4444"
    rule = "nft insert rule inet gatehouse input tcp dport 4444 accept"
    with shell(gate, f"{listen} && {rule}", "systemctl stop stray && nft -f /etc/nftables.conf"):
        yield


@contextmanager
def spoilt_photo(gate: Gate) -> Iterator[None]:
    newest = next(each for each in gate.newest()["passages"] if each["barrier"] == "A01")
    path = next(photo["path"] for photo in newest["photos"] if photo["kind"] == "body")
    with shell(gate, f"printf x >> {path}", f"truncate -s -1 {path}"):
        yield


@contextmanager
def unread(gate: Gate) -> Iterator[None]:
    """The bar goes up with nobody in front of the camera; nobody has said who it was."""
    with gate.passing("press A02") as new:
        eventually(lambda: sent(gate), "the raise by hand is sent", 120)
        yield
        gate.gatehouse("passage", "plate", str(min(new)), "宁A58D21", "黄牌", "--by", "门卫")
    eventually(lambda: sent(gate), "the correction is sent", 120)


def sent(gate: Gate) -> bool:
    return bool(gate.newest()["outbox"]["waiting"] == 0)


def set_aside(gate: Gate) -> AbstractContextManager[None]:
    """The newest state message stands as refused, in the journal itself."""
    code = (
        "import sqlite3, sys; c = sqlite3.connect('/var/lib/gatehouse/journal.sqlite3'); "
        "c.execute('UPDATE outbox SET state = ?, reason = ? WHERE id = '"
        "'(SELECT max(id) FROM outbox WHERE cn = 60003)', sys.argv[1:3]); c.commit()"
    )
    as_the_service = f'runuser -u gatehouse -- python3 -c "{code}"'
    return shell(gate, f"{as_the_service} aside MN错误", f"{as_the_service} done 已改正")


@contextmanager
def no_platform(gate: Gate) -> Iterator[None]:
    gate.stop_platform()
    try:
        eventually(lambda: not well(gate, "uplink"), "the uplink has noticed")
        yield
    finally:
        gate.start_platform()
        gate.settles()


def well(gate: Gate, program: str) -> bool:
    """Whether a program says so of itself."""
    beats = {each["program"]: each for each in gate.newest()["programs"]}
    return bool(beats[program]["ok"])


@contextmanager
def lost(gate: Gate) -> Iterator[None]:
    """A record is gone from the platform's file."""
    row = newest_at(gate)
    messages = Database(gate.database).table("messages")
    messages.delete(row["qn"])
    yield
    messages.insert(row)


@contextmanager
def doubled(gate: Gate) -> Iterator[None]:
    """The platform's file has the same record once more, under another number."""
    again = newest_at(gate) | {"qn": "29991231235959999"}
    messages = Database(gate.database).table("messages")
    messages.insert(again)
    yield
    messages.delete(again["qn"])


def newest_at(gate: Gate) -> dict[str, Any]:
    rows = Database(gate.database).query(
        "SELECT * FROM messages WHERE cn = '60001' AND code = 1 ORDER BY qn DESC LIMIT 1"
    )
    (row,) = list(rows)
    return row


@contextmanager
def disk_away(gate: Gate) -> Iterator[None]:
    pull_out(gate.box)
    try:
        for program in ("recorder", "sweeper"):
            eventually(lambda name=program: not well(gate, name), f"{program} has noticed", 180)
        yield
    finally:
        gate.run(f"systemctl start {VIDEO_UNIT}")
        gate.settles()


def on_the_box(*items: str) -> tuple[str, ...]:
    return tuple(f"{item}@{ON_THE_BOX}" for item in items)


FORWARD = "nft chain inet gatehouse forward '{{ policy {policy} ; }}'"

FAULTS = {
    "the service does not start with the system": Fault(
        not_enabled("gatehouse.service"), on_the_box("service.autostart")
    ),
    "a program is stopped": Fault(stopped_program, on_the_box("service.programs")),
    "the box follows another profile": Fault(
        written("/etc/gatehouse/profile.yaml", "试验联系人", "别的联系人"),
        # Another contact is another Table 1, and stands on the paper of an outage.
        on_the_box("service.profile", "profile.table-1", "outage.report"),
    ),
    "the clock is half a minute off": Fault(wrong_clock, on_the_box("clock.synchronised")),
    "nothing compares the clock every day": Fault(
        off("gatehouse-clock-check.timer"), on_the_box("clock.daily")
    ),
    "the box lives in another zone": Fault(
        partial(
            shell,
            plant="ln -sfn /usr/share/zoneinfo/UTC /etc/localtime",
            mend="ln -sfn /usr/share/zoneinfo/Asia/Shanghai /etc/localtime",
        ),
        on_the_box("clock.zone"),
    ),
    "the firewall forwards what it does not know": Fault(
        partial(shell, plant=FORWARD.format(policy="accept"), mend=FORWARD.format(policy="drop")),
        on_the_box("firewall.active"),
    ),
    "the firewall does not come back": Fault(
        not_enabled("nftables.service"), on_the_box("firewall.autostart")
    ),
    "a port is open": Fault(open_port, on_the_box("ports.open")),
    "intrusion prevention does not come back": Fault(
        not_enabled("suricata.service"), on_the_box("intrusion.running")
    ),
    "the rules are a month old": Fault(old(RULES), on_the_box("intrusion.signatures")),
    "the virus signatures are a month old": Fault(old(VIRUSES), on_the_box("antivirus.signatures")),
    "nothing scans what comes in": Fault(
        off("gatehouse-scan-incoming.timer"), on_the_box("antivirus.scanning")
    ),
    "the UPS is too weak": Fault(
        partial(ups, name="ups.realpower.nominal", value="3000", well="6000"),
        on_the_box("ups.power"),
    ),
    "the battery lasts an hour": Fault(
        partial(ups, name="battery.runtime", value="3600", well="7200"), on_the_box("ups.runtime")
    ),
    "the box runs on battery": Fault(
        partial(ups, name="ups.status", value="OB", well="OL"), on_the_box("ups.watched")
    ),
    "video is kept for a month": Fault(
        written("/etc/gatehouse/retention.json", '"kept_days": 365', '"kept_days": 30', "video"),
        on_the_box("storage.retention"),
    ),
    # Nothing is recorded then, nor swept: each of that is true, and told.
    "a video disk is away": Fault(
        disk_away,
        (
            *(*on_the_box("storage.disks"), *on_the_box("storage.full-policy")),
            *("video.recorded@a01-plate", "video.recorded@a02-plate", "video.recorded@a-overview"),
        ),
        Round.VIDEO,
    ),
    "a photo was changed on the disk": Fault(spoilt_photo, ("records.photos@A01",)),
    "nobody entered an unread plate": Fault(unread, ("records.plates@A02",)),
    "a message was refused": Fault(set_aside, on_the_box("outbox.set-aside")),
    "the platform lost a record": Fault(lost, ("records.platform",)),
    "the platform has a record twice": Fault(doubled, ("records.platform",), Round.VIDEO),
    "the platform is away": Fault(no_platform, on_the_box("uplink.connected"), Round.LINE),
    "the plate camera is small": Fault(
        partial(camera, name="a01-plate", fault="small"), ("camera.plate-stream@a01-plate",)
    ),
    "the surveillance camera is small": Fault(
        partial(camera, name="a-overview", fault="small"),
        ("camera.surveillance-stream@a-overview",),
    ),
    "a camera's clock is behind": Fault(
        partial(camera, name="a02-plate", fault="slow"), ("camera.clock@a02-plate",)
    ),
    "a camera has lost its caption": Fault(
        partial(camera, name="a01-plate", fault="bare"), ("camera.caption@a01-plate",)
    ),
}
