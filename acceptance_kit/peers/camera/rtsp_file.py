"""A camera that sends an MPEG-TS file of H.264 as it is, damage and all, at the file's own pace.

A program of its own, under Debian's /usr/bin/python3 for the GStreamer bindings. Anybody may watch.

Run: /usr/bin/python3 rtsp_file.py PATH FILE …; prints the port it listens on.
"""

import sys

PIPELINE = (
    # One slice a picture: more are torn by this chain of elements.
    "( filesrc location={file} ! tsdemux ! h264parse config-interval=-1"
    " ! video/x-h264,stream-format=byte-stream,alignment=au"
    " ! rtph264pay name=pay0 pt=96 config-interval=-1 )"
)


def serve(paths: dict[str, str]) -> None:
    """Serve files by their path until killed."""
    import gi  # noqa: PLC0415 - no wheel brings it

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtspServer  # noqa: PLC0415

    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    for path, file in paths.items():
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(PIPELINE.format(file=file))
        server.get_mount_points().add_factory(path, factory)
    server.attach(None)
    sys.stdout.write(f"{server.get_bound_port()}\n")
    sys.stdout.flush()
    GLib.MainLoop().run()


if __name__ == "__main__":
    names = sys.argv[1:]
    serve(dict(zip(names[::2], names[1::2], strict=True)))
