"""All cameras that a machine looks after, side by side; one bad camera holds up no other."""

import logging
import queue
import socket
import threading
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Interface

from appliance.cameras.caption import caption, set_caption
from appliance.cameras.channel import CameraRefused, CameraSilent, Channel
from appliance.cameras.report import CameraReport, Finding, State
from appliance.cameras.storage import set_edge_storage
from appliance.cameras.streams import check_streams, read_streams, stream_at
from appliance.cameras.timekeeping import read_clock, set_clock
from appliance.cameras.transport import Untrustworthy
from appliance.clock import Clock
from appliance.profile.model import Camera, Profile
from appliance.profile.secrets import SecretFault, SecretStore

log = logging.getLogger(__name__)

SIDE_BY_SIDE = 8
CAMERA_SECONDS = 120.0
"""For all the calls to one camera; one that drips its answers is given up then."""


def configure_cameras(
    site: Profile, secrets: SecretStore, clock: Clock, *, dry: bool = False
) -> tuple[CameraReport, ...]:
    """Bring the cameras of `site` (a machine's part of it) to what the profile says.

    Cameras without `onvif_port` are left alone. With `dry` nothing is sent that changes a camera.
    A second run changes nothing. Never raises for a camera: what went wrong is in its report.
    """
    wanted = [camera for camera in site.cameras if camera.onvif_port is not None]
    waiting: queue.SimpleQueue[Camera] = queue.SimpleQueue()
    for camera in wanted:
        waiting.put(camera)
    told: dict[str, Sequence[Finding]] = {}

    def work() -> None:
        while True:
            try:
                camera = waiting.get_nowait()
            except queue.Empty:
                return
            # Whole or not at all: the report may be made meanwhile.
            told[camera.id] = _look_after(site, camera, secrets, clock, dry)

    workers = [
        # daemon: a camera that never ends its answer must not keep the command from ending
        threading.Thread(target=work, daemon=True)
        for _ in range(min(SIDE_BY_SIDE, len(wanted)))
    ]
    for worker in workers:
        worker.start()
    deadline = clock.monotonic() + CAMERA_SECONDS * -(-len(wanted) // SIDE_BY_SIDE)
    for worker in workers:
        worker.join(max(0.0, deadline - clock.monotonic()))
    late = [Finding("连接", State.LEFT, f"{CAMERA_SECONDS:.0f} 秒内没有答完，请检查相机")]
    return tuple(
        CameraReport(each.id, each.position, each.host, tuple(told.get(each.id, late)))
        for each in wanted
    )


def _look_after(
    site: Profile, camera: Camera, secrets: SecretStore, clock: Clock, dry: bool
) -> Sequence[Finding]:
    try:
        password = secrets.resolve(camera.password)
    except SecretFault as fault:
        return [Finding("密码", State.FAILED, str(fault).rstrip("。"))]
    return _steps(site, camera, Channel(camera, password, clock, dry=dry))


def _steps(site: Profile, camera: Camera, channel: Channel) -> Sequence[Finding]:
    found: list[Finding] = []
    try:
        found.extend(_findings(site, camera, channel))
    except CameraSilent:
        at = f"{camera.host}:{camera.onvif_port}"
        wrong = f"{at} 没有应答，请检查供电、网线和 ONVIF 端口，再运行一次"
        found.append(Finding("连接", State.LEFT, wrong))
    except CameraRefused as refusal:
        wrong = f"相机拒绝（{refusal}），请核对相机型号和固件"
        if refusal.unauthorised:
            wrong = "相机不接受用户名或密码，请核对站点配置的用户名、密钥文件和相机的 ONVIF 用户"
        found.append(Finding("登录" if refusal.unauthorised else "设置", State.FAILED, wrong))
    except Untrustworthy as fault:
        found.append(Finding("应答", State.FAILED, f"{fault}，请确认这个地址是本站的相机"))
    except Exception:  # a device may provoke anything; the others go on
        log.exception("camera %s", camera.id)
        found.append(Finding("应答", State.FAILED, "相机的应答无法处理，详见日志"))
    return found


def _findings(site: Profile, camera: Camera, channel: Channel) -> Iterator[Finding]:
    """The clock first: until it is known nothing can be signed."""
    told = read_clock(channel)
    channel.find_services()
    yield set_clock(channel, told, box_address(site, camera), site.clock.tolerance_seconds)
    streams = read_streams(channel)
    yield from check_streams(camera, streams)
    main = stream_at(camera.rtsp_path, streams)
    if main is not None:
        yield set_caption(channel, main.source, caption(site, camera))
    yield set_edge_storage(channel)


def box_address(site: Profile, camera: Camera) -> str:
    """This machine's address on the device LAN, where it serves time to the cameras.

    Where the profile does not say, the address that this machine would speak to the camera from.
    Raises CameraSilent when there is no way to it.
    """
    (machine,) = site.machines[:1]
    if machine.device_address is not None:
        return str(IPv4Interface(machine.device_address).ip)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((camera.host, 123))  # sends nothing
        except OSError as error:
            raise CameraSilent(str(error)) from None
        return str(probe.getsockname()[0])
