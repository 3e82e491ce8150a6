"""Serves raw frames from stdin as H.264 over RTSP, asking for digest authentication.

A program of its own: it runs under Debian's /usr/bin/python3, which has the GStreamer bindings
that no wheel brings, and therefore imports nothing but the standard library and `gi`.

Input: one line of JSON (`width`, `height`, `fps`, `host`, `port`, `path`, `sub_path` (may be
null: a second, smaller stream of the same frames), `user`, `password`),
then I420 frames of exactly width x height x 3 / 2 bytes. User and password come this way because
a command line can be read by every process of the machine.

Output: one JSON line an event: `failed` (why, missing elements), `listening` (port), `playing`,
`gone`. The program ends when stdin ends, so it cannot outlive its parent, or on SIGTERM.
(PR_SET_PDEATHSIG would fire when the parent's *thread* ends, which need not be the parent's end.)
"""

import json
import signal
import sys
import threading
from io import FileIO
from typing import Any

ELEMENTS = ("appsrc", "videoscale", "x264enc", "rtph264pay", "rtpbin")
SUB_SIZE = " ! videoscale ! video/x-raw,width=640,height=360"
PIPELINE = (
    "( appsrc name=frames is-live=true format=time do-timestamp=true"
    " max-buffers=2 max-bytes=0 leaky-type=downstream"
    " ! video/x-raw,format=I420,width={width},height={height},framerate={fps}/1,"
    "pixel-aspect-ratio=1/1,interlace-mode=progressive,colorimetry=bt601{scaled}"
    " ! x264enc tune=zerolatency speed-preset=ultrafast threads=1 key-int-max={fps}"
    " pass=qual quantizer=23 bitrate=4000"
    " ! rtph264pay name=pay0 pt=96 config-interval=-1 )"
)


_speaking = threading.Lock()


def tell(event: str, **facts: Any) -> None:
    """Write one event; several GStreamer threads may have something to say at once."""
    with _speaking:
        try:
            sys.stdout.write(json.dumps({"event": event, **facts}) + "\n")
            sys.stdout.flush()
        except BrokenPipeError:
            pass  # the parent is gone: the end of stdin follows


class Newest:
    """Hands every frame to the media that are being watched; without one it is dropped."""

    def __init__(self, gst: Any) -> None:
        self._gst = gst
        self._sources: list[Any] = []
        self._lock = threading.Lock()

    def configure(self, _factory: Any, media: Any) -> None:
        """Feed a media just built, until it is taken down again."""
        source = media.get_element().get_by_name_recurse_up("frames")
        with self._lock:
            self._sources.append(source)
        media.connect("unprepared", self._forget, source)

    def _forget(self, _media: Any, source: Any) -> None:
        with self._lock:
            if source in self._sources:
                self._sources.remove(source)

    def push(self, frame: bytes) -> None:
        """Never blocks: a full source leaks its oldest frame, a closing one refuses."""
        with self._lock:
            sources = list(self._sources)
        for source in sources:
            source.emit("push-buffer", self._gst.Buffer.new_wrapped(frame))


def watch(_server: Any, client: Any) -> None:
    """Tell when a client begins to play, and when one that played is gone."""
    played = threading.Event()

    def play(*_: Any) -> None:
        if not played.is_set():
            played.set()
            tell("playing")

    def closed(*_: Any) -> None:
        if played.is_set():
            tell("gone")

    client.connect("play-request", play)
    client.connect("closed", closed)


def feed(stream: FileIO, size: int, newest: Newest, done: Any) -> None:
    """Read frames until the writer closes; it is never kept waiting for a client."""
    while True:
        frame = bytearray(size)
        room = memoryview(frame)
        while room:
            got = stream.readinto(room)
            if not got:
                done()
                return
            room = room[got:]
        newest.push(bytes(frame))


def demand_password(rtsp: Any, methods: Any, server: Any, factories: Any, order: Any) -> None:
    """Digest only; whoever knows the password may watch, nobody else learns what is there."""
    token = rtsp.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth = rtsp.RTSPAuth()
    auth.set_supported_methods(methods.DIGEST)
    auth.set_realm("gatehouse simulated camera")
    auth.add_digest(order["user"], order["password"], token)
    for factory in factories:
        permissions = rtsp.RTSPPermissions()
        permissions.add_role("viewer")
        permissions.add_permission_for_role("viewer", "media.factory.access", True)
        permissions.add_permission_for_role("viewer", "media.factory.construct", True)
        factory.set_permissions(permissions)
    server.set_auth(auth)


def serve(order: Any, stream: FileIO) -> int:
    """Serve until stdin ends; returns the exit status."""
    try:
        import gi  # noqa: PLC0415 - its absence is an answer, not a traceback

        gi.require_version("Gst", "1.0")
        gi.require_version("GstRtsp", "1.0")
        gi.require_version("GstRtspServer", "1.0")
        from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: PLC0415
    except (ImportError, ValueError) as fault:
        tell("failed", why=str(fault), missing=["gi"])
        return 1
    Gst.init(None)
    missing = [name for name in ELEMENTS if Gst.ElementFactory.find(name) is None]
    if missing:
        tell("failed", why="GStreamer elements are missing", missing=missing)
        return 1

    loop = GLib.MainLoop()
    newest = Newest(Gst)
    size_and_rate = {name: order[name] for name in ("width", "height", "fps")}
    factories = {}
    for path, scaled in ((order["path"], ""), (order["sub_path"], SUB_SIZE)):
        if path is None:
            continue
        factories[path] = factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(PIPELINE.format(scaled=scaled, **size_and_rate))
        factory.set_shared(True)
        factory.connect("media-configure", newest.configure)
    server = GstRtspServer.RTSPServer()
    server.set_address(order["host"])
    server.set_service(str(order["port"]))
    demand_password(GstRtspServer, GstRtsp.RTSPAuthMethod, server, factories.values(), order)
    for path, factory in factories.items():
        server.get_mount_points().add_factory(path, factory)
    server.connect("client-connected", watch)
    if not server.attach(None):
        tell("failed", why=f"cannot listen on {order['host']}:{order['port']}", missing=[])
        return 1
    GLib.timeout_add_seconds(5, lambda: server.get_session_pool().cleanup() >= 0)
    GLib.unix_signal_add(GLib.PRIORITY_HIGH, signal.SIGTERM, loop.quit)
    size = order["width"] * order["height"] * 3 // 2
    reader = threading.Thread(
        target=feed, args=(stream, size, newest, lambda: GLib.idle_add(loop.quit)), daemon=True
    )
    tell("listening", port=server.get_bound_port())
    reader.start()
    loop.run()
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    # Unbuffered: a buffered stdin is locked by the reading thread, and Python waits for it at exit.
    standard_input = FileIO(sys.stdin.fileno(), closefd=False)
    sys.exit(serve(json.loads(standard_input.readline()), standard_input))
