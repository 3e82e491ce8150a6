"""The box knows its UPS and goes down in order."""

from testinfra.host import Host

from appliance.profile.model import Profile


def test_the_ups_answers_by_the_profiles_driver(host: Host, profile: Profile) -> None:
    """UPS 有应答，驱动与站点配置一致"""
    answer = host.check_output("upsc ups@127.0.0.1 driver.name 2>/dev/null")
    # snmp-ups names itself by the protocol's version.
    assert answer.split("_")[0] == str(profile.ups.driver).split("_", maxsplit=1)[0]


def test_the_ups_is_on_mains_with_charge_to_spare(host: Host, profile: Profile) -> None:
    """市电正常，电量高于关机界限"""
    assert "OL" in host.check_output("upsc ups@127.0.0.1 ups.status 2>/dev/null").split()
    charge = host.run("upsc ups@127.0.0.1 battery.charge 2>/dev/null")
    assert charge.rc != 0 or float(charge.stdout) > profile.ups.low_battery_percent


def test_nobody_but_the_box_asks_its_ups_service(host: Host) -> None:
    """UPS 服务只在本机监听"""
    assert host.socket("tcp://127.0.0.1:3493").is_listening
    assert not host.socket("tcp://0.0.0.0:3493").is_listening


def test_the_ups_services_start_with_the_system(host: Host) -> None:
    """UPS 服务随系统启动"""
    for unit in ("nut-server.service", "nut-monitor.service", "gatehouse-ups-watch.timer"):
        service = host.service(unit)
        assert service.is_enabled, unit
        assert service.is_running, unit


def test_the_password_is_roots_alone(host: Host) -> None:
    """UPS 密码文件只有 root 可读"""
    with host.sudo():
        secret = host.file("/etc/gatehouse/secrets/ups-monitor")
        assert (secret.user, secret.mode) == ("root", 0o600)
        assert secret.size > 0


def test_the_runtime_stops_before_the_ups_service(host: Host) -> None:
    """关机时先停运行程序"""
    assert "nut-server.service" in host.check_output(
        "systemctl show --property=After --value gatehouse.service"
    )
