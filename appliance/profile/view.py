"""What of a plate camera's picture belongs to its lane, in shares of the picture.

Shares and not pixels: main stream, sub stream and a camera set to another size show the same view.
"""

from pydantic import Field

from appliance.profile.sections import Section


class Point(Section):
    """A place in the picture: 0, 0 is the left upper corner, 1, 1 the right lower one."""

    x: float = Field(title="横向", description="从画面左边起，占画面宽度的比例", ge=0, le=1)
    y: float = Field(title="纵向", description="从画面上边起，占画面高度的比例", ge=0, le=1)


class LaneView(Section):
    """The lane in the picture, and how wide its plates are (4.5.1-1)."""

    region: tuple[Point, ...] = Field(
        default=(),
        title="车道区域",
        description="多边形的顶点，依次相连；区域之外不识别、不判断有无车辆；"
        "不填为整个画面。用 gatehouse lane tune 查看",
        max_length=16,
    )
    least_plate_width: float = Field(
        default=0.0,
        title="最小车牌宽度",
        description="占画面宽度的比例；更窄的不是本车道停车位置的车牌",
        ge=0,
        le=1,
    )
    greatest_plate_width: float = Field(
        default=1.0,
        title="最大车牌宽度",
        description="占画面宽度的比例；更宽的不是车牌，例如罐体文字",
        ge=0,
        le=1,
    )
