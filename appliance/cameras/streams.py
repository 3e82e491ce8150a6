"""A camera's streams against the profile: path, port, codec, size (4.4.1-1, 4.5.3)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from appliance.cameras.channel import Channel, printable
from appliance.cameras.report import Finding, State
from appliance.profile.model import Camera, CameraRole

LEAST = {CameraRole.PLATE: (1280, 720), CameraRole.SURVEILLANCE: (1024, 768)}
CODECS = ("H264", "H265")
MOST_PROFILES = 16
LEAST_SUB_WIDTH = 320
"""Pixels: what is less shows a truck, but not where it stands."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One profile of the camera: its codec, pixels, RTSP address and video source."""

    codec: str
    width: int
    height: int
    address: SplitResult
    source: str

    @property
    def path(self) -> str:
        """Path and query, as a site profile writes it."""
        query = f"?{self.address.query}" if self.address.query else ""
        return printable(f"{self.address.path}{query}")

    @property
    def port(self) -> int:
        """The RTSP port; 554 where the address has none, 0 where it is nonsense."""
        try:
            return self.address.port or 554
        except ValueError:
            return 0

    def serves(self, wanted: str) -> bool:
        """Whether this is the stream at `wanted`: cameras add parameters of their own."""
        asked = urlsplit(wanted)
        given = parse_qsl(self.address.query, keep_blank_values=True)
        needed = parse_qsl(asked.query, keep_blank_values=True)
        return asked.path == self.address.path and all(each in given for each in needed)


def read_streams(channel: Channel) -> tuple[Stream, ...]:
    """Every stream that the camera offers, in its order."""
    found = []
    for profile in (channel.call("media", "GetProfiles") or ())[:MOST_PROFILES]:
        encoder, source = profile.VideoEncoderConfiguration, profile.VideoSourceConfiguration
        if encoder is None or source is None:
            continue
        setup = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
        told = channel.call("media", "GetStreamUri", StreamSetup=setup, ProfileToken=profile.token)
        found.append(_stream(encoder, source, str(told.Uri)))
    return tuple(found)


def stream_at(path: str, offered: Iterable[Stream]) -> Stream | None:
    """The stream that a site profile means by a path; None where the camera has none there."""
    return next((each for each in offered if each.serves(path)), None)


def check_streams(camera: Camera, streams: Iterable[Stream]) -> tuple[Finding, ...]:
    """A finding for the main stream, and one for the sub stream where the profile has it, or where
    it might: an empty lane is watched in a small stream for a third of the work."""
    offered = tuple(streams)
    findings = [_check(camera, "主码流", camera.rtsp_path, offered, LEAST[camera.role])]
    if camera.sub_rtsp_path is not None:
        findings.append(_check(camera, "子码流", camera.sub_rtsp_path, offered, (1, 1)))
    elif camera.role is CameraRole.PLATE and (small := _smallest(camera, offered)):
        told = f"未填；相机有 {small.path}（{small.codec} {small.width}×{small.height}），"
        advice = "建议填入站点配置的 sub_rtsp_path，空闲车道占用的处理器会少三分之二"
        findings.append(Finding("子码流", State.OK, told + advice))
    return tuple(findings)


def _smallest(camera: Camera, offered: tuple[Stream, ...]) -> Stream | None:
    """What may serve as a sub stream: the same view, half as wide as the main one or less."""
    main = stream_at(camera.rtsp_path, offered)
    if main is None:
        return None
    fitting = [
        each
        for each in offered
        if (each.source, each.port) == (main.source, main.port)
        and each.codec in CODECS
        and LEAST_SUB_WIDTH <= each.width <= main.width // 2
    ]
    return min(fitting, key=lambda each: each.width * each.height, default=None)


def _check(
    camera: Camera, subject: str, path: str, offered: tuple[Stream, ...], least: tuple[int, int]
) -> Finding:
    stream = stream_at(path, offered)
    if stream is None:
        known = "、".join(each.path for each in offered) or "没有任何码流"
        return Finding(subject, State.FAILED, f"相机没有路径 {path}，它提供：{known}")
    size = f"{stream.codec} {stream.width}×{stream.height}"
    if stream.port != camera.rtsp_port:
        wrong = f"相机的 RTSP 端口是 {stream.port}，站点配置写的是 {camera.rtsp_port}"
        return Finding(subject, State.FAILED, wrong)
    if stream.codec not in CODECS:
        return Finding(subject, State.FAILED, f"编码是 {stream.codec}，请在相机上改为 H.264")
    if stream.width < least[0] or stream.height < least[1]:
        wrong = f"{size}，要求不低于 {least[0]}×{least[1]}，请在相机上调高分辨率"
        return Finding(subject, State.FAILED, wrong)
    return Finding(subject, State.OK, f"{path}，{size}")


def _stream(encoder: Any, source: Any, uri: str) -> Stream:
    size = encoder.Resolution
    try:
        address = urlsplit(uri)
    except ValueError:
        address = urlsplit("")
    return Stream(
        codec=printable(encoder.Encoding),
        width=int(size.Width) if size is not None else 0,
        height=int(size.Height) if size is not None else 0,
        address=address,
        source=str(source.token),
    )
