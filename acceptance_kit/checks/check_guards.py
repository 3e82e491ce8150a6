"""The firewall, intrusion prevention and antivirus of the box (4.1-6, 4.5.4)."""

import base64
import json
from datetime import datetime

from acceptance_kit.checks.checked_box import CheckedBox
from acceptance_kit.checks.demand import demand
from acceptance_kit.checks.finding import Observation
from appliance.profile.box import InspectionMode
from appliance.profile.model import Profile

# The harmless file that every scanner must find, spelled so that this file is not found itself.
EICAR = "".join((r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR", "-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"))
DAILY = "gatehouse-daily.service"


@demand(
    "4.5.4",
    item="firewall.active",
    title="企业级防火墙在运行，没有写明允许的一律拒绝",
    method="读取内核中正在生效的防火墙规则。",
)
def test_what_no_rule_lets_in_is_refused(box: CheckedBox, finding: Observation) -> None:
    told = json.loads(box.said("nft", "-j", "list", "chains"))["nftables"]
    policies = {
        chain["chain"]["hook"]: chain["chain"]["policy"]
        for chain in told
        if chain.get("chain", {}).get("table") == "gatehouse" and "policy" in chain["chain"]
    }
    finding.saw(f"进入 {policies.get('input', '无')}，转发 {policies.get('forward', '无')}", "drop")
    for hook, called in (("input", "进入"), ("forward", "转发")):
        assert policies.get(hook) == "drop", (
            f"防火墙没有拒绝{called}方向的其他报文，请执行 gatehouse provision。"
        )


@demand(
    "4.5.4",
    item="firewall.autostart",
    title="防火墙规则重启后仍然生效",
    method="询问 nftables 服务，并比较已保存的规则与站点配置写出的规则。",
)
def test_the_firewall_comes_back(box: CheckedBox, finding: Observation) -> None:
    enabled = box.host.service("nftables").is_enabled
    finding.saw("开机启动" if enabled else "没有设为开机启动")
    assert enabled, "nftables 没有设为开机启动，请执行 gatehouse provision。"
    same = box.run("cmp", "/etc/gatehouse/firewall.nft", "/etc/nftables.conf").rc == 0
    assert same, "开机时装载的规则与站点配置写出的不同，请执行 gatehouse provision。"


@demand(
    "4.1-6",
    "4.5.4",
    item="intrusion.running",
    title="入侵防御在运行，报文正在接受检查",
    method="询问 Suricata 服务，并确认报文经过它。",
)
def test_packets_are_inspected(box: CheckedBox, profile: Profile, finding: Observation) -> None:
    service = box.host.service("suricata.service")
    running, enabled = service.is_running, service.is_enabled
    finding.saw("运行" if running else "没有运行")
    assert running, "Suricata 没有运行，请查看 journalctl -u suricata。"
    assert enabled, "Suricata 没有设为开机启动，请执行 gatehouse provision。"
    queue = profile.protection.intrusion.mode is InspectionMode.NFQUEUE
    words = ["/usr/local/lib/gatehouse/intrusion.py", "present", *(["--queue", "0"] * queue)]
    assert box.run(*words).rc == 0, "报文没有经过 Suricata，请执行 gatehouse provision。"


@demand(
    "4.1-6",
    "4.5.4",
    item="intrusion.signatures",
    title="入侵防御特征库在时效之内，定期自动更新",
    method="让工控机现场测量特征库的年龄（gatehouse-daily）。",
)
def test_rules_are_young(box: CheckedBox, profile: Profile, finding: Observation) -> None:
    days = profile.protection.intrusion.signature_days
    _young(box, finding, ("intrusion", "suricata-signatures"), "入侵防御特征库", days)


@demand(
    "4.1-6",
    "4.5.4",
    item="antivirus.signatures",
    title="病毒库在时效之内，定期自动更新",
    method="让工控机现场测量病毒库的年龄（gatehouse-daily）。",
)
def test_signatures_are_young(box: CheckedBox, profile: Profile, finding: Observation) -> None:
    days = profile.protection.antivirus.signature_days
    _young(box, finding, ("antivirus", "clamav-signatures"), "病毒库", days)


@demand(
    "4.1-6",
    "4.5.4",
    item="antivirus.scanning",
    title="防病毒在运行，能查出标准测试文件",
    method="查看定时扫描，并在临时目录放一个 EICAR 测试文件扫描，随后删除。",
)
def test_the_standard_test_file_is_found(box: CheckedBox, finding: Observation) -> None:
    for timer in ("gatehouse-scan-incoming.timer", "gatehouse-scan-system.timer"):
        assert box.host.service(timer).is_running, f"{timer} 没有运行，请执行 gatehouse provision。"
    text = base64.b64encode(EICAR.encode()).decode()
    folder = box.said("mktemp", "-d", "--tmpdir", "gatehouse-XXXXXX").strip()
    try:
        box.said("sh", "-c", f"echo {text} | base64 -d > {folder}/eicar.com")
        said = box.run("clamscan", "--no-summary", f"{folder}/eicar.com")
    finally:
        box.run("rm", "-r", folder)
    finding.saw("查出" if said.rc == 1 else "没有查出")
    assert said.rc == 1, "防病毒没有查出测试文件，请检查病毒库。"
    assert "FOUND" in said.stdout, "防病毒没有查出测试文件，请检查病毒库。"


def _young(
    box: CheckedBox, finding: Observation, line: tuple[str, str], what: str, days: int
) -> None:
    """The age in days that the box measures now is within `days`."""
    begun = box.now
    box.run("systemctl", "start", "--wait", DAILY)
    told = box.evidence(*line)
    if datetime.fromisoformat(told["at"]) < begun:
        finding.untested(f"工控机没有测出{what}的年龄，请查看 journalctl -u gatehouse-daily。")
    age = told["value"]
    finding.saw("从未更新" if age is None else f"{age:g} 天", f"≤ {days} 天")
    assert age is not None, f"{what}从未更新，请接通更新来源或装入离线包。"
    assert -1 <= age <= days, f"{what}已有 {age:g} 天没有更新，请检查更新来源。"
