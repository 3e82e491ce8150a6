"""Evidence can be written, and only by root."""

from testinfra.host import Host


def test_the_folder_of_evidence_is_roots_and_the_service_account_reads_it(host: Host) -> None:
    """证据目录属于 root，运行账号只读"""
    with host.sudo():
        folder = host.file("/var/lib/gatehouse/evidence")
        assert (folder.user, folder.group, folder.mode) == ("root", "gatehouse", 0o750)


def test_the_days_evidence_has_a_timer(host: Host) -> None:
    """每日证据定时记录"""
    timer = host.service("gatehouse-daily.timer")
    assert timer.is_enabled
    assert timer.is_running
