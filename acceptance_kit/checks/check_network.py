"""The networks of the gate: the device LAN, the gigabit port, the way to the platform."""

import json
from datetime import datetime

from acceptance_kit.checks.checked_box import CheckedBox
from acceptance_kit.checks.demand import demand
from acceptance_kit.checks.finding import Observation
from appliance.profile.box import Machine
from appliance.profile.model import Profile

GIGABIT = 1000


@demand(
    "4.1-3",
    item="network.device-lan",
    title="设备接在局域网内，工控机的设备网口已按站点配置连接",
    method="询问工控机设备网口的地址和连接状态。",
)
def test_the_device_lan_is_there(box: CheckedBox, machine: Machine, finding: Observation) -> None:
    if machine.device_interface is None:
        finding.untested("站点配置没有写设备网口（device_interface），请填写后重查。")
    (told,) = json.loads(box.said("ip", "-j", "address", "show", "dev", machine.device_interface))
    addresses = [f"{each['local']}/{each['prefixlen']}" for each in told["addr_info"]]
    finding.saw(f"{machine.device_interface} {told['operstate']}，{'、'.join(addresses)}")
    assert told["operstate"] in {"UP", "UNKNOWN"}, "设备网口没有连通，请检查网线和交换机。"
    wanted = machine.device_address
    assert wanted is None or wanted in addresses, (
        f"设备网口没有地址 {wanted}，请执行 gatehouse provision。"
    )


@demand(
    "4.5.4",
    item="network.gigabit",
    title="防火墙（工控机）的上行网口为千兆",
    method="读取上行网口协商的速率。",
)
def test_the_uplink_port_is_gigabit(
    box: CheckedBox, machine: Machine, finding: Observation
) -> None:
    name = machine.uplink_interface
    if name is None:
        (route,) = json.loads(box.said("ip", "-j", "route", "show", "default"))[:1] or [{}]
        name = route.get("dev")
    if not name:
        finding.untested("不知道上行网口是哪一个，请在站点配置中填写 uplink_interface。")
    said = box.run("cat", f"/sys/class/net/{name}/speed").stdout.strip()
    if not said.isdigit():
        finding.untested(f"网口 {name} 不报告速率，请查看交换机端口的指示并换用千兆网口。")
    finding.saw(f"{name} {said} Mbps", f"≥ {GIGABIT} Mbps")
    assert int(said) >= GIGABIT, f"上行网口 {name} 只有 {said} Mbps，请换用千兆网口和六类网线。"


@demand(
    "4.1-2",
    "4.2",
    "4.5.1-8",
    item="uplink.connected",
    title="门禁主动连接监管平台，连接正常",
    method="读取上报程序的心跳，其中写明与平台的连接状态。",
    box=False,
)
def test_the_uplink_is_connected(box: CheckedBox, profile: Profile, finding: Observation) -> None:
    beats = [each for each in box.journal["programs"] if each["program"] == "uplink"]
    place = f"{profile.uplink.host}:{profile.uplink.port}"
    assert beats, "上报程序还没有运行过，请查看 gatehouse 服务。"
    finding.saw(f"{beats[0]['detail']}（{place}）")
    age = datetime.fromisoformat(box.journal["at"]) - datetime.fromisoformat(beats[0]["at"])
    assert abs(age.total_seconds()) <= 60, "上报程序已停止，请查看其日志。"
    assert beats[0]["ok"], f"没有连上平台 {place}：{beats[0]['detail']}。"
