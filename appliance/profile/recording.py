"""The part of the profile that says how much video belongs to a passage (4.5.3-3)."""

from pydantic import Field

from appliance.profile.sections import Section


class Recording(Section):
    """The clip of a passage: ten seconds are asked for, so five on each side are the least."""

    before_seconds: int = Field(
        default=8,
        title="片段提前",
        description="通行片段从记录时刻之前多少秒开始；前后合计不少于 10 秒（4.5.3-3）",
        ge=5,
        le=60,
    )
    after_seconds: int = Field(
        default=12,
        title="片段延后",
        description="通行片段到记录时刻之后多少秒结束",
        ge=5,
        le=120,
    )

    @property
    def clip_seconds(self) -> int:
        """How long a clip is."""
        return self.before_seconds + self.after_seconds
