"""Role ups on a provisioned box, with a simulated UPS that the tests play."""

from collections.abc import Iterator

import pytest

from .bed.guest import Bed
from .box import day_passes, eventually, evidence

UPS = "ups@127.0.0.1"


def says(box: Bed, name: str, value: str) -> None:
    """Have the UPS say so."""
    password = box.run(["cat", "/etc/gatehouse/secrets/ups-monitor"]).stdout
    box.run(["upsrw", "-s", f"{name}={value}", "-u", "gatehouse", "-p", password, UPS])


def said(box: Bed, name: str) -> str:
    return box.run(["upsc", UPS, name], check=False).stdout.strip()


@pytest.fixture(autouse=True)
def on_mains(appliance: Bed) -> Iterator[None]:
    """Each test begins and ends with a full battery, on mains."""
    says(appliance, "battery.charge", "100")
    says(appliance, "ups.status", "OL")
    eventually(lambda: said(appliance, "ups.status") == "OL", "on mains")
    yield
    says(appliance, "ups.status", "OL")


def test_the_mains_going_and_coming_back_are_evidence(appliance: Bed) -> None:
    gone = len(evidence(appliance, "ups", "ONBATT"))
    back = len(evidence(appliance, "ups", "ONLINE"))
    says(appliance, "ups.status", "OB")
    eventually(lambda: len(evidence(appliance, "ups", "ONBATT")) > gone, "ONBATT recorded")
    says(appliance, "ups.status", "OL")
    eventually(lambda: len(evidence(appliance, "ups", "ONLINE")) > back, "ONLINE recorded")
    assert not evidence(appliance, "ups", "ONBATT")[-1]["ok"]
    assert evidence(appliance, "ups", "ONLINE")[-1]["ok"]


def test_the_days_figures_are_compared_with_what_the_guideline_asks(appliance: Bed) -> None:
    day_passes(appliance)
    last = evidence(appliance, "ups", "ups-figures")[-1]
    assert last["ok"]
    assert last["value"]["runtime_minutes"] == 120
    assert last["value"]["rated_watts"] == 6000
    says(appliance, "battery.runtime", "3600")
    eventually(lambda: said(appliance, "battery.runtime") == "3600", "a tired battery")
    day_passes(appliance)
    assert not evidence(appliance, "ups", "ups-figures")[-1]["ok"]
    says(appliance, "battery.runtime", "7200")


def test_a_driver_that_has_gone_stale_is_restarted(appliance: Bed) -> None:
    appliance.run(["pkill", "-STOP", "dummy-ups"])
    eventually(lambda: said(appliance, "ups.status") == "", "the driver is stale")
    # The timer does this every minute.
    appliance.run(["systemctl", "start", "gatehouse-ups-watch.service"])
    eventually(lambda: said(appliance, "ups.status") == "OL", "the driver answers again")
    appliance.run(["systemctl", "start", "gatehouse-ups-watch.service"])
    silent, again = evidence(appliance, "ups", "ups-driver")[-2:]
    assert (silent["ok"], again["ok"]) == (False, True)
    assert "stale" in silent["value"]


@pytest.mark.parametrize(
    ("driver", "package"),
    [
        ("usbhid-ups", "nut-server"),
        ("snmp-ups", "nut-snmp"),
        ("apc_modbus", "nut-modbus"),
        ("dummy-ups", "nut-server"),
    ],
)
def test_each_driver_of_the_profile_comes_in_the_package_that_the_role_installs_for_it(
    appliance: Bed, driver: str, package: str
) -> None:
    fetch = f"mkdir -p /tmp/nut && cd /tmp/nut && apt-get -q download {package}"
    appliance.run(["sh", "-c", fetch])
    listed = appliance.run(["sh", "-c", f"dpkg --contents /tmp/nut/{package}_*.deb"]).stdout
    assert f"/lib/nut/{driver}\n" in listed


@pytest.mark.parametrize("how", ["the UPS calls its battery low", "the charge is low"])
def test_a_low_battery_shuts_the_box_down_in_order_and_it_comes_back(
    appliance: Bed, how: str
) -> None:
    before = len(evidence(appliance, "ups", "orderly-shutdown"))
    if how == "the UPS calls its battery low":
        says(appliance, "ups.status", "OB LB")
    else:
        says(appliance, "battery.charge", "15")
        says(appliance, "ups.status", "OB")
        eventually(lambda: said(appliance, "ups.status") == "OB", "on battery")
        appliance.run(["systemctl", "start", "gatehouse-ups-watch.service"], check=False)
    appliance.wait_off()
    appliance.power_on()
    assert len(evidence(appliance, "ups", "orderly-shutdown")) == before + 1
    journal = appliance.run(["journalctl", "--boot=-1", "--output=cat"]).stdout
    # The runtime has closed its journal before the UPS service is gone, and before any disk is.
    stopped = [line for line in journal.splitlines() if line.startswith("Stopped ")]
    order = [
        unit for line in stopped for unit in ("gatehouse.service", "nut-server") if unit in line
    ]
    # The last of it: another test may have stopped the gate before.
    assert order[-2:] == ["gatehouse.service", "nut-server"]
    eventually(lambda: said(appliance, "ups.status") == "OL", "the UPS is watched again")
    assert appliance.run(["systemctl", "is-active", "nut-monitor"]).stdout == "active\n"
    assert appliance.run(["test", "-e", "/etc/killpower"], check=False).returncode == 1
