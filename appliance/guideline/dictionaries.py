"""The small dictionaries of 7.3.1; the values are the words that travel to the platform."""

from enum import StrEnum


class PlateColour(StrEnum):
    """车牌颜色, the seven of 7.3.1 (F_CPYS)."""

    BLUE = "蓝牌"
    YELLOW = "黄牌"
    WHITE = "白牌"
    BLACK = "黑牌"
    GREEN = "新能源绿牌"
    YELLOW_GREEN = "新能源绿黄牌"
    OTHER = "其他"


class Direction(StrEnum):
    """进出类型 (F_JCLX)."""

    IN = "进"
    OUT = "出"


class RaiseMethod(StrEnum):
    """抬杆方式 (F_TGFS, 4.5.1-10)."""

    AUTOMATIC = "自动"
    MANUAL = "手动"


class EmissionStage(StrEnum):
    """排放标准 (F_PFBZ), from worst to best."""

    CHINA_0 = "国零"
    CHINA_1 = "国一"
    CHINA_2 = "国二"
    CHINA_3 = "国三"
    CHINA_4 = "国四"
    CHINA_5 = "国五"
    CHINA_6 = "国六"
    ELECTRIC = "电动"

    @property
    def rank(self) -> int:
        """Position from worst (0) to best (7), for 'at least this stage'."""
        return list(EmissionStage).index(self)


class GateState(StrEnum):
    """企业门禁监控系统状态 (F_QYMJJKZT)."""

    NORMAL = "正常"
    FAULT = "故障"
    OFFLINE = "离线"
    MAINTENANCE = "维护"


class Production(StrEnum):
    """生产情况 (F_SCQK)."""

    NORMAL = "正常"
    STOPPED = "停产"
    LIMITED = "限产"
