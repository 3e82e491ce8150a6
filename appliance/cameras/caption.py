"""The text burnt into a camera's picture: time, entrance and barriers (4.5.3-3)."""

from typing import Any

from appliance.cameras.channel import CameraRefused, Channel
from appliance.cameras.report import Finding, State
from appliance.profile.model import Camera, Caption, Profile

SUBJECT = "屏幕字符"
OURS = "出入口"
"""How every text of ours begins, so that an older one is replaced and not joined by another."""


def caption(site: Profile, camera: Camera) -> str | None:
    """The text for a camera, such as `出入口A 道闸A01`; None for one that shows no barrier."""
    barriers = [barrier.id for barrier in site.barriers_of(camera)]
    if not barriers:
        return None
    entrances = "、".join(dict.fromkeys(number[0] for number in barriers))
    return f"{OURS}{entrances} 道闸{'、'.join(barriers)}"


def set_caption(channel: Channel, source: str, text: str | None) -> Finding:
    """See to it that the picture of a video source shows the time and `text`."""
    if text is None:
        return Finding(SUBJECT, State.LEFT, "站点配置没有写本相机拍摄的道闸（barriers）")
    try:
        shown = channel.call("media", "GetOSDs", ConfigurationToken=source) or []
    except CameraRefused as refusal:
        if refusal.unauthorised:
            raise
        if channel.camera.caption is Caption.CLIP:
            return Finding(SUBJECT, State.OK, "相机不支持，由本机叠加在通行片段上")
        wanted = (
            f"相机不支持远程设置，请在相机网页上设置时间和“{text}”，"
            "或在站点配置中写 caption: clip，由本机叠加在通行片段上"
        )
        return Finding(SUBJECT, State.LEFT, wanted)
    done = []
    if not any(_kind(each) == "DateAndTime" for each in shown):
        words = {"Type": "DateAndTime", "DateFormat": "yyyy-MM-dd", "TimeFormat": "HH:mm:ss"}
        channel.change("media", "CreateOSD", OSD=_osd(source, "UpperLeft", words))
        done.append("加上时间")
    plain = {"Type": "Plain", "PlainText": text}
    texts = [each for each in shown if _kind(each) == "Plain"]
    older = [each for each in texts if str(each.TextString.PlainText or "").startswith(OURS)]
    if not any(each.TextString.PlainText == text for each in texts):
        if older:
            told = _osd(source, "LowerLeft", plain, token=older[0].token)
            channel.change("media", "SetOSD", OSD=told)
        else:
            channel.change("media", "CreateOSD", OSD=_osd(source, "LowerLeft", plain))
        done.append(f"写上“{text}”")
    if done:
        return Finding(SUBJECT, State.CHANGED, "、".join(done))
    return Finding(SUBJECT, State.OK, f"时间和“{text}”")


def _kind(osd: Any) -> str:
    return str(osd.TextString.Type) if osd.Type == "Text" and osd.TextString is not None else ""


def _osd(source: str, place: str, words: dict[str, str], token: str = "") -> dict[str, Any]:
    """An OSD as ONVIF wants it; the camera gives a new one its token."""
    return {
        "token": token,
        "VideoSourceConfigurationToken": source,
        "Type": "Text",
        "Position": {"Type": place},
        "TextString": words,
    }
