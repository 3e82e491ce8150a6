"""Viruses are looked for, with signatures that are young enough."""

import base64

from testinfra.host import Host

from appliance.profile.box import Scan
from appliance.profile.model import Profile

# The harmless file that every scanner must find, spelled so that this file is not found itself.
EICAR = "".join((r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR", "-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"))


def test_what_comes_in_is_scanned_by_timer(host: Host) -> None:
    """来件每小时、全盘每日扫描"""
    for timer in ("gatehouse-scan-incoming.timer", "gatehouse-scan-system.timer"):
        assert host.service(timer).is_enabled, timer
        assert host.service(timer).is_running, timer


def test_files_are_scanned_when_opened_where_the_profile_says_so(
    host: Host, profile: Profile
) -> None:
    """按站点配置的扫描方式运行"""
    wanted = profile.protection.antivirus.scan is Scan.ON_ACCESS
    assert host.service("gatehouse-on-access.service").is_running == wanted


def test_there_are_signatures(host: Host) -> None:
    """有病毒库"""
    with host.sudo():
        assert host.run("ls /var/lib/clamav/*.[chn]??").rc == 0


def test_the_standard_test_file_is_found(host: Host) -> None:
    """能查出 EICAR 测试文件"""
    text = base64.b64encode(EICAR.encode()).decode()
    with host.sudo():
        folder = host.check_output("mktemp -d /tmp/gatehouse-verify-XXXXXX")
        try:
            host.check_output("sh -c %s", f"echo {text} | base64 -d > {folder}/eicar.com")
            said = host.run("clamscan --no-summary %s", f"{folder}/eicar.com")
        finally:
            host.run("rm -r %s", folder)
    assert said.rc == 1
    assert "FOUND" in said.stdout


def test_nobody_but_root_enters_the_quarantine(host: Host) -> None:
    """隔离目录只有 root 可进"""
    folder = host.file("/var/lib/gatehouse-quarantine")
    assert (folder.user, folder.mode) == ("root", 0o700)


def test_debians_own_renewing_does_not_run_beside_ours(host: Host) -> None:
    """病毒库只由定时任务更新"""
    for unit in ("clamav-freshclam.service", "clamav-freshclam-once.timer"):
        assert host.service(unit).is_masked, unit
