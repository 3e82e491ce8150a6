"""A camera's stream as pieces of MP4: one ffmpeg, which copies and decodes nothing.

ffmpeg takes an address on its command line, where every process of the machine can read it. So it
is given a list of one entry (its `concat` format) on its standard input instead, and what it says
is cleaned of addresses before it is logged.
"""

import contextlib
import fcntl
import logging
import os
import re
import select
import subprocess
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self
from urllib.parse import quote

from appliance.clock import Clock
from appliance.profile.model import Camera
from appliance.runtime.video.boxes import Damaged, Head, Piece, Reader
from appliance.trouble import Trouble

log = logging.getLogger(__name__)

SILENT_SECONDS = 15.0
"""A stream that sends nothing for so long is called anew; a lost camera closes no connection."""

END_SECONDS = 5.0
PIPE_BYTES = 1 << 20
"""What ffmpeg may be ahead of us, for as long as a disk takes to sync."""

PIECE_MICROSECONDS = 2_000_000
"""Of a camera that sends a whole picture every ten seconds, a cut costs no more than this."""

LINES_LOGGED = 20
"""Of one call; a damaged stream has something to say about every picture."""

WORDS = (
    *("ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error"),
    *("-protocol_whitelist", "pipe,rtsp,rtp,tcp", "-f", "concat", "-safe", "0", "-i", "pipe:0"),
    *("-map", "0:v:0", "-c", "copy", "-f", "mp4", "-frag_duration", str(PIECE_MICROSECONDS)),
    *("-movflags", "+frag_keyframe+empty_moov+default_base_moof", "-flush_packets", "1", "pipe:1"),
)
ORDER = """\
ffconcat version 1.0
file '{address}'
option rtsp_transport tcp
option timeout 10000000
option analyzeduration 1000000
"""
_ADDRESS = re.compile(r"rtsp://[^'\s]+")


class FfmpegMissing(Trouble):
    """This machine has no ffmpeg; the message names the package."""


def address_of(camera: Camera, password: str) -> str:
    """The camera's main stream with its login; never logged."""
    login = f"{quote(camera.user, safe='')}:{quote(password, safe='')}"
    return f"rtsp://{login}@{camera.host}:{camera.rtsp_port}{camera.rtsp_path}"


class Live:
    """One call to one camera. Use as a context manager: leaving it ends ffmpeg."""

    def __init__(self, camera: str, address: str, clock: Clock) -> None:
        """`camera` is its name for the log. Raises FfmpegMissing."""
        self._camera = camera
        self._clock = clock
        self._reader = Reader()
        try:
            self._ffmpeg = subprocess.Popen(  # noqa: S603  # a list of our own words, no shell
                WORDS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
        except FileNotFoundError:
            raise FfmpegMissing("缺少 ffmpeg，请安装系统软件包 ffmpeg。") from None
        self._out = self._ffmpeg.stdout.fileno() if self._ffmpeg.stdout else -1
        with contextlib.suppress(OSError):
            fcntl.fcntl(self._out, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        with contextlib.suppress(OSError):  # it ended at once; reading will tell
            if self._ffmpeg.stdin is not None:
                self._ffmpeg.stdin.write(ORDER.format(address=address.replace("'", "%27")).encode())
                self._ffmpeg.stdin.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._ffmpeg.terminate()
        try:
            self._ffmpeg.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._ffmpeg.kill()
            self._ffmpeg.wait()
        self._listener.join(END_SECONDS)
        for stream in (self._ffmpeg.stdin, self._ffmpeg.stdout, self._ffmpeg.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    @property
    def head(self) -> Head:
        """What stands before the pieces; raises Damaged before the first."""
        if self._reader.head is None:
            raise Damaged("no head yet")
        return self._reader.head

    @property
    def pid(self) -> int:
        """The process that calls the camera."""
        return self._ffmpeg.pid

    def pieces(self, keep_on: Callable[[], bool]) -> Iterator[tuple[float, Piece]]:
        """Every piece with the second (monotonic) at which it was whole.

        Ends when the stream breaks, falls silent or is no video, or when `keep_on`, which is asked
        at least twice a second, says so.
        """
        heard = self._clock.monotonic()
        while keep_on():
            ready, _, _ = select.select([self._out], [], [], 0.5)
            now = self._clock.monotonic()
            if not ready:
                if now - heard > SILENT_SECONDS:
                    log.warning("camera %s: the stream fell silent", self._camera)
                    return
                continue
            heard = now
            data = os.read(self._out, PIPE_BYTES)
            if not data:
                log.warning("camera %s: the stream ended", self._camera)
                return
            try:
                for piece in self._reader.feed(data):
                    yield now, piece
            except Damaged as damage:
                log.warning("camera %s: the stream is no video: %s", self._camera, damage)
                return

    def _listen(self) -> None:
        """Log what ffmpeg has to say, without the address that it repeats."""
        for told, line in enumerate(self._ffmpeg.stderr or ()):
            if told < LINES_LOGGED:
                text = _ADDRESS.sub("rtsp://…", line.decode("utf-8", "replace").strip())
                log.warning("camera %s: ffmpeg: %s", self._camera, text)
