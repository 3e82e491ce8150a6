"""Evidence can be written, and only by root."""

from testinfra.host import Host


def test_the_folder_of_evidence_is_roots_and_the_service_account_reads_it(host: Host) -> None:
    folder = host.file("/var/lib/gatehouse/evidence")
    assert (folder.user, folder.group, folder.mode) == ("root", "gatehouse", 0o750)


def test_the_program_that_writes_evidence_runs(host: Host) -> None:
    assert host.run("/usr/local/lib/gatehouse/evidence.py --help").rc == 0
