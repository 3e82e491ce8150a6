"""Tables 5 to 9 (9.2.1 to 9.2.5) and the cover sheet: wording and cells of the guideline's forms.

The guideline's text shows which lines its cells were broken at; they give its columns' widths, and
that all five stand upright on A4.
"""

from acceptance_kit.forms.layout import WIDTH, Box, Cell, Field, Line, Row, Sheet, Text
from acceptance_kit.forms.model import DOES_NOT_FIT, FAILED, FITS, PASSED

SMALL = 8.0
GAP = "　　"


def _lines(words: str, *, bold: bool = False, size: float = 0) -> tuple[Line, ...]:
    return tuple(Line((Text(each, bold, size),)) for each in words.split("\n"))


def _label(words: str, width: int, *, bold: bool = False, align: str = "center") -> Cell:
    return Cell(width, _lines(words, bold=bold), align)


def _field(path: str, width: int, called: str = "", key: str = "", align: str = "center") -> Cell:
    return Cell(width, (Line((Field(path, called, key),)),), align)


def _pair(words: str, path: str, widths: tuple[int, int], key: str = "") -> tuple[Cell, Cell]:
    """A label and the blank beside it."""
    called = words.replace("\n", "")
    return _label(words, widths[0]), _field(path, widths[1], called, key)


def _title(words: str) -> Row:
    return Row((Cell(WIDTH, _lines(words, bold=True, size=15)),), height=10)


def _band(words: str) -> Row:
    return Row((_label(words, WIDTH, bold=True),), height=7)


def _reason(path: str) -> Line:
    return Line((Text("否：", size=SMALL), Field(f"{path}.reason", size=SMALL)), f"{path}.reason")


def _yes_no(path: str, width: int, *, reason: bool = True) -> Cell:
    """是 above 否, and below them why it is 否."""
    boxes = tuple(Line((Box(f"{path}.ticked", word),)) for word in ("是", "否"))
    return Cell(width, (*boxes, _reason(path)) if reason else boxes)


def _yes_no_beside(path: str, width: int) -> Cell:
    boxes = Line((Box(f"{path}.ticked", "是"), Text(GAP), Box(f"{path}.ticked", "否")))
    return Cell(width, (boxes, _reason(path)))


def _whole(line: Line, height: int, valign: str = "center") -> Row:
    return Row((Cell(WIDTH, (line,), "left", valign),), height)


def _seal(words: str, path: str, called: str = "", key: str = "") -> Row:
    return _whole(Line((Text(words), Field(path, called, key))), 13)


_FIRST = (34, 45)
_SECOND = (33, 54)

TABLE_5 = Sheet(
    "table-5",
    "表 5 企业（单位）档案信息登记表",
    (
        _title("企业（单位）档案信息登记表"),
        _band("基本信息"),
        Row(_pair("企业（单位）名称", "name", (34, 132)), 11),
        Row(
            _pair("地市", "city", _FIRST, "acceptance.city")
            + _pair("所属县（市、区）", "county", _SECOND, "acceptance.county"),
            11,
        ),
        Row(
            _pair("统一社会信用代码", "credit_code", _FIRST)
            + _pair("排污许可证编号", "permit", _SECOND),
            11,
        ),
        Row(_pair("行业类型", "industry", _FIRST) + _pair("绩效分级等级", "grade", _SECOND), 11),
        Row(
            (
                *_pair("法人代表", "legal_representative", _FIRST),
                _label("联系电话", 33),
                _field("legal_phone", 54, "法人代表的联系电话", "acceptance.legal_phone"),
            ),
            11,
        ),
        Row(_pair("联系人", "contact", _FIRST) + _pair("联系电话", "contact_phone", _SECOND), 11),
        Row(
            (
                *_pair("区域代码", "region_code", _FIRST, "acceptance.region_code"),
                _label("地理坐标", 33),
                Cell(
                    54,
                    (
                        Line((Text("经度："), Field("longitude"))),
                        Line((Text("纬度："), Field("latitude"))),
                    ),
                    "left",
                ),
            ),
            14,
        ),
        _band("环保门禁系统信息"),
        Row(
            _pair("载货出入口数量（个）", "entrance_count", (43, 36))
            + _pair("道闸数量（个）", "barrier_count", (33, 54)),
            11,
        ),
        Row(
            _pair("智能门禁数量（套）", "gate_count", (43, 36))
            + _pair("智能门禁厂商", "gate_maker", (33, 54), "acceptance.gate_maker"),
            11,
        ),
        Row(
            (
                _label("建设类别", 43),
                Cell(
                    36,
                    (
                        Line(
                            (
                                Box("construction", "新建", "建设类别", "acceptance.construction"),
                                Text("　"),
                                Box("construction", "改造", "建设类别", "acceptance.construction"),
                            )
                        ),
                    ),
                ),
                *_pair("完成时间", "completed", (33, 54), "acceptance.completed"),
            ),
            11,
        ),
        Row(_pair("各出入口编号", "entrances", (43, 123)), 16),
        Row(_pair("各道闸编号", "barriers", (43, 123)), 16),
        Row((Cell(WIDTH, (Line((Text("企业（单位）：（盖章）"),)),), "left", "top"),), 34),
    ),
)


def _device(words: str, path: str, keys: tuple[str, str]) -> Row:
    return Row(
        (
            _label(words, 40),
            _field(f"{path}.count", 21),
            _field(f"{path}.maker", 31, f"{words}的厂家", keys[0]),
            _field(f"{path}.model", 33, f"{words}的规格型号", keys[1]),
            _yes_no(f"{path}.holds", 41),
        ),
        12,
    )


def _functions(left: str, left_path: str, right: str, right_path: str) -> Row:
    return Row(
        (
            _label(left, 45),
            _yes_no(left_path, 30),
            _label(right, 61),
            _yes_no(right_path, 30),
        ),
        12,
    )


TABLE_6 = Sheet(
    "table-6",
    "表 6 验收项目确认表",
    (
        _title("智能环保门禁系统验收项目确认表"),
        Row(_pair("企业（单位）名称", "name", (34, 56)) + _pair("地址", "address", (20, 56)), 10),
        Row(_pair("出入口编号", "entrance", (34, 56)) + _pair("道闸编号", "barrier", (20, 56)), 8),
        _band("硬件设备"),
        Row(
            (
                _label("设备", 40),
                _label("数量\n（套/个）", 21),
                _label("厂家", 31),
                _label("规格型号", 33),
                _label("是否满足要求", 41),
            ),
            11,
        ),
        _device("车牌识别设备相机", "plate_camera", ("cameras[].maker", "cameras[].model")),
        _device("视频监控摄像机", "surveillance", ("cameras[].maker", "cameras[].model")),
        _device("工控机", "machine", ("machines[].maker", "machines[].model")),
        _device("24 h 不间断供电系统", "ups", ("ups.maker", "ups.model")),
        _band("智能环保门禁监控系统软件"),
        Row(
            _pair("数量（套）", "software_count", (34, 41))
            + _pair("安装位置", "software_place", (35, 56), "machines[].position")
        ),
        _functions("防护等级满足要求", "protection", "车辆识别率和准确率满足要求", "recognition"),
        _functions(
            "照片抓拍功能满足要求",
            "photos",
            "主动连接上位机，断网时自动重连功能满足要求",
            "connecting",
        ),
        _functions("信息采集功能满足要求", "collecting", "信息上传功能满足要求", "uploading"),
        _functions(
            "随操作系统自动启动功能满足要求",
            "starting",
            "断线远程恢复和自动重传功能满足要求",
            "resending",
        ),
        _band("网络传输及信息安全"),
        Row((_label("企业（单位）级防火墙是否满足要求", 75), _yes_no_beside("firewall", 91))),
        Row((_label("传输带宽是否满足要求", 75), _yes_no_beside("bandwidth", 91))),
        _whole(
            Line(
                (
                    Text("结论："),
                    Text(GAP),
                    Box("conclusion", PASSED),
                    Text(GAP),
                    Box("conclusion", FAILED),
                )
            ),
            8,
        ),
        _seal("建设企业（单位）（盖章）：", "name"),
        _seal("系统供应商（盖章）：", "supplier", "系统供应商", "acceptance.supplier"),
        _seal("系统安装施工方（盖章）：", "installer", "系统安装施工方", "acceptance.installer"),
        _whole(
            Line(
                (
                    Text(
                        "备注：需要建设企业（单位）与系统供应商以及系统安装施工方盖章/签字"
                        "才能视为验收。"
                    ),
                )
            ),
            8,
        ),
    ),
)

_HALVES = (45, 38)
_SIGNED = Line((Text("签名：" + GAP * 5 + "盖章：" + GAP * 4),))
_DATE = "年　　月　　日"


def _opinion(words: str) -> Row:
    """A cell that somebody else fills, signs, seals and dates."""
    dated = Line((Text(_DATE),))
    return Row((_label(words, 45), Cell(121, (_SIGNED, dated), "right", "bottom")), 34)


def _condition(words: str, path: str) -> Row:
    says = Cell(131, (*_lines(words), _reason(path)), "left")
    return Row((says, _yes_no(path, 35, reason=False)), 13)


def _applicant() -> tuple[Row, ...]:
    return (
        Row(_pair("企业（单位）名称", "name", (45, 121)), 10),
        Row(_pair("企业（单位）地址", "address", (45, 121)), 10),
        Row(_pair("统一社会信用代码", "credit_code", (45, 121)), 10),
        Row(_pair("排污许可证编号", "permit", (45, 121)), 10),
    )


def _gates() -> tuple[Row, ...]:
    return (
        Row(_pair("申请对接门禁数量（个）", "gate_count", (45, 121)), 10),
        Row(
            _pair("门禁厂商\n（提供营业执照）", "gate_maker", (45, 121), "acceptance.gate_maker"),
            13,
        ),
    )


TABLE_7 = Sheet(
    "table-7",
    "表 7 门禁系统联网申请表",
    (
        *_applicant(),
        Row(
            (
                *_pair("法定代表人", "legal_representative", _HALVES),
                _label("联系电话", 45),
                _field("legal_phone", 38, "法定代表人的联系电话", "acceptance.legal_phone"),
            ),
            10,
        ),
        Row(_pair("联系人", "contact", _HALVES) + _pair("联系电话", "contact_phone", _HALVES), 10),
        *_gates(),
        Row((_label("申报条件", 131), _label("是否满足", 35)), 9),
        _condition("门禁系统各项功能满足技术指南要求，并通过验收。", "functions"),
        _condition(
            "满足与自治区移动源污染防治信息化监管平台联网的各项条件，能够按照国家、"
            "自治区相关标准实时上传数据。",
            "networking",
        ),
        _condition(
            "承诺具备符合要求的设备及联网条件等，且提交的所有材料真实、准确、有效。", "promise"
        ),
        _opinion("企业（单位）申报意见"),
        _opinion("各地市及宁东基地生态环境主管部门意见"),
        Row((_label("备注", 45), Cell(121, (Line((Text(""),)),))), 14),
    ),
    ("注：本表由各地市及宁东基地生态环境主管部门留存。",),
)

TABLE_8 = Sheet(
    "table-8",
    "表 8 联网备案表",
    (
        *_applicant(),
        Row(
            _pair("法定代表人", "legal_representative", _HALVES)
            + _pair(
                "授权签字人",
                "authorised_signatory",
                _HALVES,
                "acceptance.authorised_signatory",
            ),
            10,
        ),
        Row(_pair("联系人", "contact", _HALVES) + _pair("联系电话", "contact_phone", _HALVES), 10),
        *_gates(),
        Row((_label("企业（单位）提交联网申请及材料日期", 45), _label(_DATE, 121)), 14),
        _opinion("各地市及宁东基地生态环境主管部门意见"),
        Row((_label("备案日期", 45), _label(_DATE, 121)), 12),
        Row((_label("联网接入日期", 45), _label(_DATE, 121)), 12),
        Row((_label("备注", 45), Cell(121, (Line((Text(""),)),))), 22),
    ),
    ("注：本表由自治区生态环境主管部门留存。",),
)


def _confirmed(number: str, words: str, content: Cell, remark: str = "") -> Row:
    """A row of Table 9; why it is 否 stands under 备注."""
    parts = (Field(f"{remark}.reason", size=SMALL),) if remark else (Text(""),)
    return Row((_label(number, 14), _label(words, 66), content, Cell(40, (Line(parts),))), 13)


def _either(path: str, words: tuple[str, str], between: str, called: str, key: str) -> Cell:
    first, second = (Box(path, word, called, key, word_first=True) for word in words)
    return Cell(46, (Line((first, Text(between), second)),))


def _is_or_not(path: str) -> Cell:
    return _either(f"{path}.ticked", ("是", "否"), " / ", "", "")


TABLE_9 = Sheet(
    "table-9",
    "表 9 联网验收确认表",
    (
        _title("系统联网验收确认表格"),
        Row(
            (
                _label("序号", 14, bold=True),
                _label("项目", 66, bold=True),
                _label("内容/结论", 46, bold=True),
                _label("备注", 40, bold=True),
            ),
            10,
        ),
        _confirmed("1", "企业名称", _field("name", 46)),
        _confirmed("2", "系统接入 ID 号", _field("mn", 46)),
        _confirmed(
            "3",
            "数据传输方式",
            _either("connection", ("无线", "有线"), " /", "数据传输方式", "acceptance.connection"),
        ),
        _confirmed("4", "企业（单位）档案信息登记是否完整", _is_or_not("registered"), "registered"),
        _confirmed("5", "门禁系统传输数据项是否满足要求", _is_or_not("items"), "items"),
        _confirmed(
            "6", "数据连续传输（连续 15 天）是否正常", _is_or_not("continuous"), "continuous"
        ),
        _confirmed("7", "监管平台端数据接收是否正确", _is_or_not("received"), "received"),
        _whole(
            Line(
                (
                    Text("结论："),
                    Text(GAP),
                    Box("conclusion", FITS),
                    Text(GAP),
                    Box("conclusion", DOES_NOT_FIT),
                )
            ),
            12,
        ),
        _whole(Line((Text("建设企业（单位）负责人（盖章/签字）："),)), 32, "top"),
        _whole(Line((Text("自治区生态环境厅（盖章/签字）："),)), 32, "top"),
        _whole(Line((Text("备注：需要二方盖章/签字后才能视为系统最终联网确认。"),)), 12),
    ),
)


def _plain(path: str, width: int) -> Cell:
    return Cell(width, (Line((Field(path, size=9),)),), "left")


def _open(heading: str, path: str) -> tuple[Row, ...]:
    heads = (("序号", 12), ("要求", 48), ("原因", 64), ("涉及的栏目", 42))
    return (
        _band(heading),
        Row(tuple(_label(words, width) for words, width in heads)),
        Row(
            (
                _field("item.number", 12),
                _plain("item.demand", 48),
                _plain("item.reason", 64),
                _plain("item.rows", 42),
            ),
            each=path,
        ),
        Row((_field("item", WIDTH),), each=f"none_{path}"),
    )


def _others(form: str, words: str) -> Row:
    return Row((_label(form, 40), Cell(126, _lines(words, size=9), "left")))


COVER = Sheet(
    "cover",
    "智能环保门禁验收资料",
    (
        _title("未完成项"),
        Row(_pair("企业（单位）名称", "name", (40, 126))),
        Row(_pair("系统接入 ID 号", "mn", (40, 126))),
        Row(_pair("填写时间", "written", (40, 126))),
        Row(_pair("签名密钥指纹", "fingerprint", (40, 126))),
        Row(_pair("表 6 的结论", "conclusions", (40, 126))),
        *_open("一、结果为“否”的要求", "failed"),
        *_open("二、没有检查或没有检查完的要求", "untested"),
        _band("三、需要手工填写或改正的栏目"),
        Row((_label("表", 40), _label("栏目", 66), _label("也可写入站点配置的键", 60))),
        Row(
            (_plain("item.form", 40), _plain("item.cell", 66), _plain("item.key", 60)),
            each="blanks",
        ),
        Row((_field("item", WIDTH),), each="none_blanks"),
        _band("四、由他人填写、签字、盖章的栏目"),
        _others("表 5", "企业（单位）盖章"),
        _others("表 6", "建设企业（单位）、系统供应商、系统安装施工方盖章或签字"),
        _others(
            "表 7", "企业（单位）申报意见和各地市及宁东基地生态环境主管部门意见的签名、盖章、日期"
        ),
        _others("表 8", "提交日期、主管部门意见、备案日期、联网接入日期"),
        _others("表 9", "建设企业（单位）负责人和自治区生态环境厅盖章或签字"),
    ),
    ("验收人签字：" + GAP * 6 + "日期：",),
)
