"""Where the gate keeps what it must keep, and for how long (4.3-1, 4.4.1-5, 4.4.5-2)."""

import json

from acceptance_kit.checks.checked_box import CheckedBox
from acceptance_kit.checks.demand import demand
from acceptance_kit.checks.finding import Observation
from appliance.guideline.retention import Kind
from appliance.profile.box import Machine
from appliance.profile.model import Profile
from appliance.profile.storage import WhenFull

TERABYTE = 10**12
LEAST_TERABYTES = 32


@demand(
    "4.4.5-2",
    item="storage.disks",
    title="录像硬盘已挂载，总量不小于 32 T",
    method="让工控机现场量已挂载的录像盘的容量。",
)
def test_the_video_disks_hold_32_terabytes(
    box: CheckedBox, machine: Machine, finding: Observation
) -> None:
    if not machine.video_disks:
        finding.untested("站点配置没有写这台工控机的录像盘（video_disks），请填写后重查。")
    mounts = [str(disk.mount) for disk in machine.video_disks]
    held = int(box.said("/usr/local/lib/gatehouse/disks.py", "capacity", *mounts)) / TERABYTE
    finding.saw(f"{held:.1f} T", f"≥ {LEAST_TERABYTES} T")
    assert held >= LEAST_TERABYTES, f"已挂载的录像盘只有 {held:.1f} T，请检查挂载或加盘。"


@demand(
    "4.3-1",
    "4.4.5-2",
    item="storage.retention",
    title="记录和照片保存两年以上，视频保存一年以上",
    method="读取工控机上的保存期限表。",
)
def test_nothing_is_kept_too_short(box: CheckedBox, finding: Observation) -> None:
    told = json.loads(box.said("cat", "/etc/gatehouse/retention.json"))
    days = {kind: told.get(kind, {}).get("kept_days", 0) for kind in Kind}
    finding.saw(
        "，".join(f"{kind.called} {days[kind]} 天" for kind in Kind),
        "，".join(f"{kind.called} ≥ {kind.legal_days} 天" for kind in Kind),
    )
    short = [kind.called for kind in Kind if days[kind] < kind.legal_days]
    assert not short, f"{'、'.join(short)}的保存期限短于指南，请改站点配置的 storage。"


@demand(
    "4.3-1",
    "4.4.5-2",
    item="storage.plan",
    title="磁盘装得下规定期限的资料",
    method="由工控机按实测码率和车次（没有实测时按站点配置）计算（gatehouse storage plan）。",
)
def test_the_disks_hold_the_terms(box: CheckedBox, finding: Observation) -> None:
    told = box.told("storage", "plan", ends=(0, 1), profile=())
    finding.saw(
        f"可用 {told['available_tb']:g} T，录像够存 {told['days']['video']} 天",
        f"需要 {told['needed_tb']:g} T",
    )
    assert told["fits"], "磁盘装不下规定期限的资料，需要多大见 gatehouse storage plan。"


@demand(
    "4.3-1",
    "4.4.5-2",
    item="storage.early-deletions",
    title="规定期限内的资料没有因磁盘满而提前删除",
    method="读取工控机记下的提前删除，只算按期限现在还应当在的资料。",
    box=False,
)
def test_nothing_was_deleted_within_its_term(box: CheckedBox, finding: Observation) -> None:
    early = box.journal["early_deletions"]
    lost = {
        kind.called: sum(each["items"] for each in early if each["kind"] == kind.value)
        for kind in Kind
    }
    told = "，".join(f"{called} {items} 份" for called, items in lost.items() if items)
    finding.saw(told or "没有提前删除", "没有提前删除")
    assert not early, (
        f"磁盘满，最近一次在 {early[0]['at'][:10]} 提前删除了期限内的资料（{told}），"
        "请加盘或减小码率；删掉的资料到期以前此项为否。"
    )


@demand(
    "4.4.1-5",
    item="storage.full-policy",
    title="磁盘满时按站点配置覆盖最旧或停止存入，由清理程序执行",
    method="读取站点配置的策略和清理程序的心跳，并确认目前没有停存。",
    box=False,
)
def test_a_full_disk_has_its_policy(
    box: CheckedBox, profile: Profile, finding: Observation
) -> None:
    beat = next((b for b in box.journal["programs"] if b["program"] == "sweeper"), None)
    finding.saw(f"{policy(profile)}；{beat['detail'] if beat else '清理程序没有运行过'}")
    assert beat is not None, "清理程序没有运行过，请查看 gatehouse 服务。"
    assert beat["ok"], f"清理程序：{beat['detail']}。"


def policy(profile: Profile) -> str:
    """The profile's policies in words."""
    words = {WhenFull.OVERWRITE: "满覆盖", WhenFull.STOP: "满即停"}
    kinds = (Kind.PHOTOS, Kind.CLIPS, Kind.VIDEO)
    retention = profile.storage.retention
    return "，".join(
        f"{kind.called}{words[getattr(retention, kind.value).when_full]}" for kind in kinds
    )
