"""What a stranger on the network finds open (4.5.4), and no page too many (4.5.1-0)."""

import re
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from acceptance_kit.checks.checked_box import CheckedBox
from acceptance_kit.checks.demand import demand
from acceptance_kit.checks.finding import Observation
from appliance.profile.box import Machine
from appliance.profile.model import Profile

KNOCKED_AT = (
    *(21, 22, 23, 25, 53, 80, 111, 139, 443, 445, 554, 631, 873, 1080, 2049, 2375, 3306),
    *(3389, 3493, 5000, 5432, 5900, 6379, 8000, 8081, 8443, 8554, 9000, 9212, 37777),
)
"""Ports that gates and their devices are found open at; what the box listens on comes besides."""

PATIENCE_SECONDS = 1.5


@demand(
    "4.5.4",
    "4.5.1-0",
    item="ports.open",
    title="从网络上只能连到站点配置开放的端口",
    method="从验收所用的电脑逐个连接工控机正在监听的端口和常见端口。",
)
def test_nothing_else_is_open(
    box: CheckedBox, profile: Profile, machine: Machine, finding: Observation
) -> None:
    address = box.place.address
    if address is None:
        finding.untested("在工控机本机上看不到对外的端口，请从另一台电脑运行验收。")
    knocked = {*KNOCKED_AT, *_listening(box), machine.ssh_port}
    found = _open(address, knocked)
    allowed = _allowed(profile, machine)
    listed = "、".join(map(str, sorted(found))) or "无"
    finding.saw(f"可连接的端口：{listed}", f"只可有 {'、'.join(map(str, sorted(allowed)))}")
    extra = sorted(found - allowed)
    assert not extra, (
        f"端口 {'、'.join(map(str, extra))} 不应开放，请停用该服务或执行 gatehouse provision。"
    )


def _listening(box: CheckedBox) -> set[int]:
    lines = box.said("ss", "-Hltn").splitlines()
    ports = (re.search(r":(\d+)$", line.split()[3]) for line in lines if len(line.split()) > 3)
    return {int(found[1]) for found in ports if found}


def _open(address: str, ports: Iterable[int]) -> set[int]:
    def answers(port: int) -> bool:
        try:
            with socket.create_connection((address, port), PATIENCE_SECONDS):
                return True
        except OSError:
            return False

    wanted = sorted(ports)
    with ThreadPoolExecutor(32) as pool:
        return {
            port for port, there in zip(wanted, pool.map(answers, wanted), strict=True) if there
        }


def _allowed(profile: Profile, machine: Machine) -> set[int]:
    network = profile.network
    allowed = {machine.ssh_port}
    if not network.status_page.address.is_loopback:
        allowed.add(network.status_page.port)
    if profile.access.gatekeepers and not network.entry_page.address.is_loopback:
        allowed.add(network.entry_page.port)
    return allowed
