"""What the unit does at every start: find the profile, judge it, apply it, and tell all the while.

A box that has its profile is left alone unless another one lies on its config partition. While
something is amiss the places are looked at again every few seconds, so a mended file on a stick is
enough: no keyboard is needed, and what ran before goes on running.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from appliance.firstboot import screen, sources
from appliance.firstboot.applying import CURRENT, apply
from appliance.firstboot.judging import Fit, judge
from appliance.firstboot.notice import Notice
from appliance.firstboot.page import NoticePage
from appliance.firstboot.sources import Given, Unusable
from appliance.profile.faults import ProfileFaults
from appliance.profile.loading import load_profile
from appliance.profile.secrets import DEFAULT_DIRECTORY
from appliance.provisioning.events import TaskBegins
from appliance.provisioning.outcome import MachineOutcome, Outcome
from appliance.provisioning.remedies import fault_lines, role_name

APPLIED = Path("/etc/gatehouse/applied.json")
PROFILE = Path("/etc/gatehouse/profile.yaml")
COPY = Path("/run/gatehouse-profile.yaml")
LEFT = Path("/run/gatehouse-notice.txt")
"""Read by `appliance/runtime/web/starting.py`."""
LOG = Path("/var/log/gatehouse-first-boot.log")
DATA = Path("/var/lib/gatehouse")
LOOK_AGAIN_SECONDS = 15
MOST_WAITS = 30
LEAST_FREE = 64 << 20


class Teller:
    """Says what happens on the screen, the serial console, the journal and the page, each once."""

    def __init__(self, page: NoticePage) -> None:
        self._page = page
        self._last: Notice | None = None

    def __call__(self, notice: Notice) -> None:
        self._page.notice = notice
        leave(notice)
        screen.show(notice)  # again each time: a late graphics driver clears it
        if notice != self._last:
            sys.stdout.write(notice.text())
            sys.stdout.flush()
            self._last = notice


def start(pause: Callable[[float], None] = time.sleep) -> int:
    """Work until this box has a profile, applied; returns the exit code."""
    page = NoticePage()
    tell = Teller(page)
    tell(Notice("门禁工控机正在启动", ("正在读取站点配置…",)))
    for _ in range(MOST_WAITS):  # the roles write this box's own addresses down
        if addresses():
            break
        pause(1)
    while True:
        amiss = list(data_disk(DATA))
        known = applied()
        given, why = find(first=known is None)
        if known is not None and (given is None or given.digest == known):
            # Nothing new. A config partition without a profile is no fault of a box that has one.
            page.close()
            tell(running(amiss))
            return 0
        if given is not None:
            fit = judge(given, COPY)
            if isinstance(fit, Fit):
                amiss += bring(given, fit, page, tell, amiss)
                if applied() == given.digest:
                    tell(running(amiss))
                    return 0
            else:
                amiss += [f"{given.where}里的站点配置不能使用：", *fit]
        else:
            amiss += why
        open_unless_gate(page)
        tell(waiting(amiss, has_profile=known is not None))
        pause(LOOK_AGAIN_SECONDS)


def leave(notice: Notice, file: Path = LEFT) -> None:
    """Leave a fault for the gate's own status page, which has the port while the gate runs."""
    if notice.well:
        file.unlink(missing_ok=True)
    else:
        file.write_text(f"{notice.title}：{' '.join(notice.lines[:3])}\n", "utf-8")
        file.chmod(0o644)


def open_unless_gate(page: NoticePage) -> None:
    """Open the page where the gate's unit, which starts before this one, does not run.

    The unit and not the port is asked: at a start the gate's own page needs its time, and must
    find the port free.
    """
    words = ["systemctl", "--quiet", "is-active", "gatehouse.service"]
    if subprocess.run(words, check=False).returncode != 0:  # noqa: S603 - fixed words, no shell
        page.open()


def find(*, first: bool) -> tuple[Given | None, list[str]]:
    """The profile of the first place that has one, else why each has none."""
    why = []
    try:
        return sources.config_partition(), []
    except Unusable as trouble:
        why.append(str(trouble))
    if first:
        with suppress(Unusable):
            if (given := sources.stick() or sources.built_in()) is not None:
                return given, []
        why.append("也没有插着存有 profile.yaml 的 U 盘。")
    return None, why


def bring(given: Given, fit: Fit, page: NoticePage, tell: Teller, amiss: list[str]) -> list[str]:
    """Apply the profile; returns what went wrong, nothing when all is well."""
    name = fit.profile.enterprise.name
    open_unless_gate(page)
    keep_secrets(given.secrets)
    outcome = Outcome({fit.machine: MachineOutcome()})
    role: str | None = None
    for event in apply(COPY, fit.machine, LOG):
        outcome.take(event)
        if isinstance(event, TaskBegins) and event.role != role:
            role = event.role
            tell(Notice(f"正在应用站点配置：{name}", (*amiss, f"{role_name(role)} …")))
            if role == "runtime":
                page.close()  # the gate's own page is next
    machine = outcome.machines[fit.machine]
    if not outcome.ok:
        if machine.fault is not None:
            return fault_lines(fit.machine, "本机", machine.fault)
        return ["角色没有正常结束，详情见 " + str(LOG)]
    remember(given)
    if given.device == sources.CONFIG and given.secrets:
        try:
            sources.wipe_secrets(given.device)
        except OSError as error:
            return [f"配置分区上的 secrets.yaml 没有抹去（{error}），请用电脑删除它。"]
    return []


def keep_secrets(values: dict[str, str], folder: Path = DEFAULT_DIRECTORY) -> None:
    """Write them for root alone, as the role `runtime` would."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, value in values.items():
        if name.replace("-", "").isalnum() and name.isascii():
            part = folder / f".{name}"
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(f"{value}\n")
            part.replace(folder / name)


def applied(file: Path = APPLIED) -> str | None:
    """The digest of the profile that this box was brought to; None before the first."""
    try:
        told: str = json.loads(file.read_text("utf-8"))["digest"]
    except (OSError, ValueError, KeyError):
        return None
    return told


def remember(given: Given, file: Path = APPLIED) -> None:
    """Note which profile was applied, when it was, to its end."""
    part = file.with_name(f".{file.name}")
    part.write_text(json.dumps({"digest": given.digest, "from": given.where}, ensure_ascii=False))
    part.replace(file)


def data_disk(place: Path) -> list[str]:
    """What is wrong with the data partition; the gate runs all the same, as far as it can."""
    if not os.path.ismount(place):
        return ["数据分区没有挂载：记录和照片会写在系统盘上，请检查磁盘。"]
    free = shutil.disk_usage(place).free
    if free < LEAST_FREE:
        return [f"数据盘已满（只剩 {free >> 20} MiB）：请换更大的磁盘，或清理后重新启动。"]
    return []


def running(amiss: list[str]) -> Notice:
    """The gate is at work."""
    port = page_port()
    told = [f"状态页  http://{address}:{port}/" for address in addresses() if port]
    lines = (*amiss, *told, f"版本  {CURRENT.resolve().name}")
    return Notice("门禁已启动" if not amiss else "门禁已启动，但需要处理", lines, well=not amiss)


def waiting(amiss: list[str], *, has_profile: bool) -> Notice:
    """Hands are needed; what is done meanwhile is said as well."""
    goes_on = (
        "门禁按原来的站点配置继续运行。"
        if has_profile
        else "请把 profile.yaml 和 secrets.yaml 放进配置分区或 U 盘，接上后会自动读取，不用键盘。"
    )
    told = [f"本页  http://{address}:8080/" for address in addresses()]
    return Notice("站点配置需要处理", (*amiss, goes_on, *told), well=False)


def page_port(profile: Path = PROFILE) -> int | None:
    """Where the gate's status page can be opened from elsewhere; None when it cannot."""
    try:
        page = load_profile(profile).network.status_page
    except ProfileFaults:
        return None
    return None if page.address.is_loopback else page.port


def addresses() -> list[str]:
    """This box's IPv4 addresses, best first; none without a network."""
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing: it only asks for the way out
        return [probe.getsockname()[0]]
    return []
