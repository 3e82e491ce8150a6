"""Packets pass Suricata, and its rules are renewed."""

from testinfra.host import Host

from appliance.profile.box import InspectionMode
from appliance.profile.model import Profile


def test_suricata_runs_from_the_start_of_the_system_on(host: Host) -> None:
    """Suricata 随系统启动"""
    service = host.service("suricata.service")
    assert service.is_enabled
    assert service.is_running


def test_packets_are_inspected(host: Host, profile: Profile) -> None:
    """报文正在接受检查"""
    queue = profile.protection.intrusion.mode is InspectionMode.NFQUEUE
    with host.sudo():
        words = "/usr/local/lib/gatehouse/intrusion.py present"
        assert host.run(f"{words} --queue 0" if queue else words).rc == 0


def test_suricata_accepts_its_settings_and_rules(host: Host) -> None:
    """Suricata 配置与规则有效"""
    with host.sudo():
        tried = host.run("suricata -T -c /etc/suricata/gatehouse.yaml -l /tmp")
    assert tried.rc == 0, tried.stdout + tried.stderr


def test_the_gates_own_rules_drop(host: Host) -> None:
    """随箱规则为阻断"""
    rules = host.file("/etc/suricata/gatehouse/gatehouse.rules").content_string.splitlines()
    live = [rule for rule in rules if rule and not rule.startswith("#")]
    assert live
    assert all(rule.startswith("drop ") for rule in live)


def test_the_profiles_sources_are_asked_every_day(host: Host, profile: Profile) -> None:
    """按站点配置的来源每日更新规则"""
    sources = profile.protection.intrusion.update_sources
    assert host.service("gatehouse-intrusion-update.timer").is_running == bool(sources)


def test_the_log_is_kept_within_bounds(host: Host) -> None:
    """日志有上限"""
    assert host.service("gatehouse-intrusion-watch.timer").is_running
    assert "size" in host.file("/etc/logrotate.d/suricata").content_string
