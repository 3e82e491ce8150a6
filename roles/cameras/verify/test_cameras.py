"""The cameras are as the profile says; asked of them anew, nothing is changed."""

import json

import pytest
from testinfra.host import Host

from appliance.profile.box import Machine
from appliance.profile.model import Profile


def test_no_camera_is_left_to_be_set(host: Host, profile: Profile, machine: Machine) -> None:
    """相机的时钟、屏幕字符和码流符合站点配置（4.5.3-3）"""
    cameras = [camera for camera in profile.cameras_of(machine) if camera.onvif_port is not None]
    if not cameras:
        pytest.skip("no camera of this machine speaks ONVIF")
    handed = " ".join(
        f"-p LoadCredential={camera.password.name}:/etc/gatehouse/secrets/{camera.password.name}"
        for camera in cameras
    )
    with host.sudo():
        answer = host.run(
            f"systemd-run --quiet --wait --pipe --collect -p User=gatehouse {handed}"
            " /opt/gatehouse/current/bin/gatehouse cameras configure --check --json"
            f" --profile /etc/gatehouse/profile.yaml --machine {machine.name}"
        )
    assert answer.rc in {0, 1}, answer.stderr
    told = json.loads(answer.stdout)
    assert {each["camera"] for each in told} == {camera.id for camera in cameras}
    open_points = [
        f"{each['camera']} {point['subject']}：{point['detail']}"
        for each in told
        for point in each["findings"]
        if point["state"] != "ok"
    ]
    assert not open_points
