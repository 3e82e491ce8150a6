"""How long the guideline keeps what a gate records (4.3, 4.4.5-2, 4.5.3)."""

from enum import StrEnum


class Kind(StrEnum):
    """What is kept: rows, and four kinds of files."""

    PASSAGES = "passages"
    PHOTOS = "photos"
    CLIPS = "clips"
    VIDEO = "video"
    SMOKE = "smoke"

    @property
    def called(self) -> str:
        """The kind as pages and messages call it."""
        return _TITLES[self]

    @property
    def legal_days(self) -> int:
        """The least number of days: two years for records, photos and what is tied to them."""
        return 730 if self in _WITH_THE_RECORDS else 365

    @property
    def clause(self) -> str:
        """Where the guideline says so."""
        return _CLAUSES[self]


_WITH_THE_RECORDS = frozenset({Kind.PASSAGES, Kind.PHOTOS, Kind.CLIPS})

_TITLES = {
    Kind.PASSAGES: "进出厂记录",
    Kind.PHOTOS: "照片",
    Kind.CLIPS: "通行片段",
    Kind.VIDEO: "录像",
    Kind.SMOKE: "黑烟资料",
}
_CLAUSES = {
    Kind.PASSAGES: "4.3-1",
    Kind.PHOTOS: "4.3-1",
    Kind.CLIPS: "4.5.3-3，随记录保存",
    Kind.VIDEO: "4.3-1、4.4.5-2",
    Kind.SMOKE: "4.3-3",
}

RECORDER_TERABYTES = 32
"""录像机硬盘存储不小于 32T (4.4.5-2)."""
