"""What a camera says of itself over ONVIF, point by point."""

from acceptance_kit.checks.checked_box import CheckedBox
from acceptance_kit.checks.finding import CouldNotAsk, Observation
from appliance.profile.model import Camera

BROKEN = ("连接", "登录", "密码", "应答", "设置")
"""Points under which the appliance tells that it came no further."""


def point(box: CheckedBox, camera: Camera, subject: str, finding: Observation) -> dict[str, str]:
    """What was found at a camera under `subject`: `state` and `detail`; seen by the finding.

    Ends the check as 未检 for a camera without ONVIF, and raises CouldNotAsk for one that did not
    answer so far.
    """
    if camera.onvif_port is None:
        finding.untested("站点配置没有写相机的 ONVIF 端口（onvif_port），不能询问相机。")
    found = box.cameras.get(camera.id, [])
    for each in found:
        if each["subject"] == subject:
            finding.saw(each["detail"])
            return each
    why = next((each["detail"] for each in found if each["subject"] in BROKEN), "没有应答")
    raise CouldNotAsk(f"相机 {camera.id}：{why}。")
