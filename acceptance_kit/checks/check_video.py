"""Video: it is being recorded, filed by date, and each passage has its clip (4.4.5-2, 4.5.3)."""

from datetime import datetime

from acceptance_kit.checks.checked_box import CheckedBox
from acceptance_kit.checks.demand import demand
from acceptance_kit.checks.finding import Observation
from acceptance_kit.checks.records import listed, passages_of
from acceptance_kit.subjects import About
from appliance.profile.model import Camera, Lane
from appliance.runtime.journal.video import FOLDER

FRESH_MINUTES = 5
LEAST_SECONDS = 10


@demand(
    "4.5.3-1",
    "4.4.5-2",
    item="video.recorded",
    title="相机的录像正在保存，按日期存放",
    method="查看该相机最新一段录像的时间、路径和文件（gatehouse journal newest）。",
    about=About.CAMERA,
    box=False,
)
def test_the_camera_is_recorded(box: CheckedBox, camera: Camera, finding: Observation) -> None:
    newest = box.journal["video"].get(camera.id)
    assert newest is not None, f"没有相机 {camera.id} 的录像，请查看录像程序。"
    ended = datetime.fromisoformat(newest["ended_at"])
    minutes = (datetime.fromisoformat(box.journal["at"]) - ended).total_seconds() / 60
    finding.saw(f"{newest['path']}，{minutes:.1f} 分钟前", f"≤ {FRESH_MINUTES} 分钟")
    assert newest["present"], f"最新一段录像 {newest['path']} 不在磁盘上，请检查录像盘。"
    assert newest["path"].startswith(f"{FOLDER}/{ended:%Y-%m-}"), "录像没有按日期存放。"
    assert minutes <= FRESH_MINUTES, f"录像停在 {minutes:.0f} 分钟前，请查看录像程序和相机。"


@demand(
    "4.5.3-3",
    item="video.clips",
    title="每次通行留存 10 秒以上的视频",
    method="查看该道闸最近的通行记录所附的视频片段（gatehouse journal newest）。",
    about=About.BARRIER,
    box=False,
)
def test_every_passage_has_its_clip(box: CheckedBox, lane: Lane, finding: Observation) -> None:
    passages = passages_of(box, lane.barrier.id, finding)
    longest = {e["id"]: max((c["seconds"] for c in e["clips"]), default=0.0) for e in passages}
    short = [each for each in passages if longest[each["id"]] < LEAST_SECONDS]
    finding.saw(
        f"最近 {len(passages)} 次通行，{len(passages) - len(short)} 次有足够长的视频",
        f"≥ {LEAST_SECONDS} 秒",
    )
    assert not short, (
        f"通行记录 {listed(short)} 没有 {LEAST_SECONDS} 秒以上的视频，请查看录像程序。"
    )
