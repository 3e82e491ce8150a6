"""The appliance's programs run, in a release that did well, and can do no more than they must."""

import json

import pytest
from testinfra.host import Host

from appliance.profile.box import Machine
from appliance.profile.model import Profile
from appliance.runtime.supervision import CRASHES, programs

TOOL = "/opt/gatehouse/bin/gatehouse-release"
UNIT = "gatehouse.service"


def status(host: Host) -> dict[str, object]:
    with host.sudo():
        told: dict[str, object] = json.loads(host.check_output(f"{TOOL} status --json"))
    return told


def test_the_service_runs_and_starts_with_the_box(host: Host) -> None:
    """服务随系统启动，无需登录（4.5.1-6）"""
    service = host.service(UNIT)
    assert service.is_running
    assert service.is_enabled


def test_the_release_that_runs_was_seen_to_do_well(host: Host) -> None:
    """当前版本通过了健康检查"""
    told = status(host)
    assert told["current"]
    assert told["confirmed"]


def test_every_program_of_this_machine_runs_and_no_other(
    host: Host, profile: Profile, machine: Machine
) -> None:
    """本机负责的各程序都在运行"""
    expected = {CRASHES.name, *(each.name for each in programs(profile.part_of(machine)))}
    command = f"-c {profile.storage.root}/run/supervisord.conf status"
    with host.sudo():
        python = f"{host.check_output('readlink -f /opt/gatehouse/current')}/venv/bin/python"
        said = host.run(f"{python} -m supervisor.supervisorctl {command}").stdout
    running = {line.split()[0] for line in said.splitlines() if " RUNNING " in f"{line} "}
    assert running == expected


def test_the_status_page_answers(host: Host, profile: Profile) -> None:
    """状态页可以访问"""
    page = profile.network.status_page
    address = "127.0.0.1" if str(page.address) == "0.0.0.0" else page.address  # noqa: S104
    ask = f"import urllib.request as u; print(u.urlopen('http://{address}:{page.port}/healthz').status)"
    assert host.check_output(f'python3 -c "{ask}"') == "200"


def test_the_programs_run_as_the_service_account_without_any_right(host: Host) -> None:
    """程序以专用账号运行，没有特权"""
    process = host.check_output(f"systemctl show --property=MainPID --value {UNIT}")
    with host.sudo():
        lines = host.check_output(f"cat /proc/{process}/status").splitlines()
    told = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert host.check_output(f"stat -c %U /proc/{process}") == "gatehouse"
    assert int(told["CapEff"], 16) == int(told["CapBnd"], 16) == 0
    assert told["NoNewPrivs"].strip() == "1"


@pytest.mark.parametrize("path", ["/etc/gatehouse/secrets", "/opt/gatehouse/incoming"])
def test_what_is_roots_alone_is_so(host: Host, path: str) -> None:
    """密钥目录只有 root 能读"""
    with host.sudo():
        folder = host.file(path)
        assert (folder.user, folder.mode) == ("root", 0o700)
        files = host.run(f"find {path} -type f -perm /077").stdout
    assert not files


def test_the_box_has_the_profile_and_others_cannot_read_it(host: Host) -> None:
    """站点配置在位，且只有服务账号能读"""
    with host.sudo():
        file = host.file("/etc/gatehouse/profile.yaml")
        assert (file.user, file.group, file.mode) == ("root", "gatehouse", 0o640)


def test_no_release_can_be_altered_by_the_service(host: Host) -> None:
    """服务账号不能改动程序"""
    with host.sudo():
        found = host.check_output("find /opt/gatehouse ! -user root -o -perm /022 ! -type l")
    assert not found
