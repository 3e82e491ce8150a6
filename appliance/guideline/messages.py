"""The messages of chapter 7 as data: field tables 7.3.1-7.3.3, results 7.4, forbidden words 6.2.5.

Tables keep the guideline's order, names and titles; whoever composes or checks a message reads
them and never repeats them.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from appliance.guideline.codes import FUELS, USES, VEHICLE_TYPES, Codes
from appliance.guideline.dictionaries import (
    Direction,
    EmissionStage,
    GateState,
    PlateColour,
    Production,
    RaiseMethod,
)


class FieldKind(StrEnum):
    """数据格式 of a field; the value is the guideline's word in one spelling."""

    VARCHAR = "Varchar"
    TEXT = "text"
    DATETIME = "DateTime"
    DATE = "Date"
    INT = "Int"
    FLOAT = "float"


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One row of a field table.

    `max_length` counts characters (6.2.4), None where the guideline sets none. `words` is the
    closed list the description gives, empty where any text goes; `codes` is the dictionary of
    chapter 8 it refers to. What a `secret` field holds is never shown.
    """

    name: str
    title: str
    kind: FieldKind
    max_length: int | None
    required: bool
    words: tuple[str, ...] = ()
    codes: Codes | None = None
    secret: bool = False


def _varchar(
    name: str,
    title: str,
    max_length: int,
    *,
    required: bool = True,
    words: tuple[str, ...] = (),
    codes: Codes | None = None,
    secret: bool = False,
) -> FieldSpec:
    return FieldSpec(name, title, FieldKind.VARCHAR, max_length, required, words, codes, secret)


def _head(cn: str, date_title: str) -> tuple[FieldSpec, ...]:
    """The five fields every message begins with."""
    return (
        _varchar("QN", "数据QN码", 20),
        _varchar("ST", "类型编码", 2, words=("31",)),
        _varchar("CN", "数据类型编码", 5, words=(cn,)),
        _varchar("MN", "企业统一社会信用代码", 20),
        FieldSpec("DATE", date_title, FieldKind.DATETIME, None, required=True),
    )


_TAIL = (
    _varchar("Flag", "标记", 50),
    _varchar("CP", "指令参数", 50),
    _varchar("RtdInterval", "答应", 50),
)

PASSAGE = "60001"
CAMERA = "60002"
STATUS = "60003"

PASSAGE_FIELDS: tuple[FieldSpec, ...] = (
    *_head(PASSAGE, "进出时间"),
    FieldSpec("F_JCZP", "进厂/出厂照片（车头、车身）", FieldKind.TEXT, None, required=True),
    _varchar("F_JCWZ", "进出位置", 100),
    _varchar("F_CPHM", "车牌号码", 100),
    _varchar("F_CPYS", "车牌颜色", 100, words=tuple(PlateColour)),
    _varchar("F_JCLX", "进出类型", 20, words=tuple(Direction)),
    _varchar("F_CRKBH", "出入口编号", 20),
    _varchar("F_ZDBH", "道闸编号", 20),
    _varchar("F_VIN", "车辆识别代号（VIN）", 20, required=False),
    FieldSpec("F_ZCDJRQ", "注册登记日期", FieldKind.DATE, None, required=False),
    _varchar("F_CLLX", "车辆类型", 100, required=False, codes=VEHICLE_TYPES),
    _varchar("F_CLPPXH", "车辆品牌型号", 100, required=False),
    _varchar("F_YLLX", "燃料类型", 50, required=False, codes=FUELS),
    _varchar("F_PFBZ", "排放标准", 20, required=False, words=tuple(EmissionStage)),
    FieldSpec("F_LWZT", "联网状态", FieldKind.INT, None, required=False, words=("0", "1")),
    _varchar("F_SYXZ", "使用性质", 100, required=False, codes=USES),
    _varchar("F_HWMC", "运输货物名称", 200, required=False),
    FieldSpec("F_YSL", "运输量", FieldKind.FLOAT, None, required=False),
    _varchar("F_YSLDW", "运输量单位", 30, required=False, words=("吨", "升", "包", "箱")),
    _varchar("F_CDMC", "车队名称", 100),
    _varchar("F_TGFS", "抬杆方式", 10, words=tuple(RaiseMethod)),
    FieldSpec(
        "F_CZZDQRSJ", "车载终端7日数据", FieldKind.INT, None, required=False, words=("0", "1")
    ),
    *_TAIL,
)
"""7.3.1 车辆进出门禁记录."""

CAMERA_FIELDS: tuple[FieldSpec, ...] = (
    *_head(CAMERA, "上传时间"),
    _varchar("F_WZ", "视频位置", 100),
    _varchar("F_DZ", "视频地址", 100),
    _varchar("F_PORT", "视频端口", 100),
    _varchar("F_UID", "视频用户名", 20),
    _varchar("F_PSD", "视频密码", 20, secret=True),
    *_TAIL,
)
"""7.3.2 门禁视频信息."""

STATUS_FIELDS: tuple[FieldSpec, ...] = (
    *_head(STATUS, "上传时间"),
    _varchar("F_QYMJJKZT", "企业门禁监控系统状态", 50, words=tuple(GateState)),
    _varchar("F_SCQK", "生产情况", 50, words=tuple(Production)),
    *_TAIL,
)
"""7.3.3 企业状态信息."""

TABLES: dict[str, tuple[FieldSpec, ...]] = {
    PASSAGE: PASSAGE_FIELDS,
    CAMERA: CAMERA_FIELDS,
    STATUS: STATUS_FIELDS,
}
"""The field table of each CN."""

PHOTO_FIELD = "F_JCZP"
"""The one field that carries no text but Base64."""

INTERVAL = "RtdInterval=30"
"""The last field of every message as it travels: its default without the `&&` and CRC behind it."""

FORBIDDEN_WORDS = ("delete", "update", "select", "from", "and")
"""6.2.5: the words it names; 'and so on' follows there, which nobody can check."""


def forbidden_word(text: str) -> str | None:
    """The first of 6.2.5's words inside `text`, in any case and inside words too, or None."""
    lowered = text.lower()
    return next((word for word in FORBIDDEN_WORDS if word in lowered), None)


class Result(IntEnum):
    """执行结果 (7.4): the number the platform answers with, its words and its remark."""

    text: str
    note: str

    def __new__(cls, code: int, text: str = "", note: str = "") -> "Result":
        """An int that carries the words of its row."""
        result = int.__new__(cls, code)
        result._value_ = code
        result.text = text
        result.note = note
        return result

    RECEIVED = 1, "数据接收成功", ""
    FAILED = 2, "执行失败", "上传数据格式错误，请检查上传数据格内容"
    UNREADABLE = 3, "数据格式错误，解析失败", "上传数据格式错误，请检查上传数据格内容"
    WRONG_MN = 4, "MN错误", "表示企业统一社会信用代码错误"
    FUTURE_TIME = (
        10,
        "进出厂（场）时间大于当前时间",
        "上传进出厂（场）时间不对，不符合中国北京时间要求",
    )
    NOT_FILED = 100, "当前企业还未备案", "表示当前企业还未注册"
