"""One call to a camera: its packets as they come, and the pictures in them (4.5.3-1).

What FFmpeg says of an error holds the address with its password, so nothing of it is passed on.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

import av
import numpy as np
from av.codec.context import Flags
from av.codec.hwaccel import HWAccel, hwdevices_available
from av.error import FFmpegError
from av.video.reformatter import VideoReformatter

from appliance.runtime.vision.reading import Image

OPEN_SECONDS, READ_SECONDS = 8.0, 5.0
MOST_PIXELS = 7680 * 4320
"""A larger picture is no gate camera's, and is not decoded."""

# TCP, because a lost packet costs a smeared plate; a short look at the stream before the first
# frame, because a gate is live. What came meanwhile is kept (no `nobuffer`): it holds the key frame
# that a camera begins with, and the next may be many seconds away. Nothing but RTSP, wherever the
# camera sends us.
SETTINGS = {
    "rtsp_transport": "tcp",
    "allowed_media_types": "video",
    "protocol_whitelist": "rtsp,rtp,tcp",
    "analyzeduration": "500000",
    "max_pixels": str(MOST_PIXELS),
}


class CameraSilent(Exception):
    """The camera does not answer, or has no video at this address."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One coded picture: its own time in seconds (0 where the stream tells none), its size in
    bytes, and whether it is a key frame, which is decoded without the ones before it."""

    seconds: float
    size: int
    key: bool
    content: "av.Packet[av.VideoStream]"


class Call:
    """A camera that was called; `hardware` names the decoder to use, None FFmpeg's own.

    Raises CameraSilent. Used by one thread.
    """

    def __init__(self, url: str, *, hardware: str | None = None) -> None:
        try:
            self._container = av.open(
                url,
                options=SETTINGS,
                metadata_errors="replace",
                timeout=(OPEN_SECONDS, READ_SECONDS),
                hwaccel=HWAccel(hardware) if hardware else None,
            )
        except (FFmpegError, ValueError):
            raise CameraSilent from None
        # A video that nobody can decode has no codec.
        known = [video for video in self._container.streams.video if video.codec_context]
        if not known:
            self._container.close()
            raise CameraSilent
        self._video = known[0]
        self._decoder = self._video.codec_context
        # FFmpeg's own number, one a core, decodes so many pictures at a time, and hands each out
        # later by as many less one: on eight cores by more than a quarter of a second.
        self._decoder.thread_count = 1
        self._decoder.flags |= Flags.low_delay
        self._decoder.options = {"max_pixels": SETTINGS["max_pixels"]}
        self._colours = VideoReformatter()

    def close(self) -> None:
        """Hang up."""
        self._container.close()

    @property
    def in_hardware(self) -> bool:
        """Whether the pictures are decoded in hardware."""
        return self._decoder.is_hwaccel

    def packets(self) -> Iterator[Packet]:
        """The stream's packets as they come; ends when it breaks off or nothing comes for long."""
        with suppress(FFmpegError):
            for packet in self._container.demux(self._video):
                if not packet.size:
                    return  # FFmpeg's way to say that this was all
                seconds = float((packet.pts or 0) * (packet.time_base or 0))
                yield Packet(seconds, packet.size, packet.is_keyframe, packet)

    def decoded(self, packet: Packet) -> av.VideoFrame | None:
        """The newest picture that is whole with this packet; None where it is damaged."""
        with suppress(FFmpegError):
            for frame in reversed(self._decoder.decode(packet.content)):
                return frame
        return None

    def image(self, frame: av.VideoFrame) -> Image | None:
        """The picture in blue, green and red; None where it cannot be made."""
        try:
            turned = self._colours.reformat(frame, format="bgr24", threads=1)
        except FFmpegError:
            return None
        return np.ascontiguousarray(turned.to_ndarray(), np.uint8)


@cache
def decoder_in_hardware() -> str | None:
    """The name of a decoder in hardware that this machine has."""
    for name in hwdevices_available():
        with suppress(FFmpegError):
            if av.CodecContext.create("h264", "r", HWAccel(name)).is_hwaccel:
                return name
    return None
