"""The box keeps standard time, passes it on to the cameras, and proves it."""

from .bed import TOOLS, Bed, root_of
from .box import eventually, evidence


def tracking(box: Bed) -> list[str]:
    return box.run(["chronyc", "-c", "tracking"]).stdout.strip().split(",")


def measured(box: Bed) -> dict[str, object]:
    """Start the daily comparison now."""
    box.run(["systemctl", "start", "gatehouse-clock-check.service"])
    return evidence(box, "clock", "clock-offset")[-1]


def test_the_clock_follows_the_source_of_the_profile(appliance: Bed) -> None:
    appliance.run(["chronyc", "burst", "4/4"])
    eventually(lambda: tracking(appliance)[1] == appliance.platform_address, "following it")
    assert tracking(appliance)[2] == "2", "one stratum below the source"
    assert abs(float(tracking(appliance)[4])) < 0.1


def test_the_daily_comparison_with_standard_time_is_evidence(appliance: Bed) -> None:
    line = measured(appliance)
    assert line["ok"]
    assert abs(line["value"]["seconds"]) < 0.1
    assert line["value"]["server"] == appliance.platform_address


def test_a_source_that_does_not_answer_is_an_alarm(appliance: Bed) -> None:
    check = "/usr/local/lib/gatehouse/clock_check.py"
    appliance.run([check, "--tolerance", "1", "192.0.2.77"])
    line = evidence(appliance, "clock", "clock-offset")[-1]
    assert not line["ok"]
    assert line["value"]["seconds"] is None
    said = appliance.run(["journalctl", "-t", "gatehouse-evidence", "-p", "warning", "-n", "5"])
    assert "clock-offset" in said.stdout


def test_a_clock_beyond_the_bound_is_an_alarm(appliance: Bed) -> None:
    check = "/usr/local/lib/gatehouse/clock_check.py"
    # Nothing is ever nearer to standard time than no time at all.
    appliance.run([check, "--tolerance", "0", appliance.platform_address])
    assert not evidence(appliance, "clock", "clock-offset")[-1]["ok"]


def test_a_camera_gets_its_time_from_the_box(appliance: Bed) -> None:
    asked = appliance.camera_lan.run(
        [
            "chroot",
            root_of(TOOLS),
            "/usr/sbin/chronyd",
            "-Q",
            "-t",
            "10",
            "-u",
            "root",
            "server 10.41.8.10 iburst",
        ]
    )
    assert "System clock wrong by" in asked.stdout + asked.stderr
