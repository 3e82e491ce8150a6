"""The cameras of the device LAN, fresh from their boxes, as provisioning left them."""

import json

from .bed import Bed
from .installer import Provisioning

CONFIGURE = (
    "systemd-run --quiet --wait --pipe --collect -p User=gatehouse"
    " -p LoadCredential=camera-a01:/etc/gatehouse/secrets/camera-a01"
    " -p LoadCredential=camera-a02:/etc/gatehouse/secrets/camera-a02"
    " -p LoadCredential=camera-a09:/etc/gatehouse/secrets/camera-a09"
    " /opt/gatehouse/current/bin/gatehouse cameras configure --json --check"
    " --profile /etc/gatehouse/profile.yaml --machine gate-test"
)


def test_cameras_ten_years_slow_were_set_and_nothing_is_left_to_do(appliance: Bed) -> None:
    told = json.loads(appliance.run(CONFIGURE.split()).stdout)
    assert {each["camera"]: each["state"] for each in told} == {
        "a01-plate": "ok",
        "a02-plate": "ok",
        "a-overview": "ok",
    }
    said = {point["subject"]: point["detail"] for point in told[0]["findings"]}
    assert "出入口A 道闸A01" in said["屏幕字符"]
    assert "自动对时" in said["时钟"]


def test_no_camera_was_left_for_hands(provisioning: tuple[Provisioning, Provisioning]) -> None:
    assert not [sentence for run in provisioning for sentence in run.hands if "相机" in sentence]
