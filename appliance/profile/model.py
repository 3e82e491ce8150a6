"""The site profile: one YAML file says all that is particular to a site.

Roles, runtime and acceptance kit read it; later parts add keys and never rename one. Titles and
descriptions are Chinese because installers read them in fault messages and the reference page.
What no single field can see (unique numbers, references) is in `crosschecks`.
"""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address
from typing import Annotated, Literal

from pydantic import Field

from appliance.guideline.dictionaries import Direction, EmissionStage, Production
from appliance.profile.acceptance import Acceptance
from appliance.profile.box import Access, BarrierNumber, Machine, Protection, Software, Ups
from appliance.profile.recording import Recording
from appliance.profile.sections import Host, Identifier, Port, RtspPath, Secret, Section
from appliance.profile.storage import Storage
from appliance.profile.view import LaneView


class PerformanceGrade(StrEnum):
    """绩效分级管控类型 (Table 1, row 10; 3.12)."""

    A = "A级"
    B = "B级"
    B_MINUS = "B-级"
    C = "C级"
    D = "D级"
    LEADING = "引领性"
    NOT_LEADING = "非引领性"


class Enterprise(Section):
    """Table 1. Counts of entrances and barriers are derived from `entrances`."""

    number: str = Field(
        title="企业编号",
        description="排污许可证编号或排污登记编号（4.6.1）",
        min_length=1,
        max_length=22,
    )
    name: str = Field(
        title="企业名称", description="与排污许可证一致", min_length=1, max_length=100
    )
    credit_code: str = Field(
        title="统一社会信用代码",
        description="18 位数字或大写字母（不用 I、O、S、V、Z），通常是 HJ 212 报文的 MN",
        pattern=r"^[0-9A-HJ-NPQRTUWXY]{18}$",
    )
    address: str = Field(
        title="企业地址", description="描述到乡镇（街道）", min_length=1, max_length=255
    )
    longitude: float = Field(title="经度", description="单位度，小数点后 6 位", ge=73, le=136)
    latitude: float = Field(title="纬度", description="单位度，小数点后 6 位", ge=3, le=54)
    legal_representative: str = Field(
        title="法人代表", description="与营业执照一致", min_length=1, max_length=20
    )
    industry: str = Field(
        title="行业类型", description="国民经济行业分类", min_length=1, max_length=50
    )
    industry_branch: str = Field(
        title="行业分支", description="国民经济行业分类", min_length=1, max_length=50
    )
    performance_grade: PerformanceGrade = Field(
        title="绩效分级管控类型", description="重污染天气绩效分级结果（3.12）"
    )
    contact: str = Field(title="联系人", description="验收联系人", min_length=1, max_length=20)
    contact_phone: str = Field(
        title="联系人电话",
        description="座机或手机，加引号",
        pattern=r"^[0-9+][0-9 -]{4,19}$",
        examples=["0951-5550123"],
    )
    transport_vehicles: int = Field(title="运输车辆数量", description="单位：辆", ge=0, le=100_000)
    plant_vehicles: int = Field(title="厂内运输车辆数量", description="单位：辆", ge=0, le=100_000)
    non_road_machines: int = Field(
        title="非道路移动机械数量", description="单位：台", ge=0, le=100_000
    )


class ModbusRelay(Section):
    """A Modbus TCP relay: one coil raises the barrier, one input tells that it is up."""

    kind: Literal["modbus-relay"] = Field(title="驱动类型", description="Modbus TCP 继电器")
    host: Host = Field(title="继电器地址", description="设备局域网内的主机名或 IP 地址")
    port: Port = Field(default=502, title="继电器端口", description="Modbus TCP 端口")
    unit: int = Field(default=1, title="单元号", description="Modbus 单元标识", ge=0, le=247)
    raise_coil: int = Field(title="抬杆线圈", description="抬杆线圈地址，从 0 起", ge=0, le=65535)
    raised_input: int | None = Field(
        default=None,
        title="杆位输入",
        description="道闸抬起时接通的离散输入地址，从 0 起；没有接线则不填",
        ge=0,
        le=65535,
    )
    rise_seconds: float = Field(
        default=8.0,
        title="抬杆时限",
        description="发出抬杆指令后，杆位输入在此秒数内接通算自动抬杆，更晚算手动抬杆",
        ge=1,
        le=60,
    )
    pulse_seconds: float = Field(
        default=0.5, title="脉冲时长", description="抬杆线圈吸合的秒数", ge=0.1, le=10
    )


class Barrier(Section):
    """A lane with its barrier (4.6.1: entrance number and two digits)."""

    id: str = Field(
        title="道闸编号", description="出入口编号加两位顺序号，如 A01", pattern=r"^[A-Z][0-9]{2}$"
    )
    position: str = Field(
        title="进出位置",
        description="报文中的进出位置，如“东门进厂道”",
        min_length=1,
        max_length=100,
    )
    direction: Direction = Field(title="进出类型", description="本道闸车辆的行驶方向")
    plate_camera: Identifier = Field(title="车牌识别相机", description="cameras 中的相机编号")
    driver: ModbusRelay = Field(title="道闸驱动", description="抬杆继电器的接法")
    view: LaneView = Field(
        default=LaneView(), title="车道画面", description="相机画面中属于本车道的部分"
    )


class Entrance(Section):
    """An entrance with its barriers (4.6.1: one letter)."""

    id: str = Field(title="出入口编号", description="一位大写字母，如 A", pattern=r"^[A-Z]$")
    name: str = Field(title="出入口名称", description="如“东门”", min_length=1, max_length=50)
    barriers: tuple[Barrier, ...] = Field(
        title="道闸", description="本出入口的全部道闸", min_length=1, max_length=99
    )


class CameraRole(StrEnum):
    """What a camera is there for (4.3)."""

    PLATE = "plate"
    SURVEILLANCE = "surveillance"


class CameraReads(StrEnum):
    """Whether a plate camera reads plates by itself, and how it says so."""

    NONE = "none"
    PUSH = "push"
    ONVIF = "onvif"


class PlatePush(Section):
    """Where a plate camera that reads by itself hands in what it read (docs/plate-push.md)."""

    address: IPv4Address = Field(
        default=IPv4Address("0.0.0.0"),  # noqa: S104 - the firewall lets this camera in, nobody else
        title="监听地址",
        description="接收读数的本机 IPv4 地址；默认为全部地址，由防火墙只放行本相机",
    )
    port: Port = Field(
        title="监听端口", description="接收读数的 TCP 端口，每台相机一个", examples=["8091"]
    )
    token: Secret = Field(
        title="令牌", description="写作 !secret 名称；相机每次上报都要出示它或用它签名"
    )


class Caption(StrEnum):
    """Who writes time, entrance and barrier into the picture (4.5.3-3)."""

    CAMERA = "camera"
    CLIP = "clip"


class Camera(Section):
    """A network camera; its address, port, user and password go to the authority (4.5.3-4)."""

    id: Identifier = Field(title="相机编号", description="小写字母、数字和连字符")
    role: CameraRole = Field(title="用途", description="plate 车牌识别，surveillance 视频监控")
    position: str = Field(
        title="视频位置", description="如“东门进厂道卡口”", min_length=1, max_length=100
    )
    host: Host = Field(title="相机地址", description="设备局域网内的主机名或 IP 地址")
    rtsp_port: Port = Field(default=554, title="RTSP 端口", description="视频端口")
    rtsp_path: RtspPath = Field(
        default="/",
        title="RTSP 路径",
        description="以 / 开头的主码流路径",
        examples=["/Streaming/Channels/101"],
    )
    user: str = Field(title="用户名", description="视频用户名", min_length=1, max_length=20)
    password: Secret = Field(title="密码", description="写作 !secret 名称，不得写明文")
    sub_rtsp_path: RtspPath | None = Field(
        default=None,
        title="子码流路径",
        description="以 / 开头；空闲车道只看它，占用的处理器约为一半；没有子码流则不填",
        examples=["/Streaming/Channels/102"],
    )
    onvif_port: Port | None = Field(
        default=None,
        title="ONVIF 端口",
        description="用于校时、屏幕字符和核对码流，多为 80；不支持 ONVIF 则不填",
    )
    reads: CameraReads = Field(
        default=CameraReads.NONE,
        title="自带识别",
        description="车牌识别相机自己读出的车牌怎样取得：none 不取，push 由相机以 HTTP 上报，"
        "onvif 由本机向相机取 ONVIF 事件；本机识别器复核，一致才算确认",
    )
    push: PlatePush | None = Field(
        default=None, title="上报接收", description="reads 为 push 时填写，否则不填"
    )
    barriers: tuple[BarrierNumber, ...] = Field(
        default=(),
        title="拍摄的道闸",
        description="视频监控相机画面里的道闸，写入屏幕字符（4.5.3-3）；"
        "车牌识别相机不填，由道闸的 plate_camera 得出",
        max_length=99,
    )
    caption: Caption = Field(
        default=Caption.CAMERA,
        title="屏幕字符",
        description="camera：由相机叠加（4.5.3-3）；clip：相机不能叠加，"
        "由本机在通行片段上叠加时间、出入口和道闸编号，片段因此重新编码",
    )
    bitrate_mbps: float = Field(
        default=4.0,
        title="码率",
        description="主码流的平均码率，单位 Mbit/s，用于规划；"
        "默认值按 1080p、25 帧、H.265 假定，运行后以实测为准",
        ge=0.05,
        le=100,
    )
    maker: str | None = Field(
        default=None, title="厂家", description="写入表 6", min_length=1, max_length=100
    )
    model: str | None = Field(
        default=None, title="规格型号", description="写入表 6", min_length=1, max_length=100
    )


class Action(StrEnum):
    """What the gate does with a vehicle when a rule leaves it open."""

    ADMIT = "admit"
    REFUSE = "refuse"


PlateText = Annotated[str, Field(min_length=5, max_length=10, examples=["宁A12345"])]


class Admission(Section):
    """Emission rules: block list, then allow list, then stage; unread plates apart."""

    allow: tuple[PlateText, ...] = Field(
        default=(), title="白名单", description="不论排放标准一律放行的车牌号码", max_length=10_000
    )
    block: tuple[PlateText, ...] = Field(
        default=(),
        title="黑名单",
        description="一律拒绝的车牌号码，优先于白名单",
        max_length=10_000,
    )
    minimum_emission_stage: EmissionStage = Field(
        default=EmissionStage.CHINA_0,
        title="最低排放标准",
        description="低于此标准的车辆不放行；国零表示不限制",
    )
    unknown_emission_stage: Action = Field(
        default=Action.REFUSE,
        title="排放标准未知时",
        description="车辆未登记排放标准时：admit 放行，refuse 拒绝",
    )
    unread_plate: Action = Field(
        default=Action.REFUSE,
        title="车牌未识别时",
        description="admit 放行，refuse 等待人工处理；两种情况都记录",
    )


class Reader(StrEnum):
    """Which chain of models reads plates; see docs/models.md."""

    OWN = "own"
    OCR = "ocr"
    HYPERLPR3 = "hyperlpr3"


class Recognition(Section):
    """How frames become one passage (4.5.1-1)."""

    reader: Reader = Field(default=Reader.OWN, title="识别器", description="车牌识别模型组合")
    frames_per_second: float = Field(
        default=25,
        title="识别帧率",
        description="车辆等待放行时，每秒送识别的最多帧数；放行之后每秒 5 帧",
        ge=1,
        le=25,
    )
    confirm_readings: int = Field(
        default=3, title="确认帧数", description="至少几帧读数一致才确认车牌", ge=1, le=25
    )
    least_confidence: float = Field(
        default=0.4,
        title="最低置信度",
        description="各帧最弱字符置信度的平均值低于此值的读数按未识别处理（0 到 1）",
        ge=0,
        le=1,
    )
    same_vehicle_seconds: float = Field(
        default=30,
        title="同车间隔",
        description="同一道闸在此秒数内再次读到同一车牌，视为同一次通行",
        ge=0,
        le=600,
    )
    unread_after_seconds: float = Field(
        default=8,
        title="未识别时限",
        description="车辆停留超过此秒数仍读不出车牌，按未识别记录",
        ge=1,
        le=120,
    )
    camera_report_seconds: float = Field(
        default=0.5,
        title="等待相机读数",
        description="相机自带识别时，本机读出车牌后再等它这么多秒；没有等到，以本机读数为准",
        ge=0,
        le=10,
    )
    gone_after_seconds: float = Field(
        default=1.0, title="离开判定", description="画面空闲多少秒后认为车辆已离开", ge=0.2, le=30
    )


class RefusedVehicles(StrEnum):
    """Whether the platform hears of a vehicle that the barrier kept out."""

    HOLD = "hold"
    REPORT = "report"


class Dialect(Section):
    """The guideline's silent points of HJ 212; each a named choice (docs/hj212.md says why)."""

    body: Literal["literal", "cp"] = Field(
        default="literal",
        title="字段位置",
        description="literal：按 7.3 的字面顺序，数据字段在报文顶层，CP 与 RtdInterval 在末尾；"
        "cp：按 HJ 212，数据字段都在 CP 之内",
    )
    crc: Literal["computed", "constant"] = Field(
        default="computed",
        title="CRC",
        description="computed：按 HJ 212 附录 A 计算；constant：固定为指南样例的 A9C1",
    )
    length_field: Literal["computed", "constant"] = Field(
        default="computed",
        title="长度字段",
        description="帧头的四位长度：computed 按数据段的字节数；constant 固定写 0325，"
        "仅用于不核对长度而只认样例的平台",
    )
    length: Literal["bytes", "packets", "shrink"] = Field(
        default="bytes",
        title="长报文",
        description="bytes：一帧发完，长度超过四位数时照写；packets：按 HJ 212 分包，每包不超过"
        " 1024 字节，各有 QN 和应答；shrink：缩小照片，使整帧长度不超过四位数",
    )
    photos: Literal["side-by-side", "front-only", "two-messages"] = Field(
        default="side-by-side",
        title="照片",
        description="side-by-side：车头与车身左右拼为一张；front-only：只传车头；"
        "two-messages：车头、车身各发一条报文",
    )
    dictionary: Literal["codes", "names"] = Field(
        default="codes",
        title="字典值",
        description="燃料类型、使用性质、车辆类型的取值：codes 第 8 章的代码，names 第 8 章的名称",
    )
    dates: Literal["compact", "dashed"] = Field(
        default="compact",
        title="日期格式",
        description="compact：按 7.3 写 20250510080910 和 20250510；"
        "dashed：按 6.2.3 都写 2025-05-10 08:09:10",
    )
    forbidden_words: Literal["off", "as-written", "any-case"] = Field(
        default="off",
        title="照片中的高危字符",
        description="平台是否在照片的 Base64 里查 6.2.5 的词：off 不查；as-written 按小写查；"
        "any-case 不分大小写查；后两种会微调照片以避开",
    )
    replies: Literal["tolerant", "9014", "9012", "number", "json", "text"] = Field(
        default="tolerant",
        title="应答形式",
        description="tolerant：下列各种都认；9014 或 9012（加引号）：只认该命令的帧；"
        "number：只认单独的编号；json：只认 JSON 对象；text：只认 7.4 的返回信息",
    )
    mn: Literal["credit-code", "enterprise-number"] = Field(
        default="credit-code",
        title="MN",
        description="报文的 MN：credit-code 统一社会信用代码（7.3）；"
        "enterprise-number 企业编号（表 1）",
    )
    version: Literal["2017", "2025"] = Field(
        default="2017",
        title="协议版本",
        description="Flag 中的版本（加引号）：2017 为 HJ 212-2017，2025 为 HJ 212-2025",
    )


class Uplink(Section):
    """The way to the authority's platform (chapter 7)."""

    host: Host = Field(title="平台地址", description="自治区监管平台的主机名或 IP 地址")
    port: Port = Field(title="平台端口", description="HJ 212 TCP 端口")
    acknowledge_seconds: float = Field(
        default=10, title="应答超时", description="等待平台应答的秒数，超时重发", ge=1, le=120
    )
    resend_count: int = Field(
        default=3,
        title="重发次数",
        description="连续几次没有应答后断开重连；平台可用 1000 命令改变它和应答超时",
        ge=1,
        le=99,
    )
    window: int = Field(
        default=4,
        title="发送窗口",
        description="同时等待应答的报文数；1 表示收到应答后才发下一条",
        ge=1,
        le=64,
    )
    backfill_after_seconds: int = Field(
        default=300,
        title="补传界限",
        description="生成超过此秒数仍未发出的报文按补传处理，实时报文优先，两者都前进",
        ge=10,
        le=86_400,
    )
    retry_pause_seconds: float = Field(
        default=2,
        title="首次重试间隔",
        description="失败后第一次等待的秒数，逐次加倍",
        ge=0.1,
        le=60,
    )
    retry_pause_limit_seconds: float = Field(
        default=300, title="最长重试间隔", description="重试间隔的上限秒数", ge=1, le=3600
    )
    realtime_seconds: float = Field(
        default=60,
        title="实时上报时限",
        description="记录产生后多少秒内得到平台确认算实时上报（5.1.1 未给出数值）",
        ge=1,
        le=3600,
    )
    missed_upload_minutes: float = Field(
        default=10,
        title="漏传报警时限",
        description="通行记录超过此分钟数仍未得到平台确认，即报警（5.1.3）",
        ge=1,
        le=1440,
    )
    photo_limit_bytes: int = Field(
        default=200_000,
        title="照片上限",
        description="报文中照片的最大字节数（Base64 之前）",
        ge=5_000,
        le=5_000_000,
    )
    unread_plate: str = Field(
        default="未识别",
        title="未识别车牌文本",
        description="车牌未识别时号码字段的内容",
        min_length=1,
        max_length=100,
    )
    unknown_fleet: str = Field(
        default="未登记",
        title="未知车队文本",
        description="车队名称不明时的内容",
        min_length=1,
        max_length=100,
    )
    refused_vehicles: RefusedVehicles = Field(
        default=RefusedVehicles.HOLD,
        title="拒绝车辆的上报",
        description="hold：未进厂不上报，人工抬杆后再报；report：一律上报",
    )
    production: Production = Field(
        default=Production.NORMAL,
        title="生产情况",
        description="60003 报文中的生产情况",
    )
    maintenance: bool = Field(
        default=False,
        title="维护",
        description="true：60003 报文中的系统状态报“维护”，否则由各程序的状态得出",
    )
    status_interval_minutes: int = Field(
        default=60,
        title="状态上报间隔",
        description="60003 报文的间隔，单位分钟；状态改变时另行上报",
        ge=1,
        le=1440,
    )
    dialect: Dialect = Field(
        default=Dialect(), title="报文方言", description="指南未明确之处的取法"
    )


class ClockSources(Section):
    """Beijing time (4.1-1, 6.2.1)."""

    servers: tuple[Host, ...] = Field(
        default=("ntp.ntsc.ac.cn",),
        title="对时服务器",
        description="默认为国家授时中心",
        min_length=1,
        max_length=8,
    )
    tolerance_seconds: float = Field(
        default=1.0, title="允许偏差", description="与标准时间的最大偏差秒数", gt=0, le=60
    )


class StatusPage(Section):
    """Where the status page listens."""

    address: IPv4Address = Field(
        default=IPv4Address("127.0.0.1"), title="监听地址", description="状态页监听的本机 IPv4 地址"
    )
    port: Port = Field(default=8080, title="监听端口", description="状态页端口")


class EntryPage(Section):
    """Where gatekeepers enter what the camera could not read; open when `access` names any."""

    address: IPv4Address = Field(
        default=IPv4Address("127.0.0.1"), title="监听地址", description="补录页监听的本机 IPv4 地址"
    )
    port: Port = Field(default=8081, title="监听端口", description="补录页端口，与状态页不同")


class Network(Section):
    """Where the pages of the box listen."""

    status_page: StatusPage = Field(
        default=StatusPage(), title="状态页", description="状态页的监听地址与端口"
    )
    entry_page: EntryPage = Field(
        default=EntryPage(), title="补录页", description="人工补录页的监听地址与端口"
    )


class Profile(Section):
    """One site, whole."""

    format: Literal[1] = Field(title="格式版本", description="目前为 1")
    enterprise: Enterprise = Field(title="企业基本信息", description="表 1")
    entrances: tuple[Entrance, ...] = Field(
        title="出入口", description="全部载货出入口", min_length=1, max_length=26
    )
    cameras: tuple[Camera, ...] = Field(
        title="相机", description="全部相机", min_length=1, max_length=200
    )
    admission: Admission = Field(
        default=Admission(), title="放行规则", description="按排放标准与名单放行"
    )
    recognition: Recognition = Field(
        default=Recognition(), title="车牌识别", description="识别器与判定时限"
    )
    uplink: Uplink = Field(title="上报", description="与监管平台的联网")
    storage: Storage = Field(
        default=Storage(), title="存储", description="数据目录与保存策略（4.3、4.4.5-2）"
    )
    recording: Recording = Field(
        default=Recording(), title="录像", description="每次通行的视频片段（4.5.3-3）"
    )
    clock: ClockSources = Field(default=ClockSources(), title="时钟", description="对时来源")
    ups: Ups = Field(title="不间断电源", description="UPS 参数")
    network: Network = Field(default=Network(), title="网络", description="本机页面的监听地址")
    machines: tuple[Machine, ...] = Field(
        default=(Machine(name="gate"),),
        title="工控机",
        description="全部门卫工控机；只有一台时可不填",
        min_length=1,
        max_length=26,
    )
    access: Access = Field(default=Access(), title="访问", description="谁可以从网络进入")
    protection: Protection = Field(
        default=Protection(), title="防护", description="入侵防护与病毒防护（4.5.4）"
    )
    software: Software = Field(default=Software(), title="软件源", description="安装软件的来源")
    acceptance: Acceptance = Field(
        default=Acceptance(), title="验收资料", description="只有表 5 至表 9 用到的内容（9.2）"
    )

    def lanes(self) -> "tuple[Lane, ...]":
        """Every barrier with its entrance and plate camera, in the file's order."""
        cameras = {camera.id: camera for camera in self.cameras}
        return tuple(
            Lane(entrance=entrance, barrier=barrier, camera=cameras[barrier.plate_camera])
            for entrance in self.entrances
            for barrier in entrance.barriers
        )

    def lane(self, barrier_id: str) -> "Lane":
        """The lane of one barrier; raises KeyError when the site has none of that number."""
        for lane in self.lanes():
            if lane.barrier.id == barrier_id:
                return lane
        raise KeyError(barrier_id)

    def machine(self, name: str) -> Machine:
        """The industrial PC of that name; raises KeyError when the site has none."""
        for machine in self.machines:
            if machine.name == name:
                return machine
        raise KeyError(name)

    def machine_of(self, lane: "Lane") -> Machine | None:
        """The machine that serves a lane; None where the profile leaves it without one."""
        return next((each for each in self.machines if lane in self.lanes_of(each)), None)

    def lanes_of(self, machine: Machine) -> "tuple[Lane, ...]":
        """The lanes that a machine serves: those it names, or all where it names none."""
        return tuple(
            lane
            for lane in self.lanes()
            if not machine.barriers or lane.barrier.id in machine.barriers
        )

    def barriers_of(self, camera: Camera) -> tuple[Barrier, ...]:
        """The barriers that a camera shows: the one it reads plates for, or those it names."""
        return tuple(
            lane.barrier
            for lane in self.lanes()
            if lane.camera.id == camera.id or lane.barrier.id in camera.barriers
        )

    def cameras_of(self, machine: Machine) -> tuple[Camera, ...]:
        """The cameras that a machine looks after, so that each is some machine's and only one's.

        A camera follows the first barrier it shows; one that shows none is the first machine's.
        """
        served = {lane.barrier.id for lane in self.lanes_of(machine)}
        first = machine == self.machines[0]
        return tuple(
            camera
            for camera in self.cameras
            if next((each.id in served for each in self.barriers_of(camera)), first)
        )

    def doors_of(self, machine: Machine) -> "tuple[Door, ...]":
        """Where a machine listens for plate cameras that read by themselves; what comes by the
        loopback, from an adapter on the box, needs no door."""
        return tuple(
            Door(camera.id, camera.host, camera.push.port)
            for camera in self.cameras_of(machine)
            if camera.reads is CameraReads.PUSH
            and camera.push is not None
            and not camera.push.address.is_loopback
        )

    def part_of(self, machine: Machine) -> "Profile":
        """The site as one of its machines runs it: its own lanes and cameras, the rest as it is.

        Each machine has a journal of its own, reports what passed its barriers, and judges its
        own programs; nothing is told twice and nobody misses a lane that runs elsewhere.
        """
        served = {lane.barrier.id for lane in self.lanes_of(machine)}
        entrances = (
            entrance.model_copy(
                update={"barriers": tuple(each for each in entrance.barriers if each.id in served)}
            )
            for entrance in self.entrances
        )
        share = len(served) / len(self.lanes())
        passages = max(1, round(self.storage.passages_per_day * share))
        return self.model_copy(
            update={
                "entrances": tuple(each for each in entrances if each.barriers),
                "cameras": self.cameras_of(machine),
                "machines": (machine,),
                "storage": self.storage.model_copy(update={"passages_per_day": passages}),
            }
        )

    @property
    def mn(self) -> str:
        """The MN of every message: the number that the dialect chooses."""
        numbers = {
            "credit-code": self.enterprise.credit_code,
            "enterprise-number": self.enterprise.number,
        }
        return numbers[self.uplink.dialect.mn]


@dataclass(frozen=True, slots=True)
class Lane:
    """A derived fact: what one lane process has to know of the site."""

    entrance: Entrance
    barrier: Barrier
    camera: Camera


@dataclass(frozen=True, slots=True)
class Door:
    """A derived fact: a TCP port of the box that one camera, and nobody else, has to reach."""

    camera: str
    host: str
    port: int
