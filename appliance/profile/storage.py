"""The part of the profile that says what is kept, where, for how long, and what a full disk means.

The guideline sets the least days (4.3-1, 4.3-3, 4.4.5-2) and both ways of a full disk (4.4.1-5).
"""

from enum import StrEnum
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import Field

from appliance.guideline.retention import Kind
from appliance.profile.sections import AbsolutePath, Section

ROOT = "root"
VIDEO_DISKS = "video"

TeraBytes = Annotated[float, Field(ge=0.001, le=10_000)]
_Volume = Annotated[
    str,
    Field(
        title="存放位置",
        description="root：数据目录所在磁盘；video：本机录像盘（没有录像盘则为数据目录）；"
        "或某块录像盘的挂载点",
        pattern=r"^(root|video|/[A-Za-z0-9._/-]{1,254})$",
        examples=["video"],
    ),
]


class WhenFull(StrEnum):
    """存储策略: what happens when the disk is full before the term is over (4.4.1-5)."""

    OVERWRITE = "overwrite"
    STOP = "stop"


_WhenFull = Annotated[
    WhenFull,
    Field(
        title="盘满时",
        description="overwrite：满覆盖，删最旧的并记入合规事件；stop：满即停，停止存入并报故障",
    ),
]


def _days(kind: Kind) -> str:
    return f"单位天；指南要求不少于 {kind.legal_days} 天（{kind.clause}）"


class KeptPassages(Section):
    """Rows: small, chained, and never deleted; the term only counts for the plan."""

    kept_days: int = Field(
        default=730,
        title="保存天数",
        description=_days(Kind.PASSAGES) + "；记录很小，到期也不删除，此数只用于规划",
        ge=730,
        le=36_500,
    )


class KeptPhotos(Section):
    """Photos, which lie in the data root."""

    kept_days: int = Field(
        default=730, title="保存天数", description=_days(Kind.PHOTOS), ge=730, le=36_500
    )
    when_full: _WhenFull = WhenFull.OVERWRITE


class KeptClips(Section):
    """The clip of each passage."""

    kept_days: int = Field(
        default=730, title="保存天数", description=_days(Kind.CLIPS), ge=730, le=36_500
    )
    volume: _Volume = VIDEO_DISKS
    when_full: _WhenFull = WhenFull.OVERWRITE


class KeptVideo(Section):
    """Continuous video."""

    kept_days: int = Field(
        default=365, title="保存天数", description=_days(Kind.VIDEO), ge=365, le=36_500
    )
    volume: _Volume = VIDEO_DISKS
    when_full: _WhenFull = WhenFull.OVERWRITE


class KeptSmoke(Section):
    """Photos and video of black smoke (optional equipment)."""

    kept_days: int = Field(
        default=365, title="保存天数", description=_days(Kind.SMOKE), ge=365, le=36_500
    )
    volume: _Volume = VIDEO_DISKS
    when_full: _WhenFull = WhenFull.OVERWRITE


class Retention(Section):
    """One table: kind, kept for, on which volume, when full."""

    passages: KeptPassages = Field(
        default=KeptPassages(), title="记录的保存", description="进出厂记录"
    )
    photos: KeptPhotos = Field(default=KeptPhotos(), title="照片的保存", description="进出厂照片")
    clips: KeptClips = Field(
        default=KeptClips(), title="片段的保存", description="每次通行的视频片段"
    )
    video: KeptVideo = Field(default=KeptVideo(), title="录像的保存", description="全天录像")
    smoke: KeptSmoke = Field(
        default=KeptSmoke(), title="黑烟资料的保存", description="黑烟照片与视频（选配）"
    )

    def days(self, kind: Kind) -> int:
        """For how many days a kind is kept."""
        return int(getattr(self, kind.value).kept_days)

    def volume(self, kind: Kind) -> str:
        """`root`, `video` or a mount: where a kind lies."""
        return str(getattr(getattr(self, kind.value), "volume", ROOT))

    def when_full(self, kind: Kind) -> WhenFull:
        """What a full disk means for a kind; rows are never overwritten."""
        return WhenFull(getattr(getattr(self, kind.value), "when_full", WhenFull.STOP))


class Storage(Section):
    """Where the box keeps its journal and files, how much room there is, what is expected."""

    root: AbsolutePath = Field(
        default=PurePosixPath("/var/lib/gatehouse"), title="数据目录", description="以 / 开头的目录"
    )
    size_tb: TeraBytes | None = Field(
        default=None,
        title="数据盘容量",
        description="单位 T（10¹² 字节），数据目录所在磁盘；不填则规划时按假定值，不作为错误",
    )
    passages_per_day: int = Field(
        default=400,
        title="每日车次",
        description="全站每天进出的车次，用于规划；运行后以实测为准",
        ge=1,
        le=100_000,
    )
    keep_free_percent: float = Field(
        default=5,
        title="保留空间",
        description="磁盘空闲低于此百分比即视为盘满",
        ge=0.5,
        le=50,
    )
    alarm_days: int = Field(
        default=30,
        title="预警天数",
        description="预计在此天数内盘满而最旧的还没存够，即报警",
        ge=1,
        le=365,
    )
    retention: Retention = Field(
        default=Retention(), title="保存策略", description="各类资料存多久、存哪里、盘满怎么办"
    )
