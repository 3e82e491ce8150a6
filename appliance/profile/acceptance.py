"""What Tables 5 to 9 (9.2) ask of a site and nothing else does: places, firms, telephones, dates.

All of it is optional: what is not known stays a blank cell, which the cover sheet lists.
"""

from enum import StrEnum

from pydantic import Field

from appliance.profile.sections import Section


class Construction(StrEnum):
    """建设类别 (Table 5)."""

    NEW = "新建"
    REBUILT = "改造"


class Connection(StrEnum):
    """数据传输方式 (Table 9, row 3)."""

    WIRELESS = "无线"
    WIRED = "有线"


class Acceptance(Section):
    """The papers of the acceptance (9.2.1 to 9.2.5)."""

    city: str | None = Field(
        default=None,
        title="地市",
        description="地级市或宁东基地",
        min_length=1,
        max_length=20,
        examples=["银川市"],
    )
    county: str | None = Field(
        default=None,
        title="所属县（市、区）",
        description="县、县级市或区",
        min_length=1,
        max_length=20,
        examples=["灵武市"],
    )
    region_code: str | None = Field(
        default=None,
        title="区域代码",
        description="行政区划代码，6、9 或 12 位数字，加引号",
        pattern=r"^[0-9]{6}([0-9]{3}){0,2}$",
        examples=["640181"],
    )
    permit_number: str | None = Field(
        default=None,
        title="排污许可证编号",
        description="与企业编号不同时填写",
        min_length=1,
        max_length=22,
    )
    legal_phone: str | None = Field(
        default=None,
        title="法人代表电话",
        description="座机或手机，加引号",
        pattern=r"^[0-9+][0-9 -]{4,19}$",
        examples=["0951-5550123"],
    )
    authorised_signatory: str | None = Field(
        default=None,
        title="授权签字人",
        description="表 8 的授权签字人",
        min_length=1,
        max_length=20,
    )
    gate_maker: str | None = Field(
        default=None,
        title="智能门禁厂商",
        description="与其营业执照一致",
        min_length=1,
        max_length=100,
    )
    supplier: str | None = Field(
        default=None,
        title="系统供应商",
        description="在表 6 上盖章的供应商",
        min_length=1,
        max_length=100,
    )
    installer: str | None = Field(
        default=None,
        title="系统安装施工方",
        description="在表 6 上盖章的施工方",
        min_length=1,
        max_length=100,
    )
    construction: Construction | None = Field(
        default=None, title="建设类别", description="新建或改造"
    )
    completed: str | None = Field(
        default=None,
        title="完成时间",
        description="门禁建设完成的日期，写作 2026-10-18",
        pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
        examples=["2026-10-18"],
    )
    connection: Connection | None = Field(
        default=None, title="数据传输方式", description="与监管平台之间：有线或无线"
    )
