"""The cameras, asked over ONVIF (4.4.1, 4.4.5, 4.5.1-9, 4.5.3-3); nothing is set."""

from acceptance_kit.checks.cameras import point
from acceptance_kit.checks.checked_box import CheckedBox
from acceptance_kit.checks.demand import demand
from acceptance_kit.checks.finding import Observation
from acceptance_kit.subjects import About
from appliance.profile.model import Camera, CameraRole, Profile

METHOD = "经 ONVIF 询问相机的主码流，只读。"


@demand(
    "4.4.1-1",
    "4.5.1-9",
    item="camera.plate-stream",
    title="车牌相机的分辨率不低于 1280×720，码流与站点配置一致",
    method=METHOD,
    about=About.CAMERA,
    role=CameraRole.PLATE,
    box=False,
)
def test_the_plate_camera_is_sharp_enough(
    box: CheckedBox, camera: Camera, finding: Observation
) -> None:
    said = point(box, camera, "主码流", finding)
    finding.bound = "≥ 1280×720"
    assert said["state"] == "ok", f"{said['detail']}。"


@demand(
    "4.4.5-1",
    "4.5.1-9",
    item="camera.surveillance-stream",
    title="监控相机的分辨率不低于 1024×768，码流与站点配置一致",
    method=METHOD,
    about=About.CAMERA,
    role=CameraRole.SURVEILLANCE,
    box=False,
)
def test_the_surveillance_camera_is_sharp_enough(
    box: CheckedBox, camera: Camera, finding: Observation
) -> None:
    said = point(box, camera, "主码流", finding)
    finding.bound = "≥ 1024×768"
    assert said["state"] == "ok", f"{said['detail']}。"


@demand(
    "4.5.3-3",
    item="camera.caption",
    title="视频画面上标注时间、出入口编号和道闸编号",
    method="经 ONVIF 读取相机的屏幕字符，只读。",
    about=About.CAMERA,
    box=False,
)
def test_the_picture_has_its_caption(box: CheckedBox, camera: Camera, finding: Observation) -> None:
    said = point(box, camera, "屏幕字符", finding)
    assert said["state"] == "ok", (
        f"屏幕字符：{said['detail']}；请执行 gatehouse cameras configure，或在相机网页上设置。"
    )


@demand(
    "4.4.1-5",
    item="camera.edge-storage",
    title="相机自带存储的，录像计划在运行",
    method="经 ONVIF 读取相机的录像计划，只读；断网时的码流和图片另存于工控机。",
    about=About.CAMERA,
    box=False,
)
def test_the_camera_records_at_the_edge(
    box: CheckedBox, camera: Camera, finding: Observation
) -> None:
    said = point(box, camera, "边缘存储", finding)
    assert said["state"] == "ok", f"{said['detail']}。"


@demand(
    "4.3-1",
    "4.3-2",
    item="camera.every-entrance",
    title="每个道闸有车牌相机，每个出入口有监控相机",
    method="核对站点配置中的相机。",
    about=About.SITE,
    box=False,
)
def test_every_entrance_has_its_cameras(site: Profile, finding: Observation) -> None:
    watched = {
        barrier.id
        for camera in site.cameras
        if camera.role is CameraRole.SURVEILLANCE
        for barrier in site.barriers_of(camera)
    }
    plate = sum(camera.role is CameraRole.PLATE for camera in site.cameras)
    finding.saw(f"道闸 {len(site.lanes())} 个，车牌相机 {plate} 台，有监控的道闸 {len(watched)} 个")
    bare = [lane.barrier.id for lane in site.lanes() if lane.barrier.id not in watched]
    assert not bare, f"道闸 {'、'.join(bare)} 没有监控相机，请加装并写入站点配置。"
