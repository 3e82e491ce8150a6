"""The part of the profile that describes the gate's industrial PCs (门卫工控机, 4.4.4, 4.5.4).

The roles read all of it; the runtime reads which barriers a machine serves.
"""

from enum import StrEnum
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import Field

from appliance.profile.sections import (
    AbsolutePath,
    Host,
    Identifier,
    InterfaceAddress,
    InterfaceName,
    NetworkRange,
    Port,
    Secret,
    Section,
)

BarrierNumber = Annotated[str, Field(pattern=r"^[A-Z][0-9]{2}$", examples=["A01"])]


class VideoDisk(Section):
    """A disk for video, known by its UUID: device names change places (4.4.5-2)."""

    uuid: str = Field(
        title="文件系统 UUID",
        description="blkid 显示的 UUID",
        pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
        examples=["5f0c1c1e-93a4-4c6c-9a55-1f2b8a7f0c11"],
    )
    mount: AbsolutePath = Field(title="挂载点", description="以 / 开头的目录，每块盘一个")
    size_tb: float | None = Field(
        default=None,
        title="容量",
        description="单位 T（10¹² 字节）；写了才按它核对是否存得下",
        ge=0.001,
        le=10_000,
    )


class Machine(Section):
    """One industrial PC: how it is reached, which barriers it serves, how it is wired."""

    name: Identifier = Field(title="工控机名称", description="也作主机名")
    host: Host | None = Field(
        default=None, title="维护地址", description="安装时 ssh 连接的地址；不填则由命令行给出"
    )
    ssh_port: Port = Field(default=22, title="ssh 端口", description="安装和维护用")
    barriers: tuple[BarrierNumber, ...] = Field(
        default=(),
        title="负责的道闸",
        description="道闸编号；全站只有一台工控机时可不填",
        max_length=99,
    )
    uplink_interface: InterfaceName | None = Field(
        default=None, title="上行网口", description="接监管平台的网口；不填则取默认路由所在的网口"
    )
    device_interface: InterfaceName | None = Field(
        default=None, title="设备网口", description="接相机、道闸的网口；不填则设备与上行同一网口"
    )
    device_address: InterfaceAddress | None = Field(
        default=None, title="设备网地址", description="设备网口的地址与掩码长度；不填则不改动"
    )
    video_disks: tuple[VideoDisk, ...] = Field(
        default=(), title="录像盘", description="存录像的磁盘，总量不少于 32 T", max_length=64
    )
    maker: str | None = Field(
        default=None, title="厂家", description="写入表 6", min_length=1, max_length=100
    )
    model: str | None = Field(
        default=None, title="规格型号", description="写入表 6", min_length=1, max_length=100
    )
    position: str | None = Field(
        default=None,
        title="安装位置",
        description="写入表 6，如“东门岗亭机柜”",
        min_length=1,
        max_length=100,
    )


class Operator(Section):
    """A person who may log in, by key only."""

    name: str = Field(title="账号", description="小写字母开头", pattern=r"^[a-z][a-z0-9-]{0,30}$")
    ssh_key: str = Field(
        title="ssh 公钥",
        description="一行 OpenSSH 公钥",
        pattern=r"^(ssh-ed25519|ecdsa-sha2-nistp256|ssh-rsa) [A-Za-z0-9+/=]+( [^\r\n]*)?$",
        max_length=2000,
        examples=["ssh-ed25519 AAAA… 张三"],
    )
    maintains: bool = Field(
        default=False,
        title="可维护",
        description="可用 sudo 做一切：再次安装、升级、验收演练；否则只能看日志和重启门禁",
    )


class Gatekeeper(Section):
    """A person who enters what the camera could not read (4.5.1-1), by name and password."""

    name: str = Field(title="姓名", description="记入补录的更正人", min_length=1, max_length=20)
    password: Secret = Field(title="密码", description="写作 !secret 名称，不得写明文")


class Access(Section):
    """Who may come in over the network; all else is refused and counted (4.5.4)."""

    operators: tuple[Operator, ...] = Field(
        default=(), title="运维人员", description="可以登录的人员", max_length=50
    )
    gatekeepers: tuple[Gatekeeper, ...] = Field(
        default=(), title="门卫", description="可以补录车牌的人员；不填则不开补录页", max_length=100
    )
    maintenance_networks: tuple[NetworkRange, ...] = Field(
        default=(),
        title="维护网段",
        description="允许 ssh 登录的来源；不填则任何来源（仍只认公钥）",
        max_length=50,
    )
    page_networks: tuple[NetworkRange, ...] = Field(
        default=(),
        title="状态页网段",
        description="允许打开状态页的来源；不填则任何来源",
        max_length=50,
    )
    authority_networks: tuple[NetworkRange, ...] = Field(
        default=(),
        title="监管部门网段",
        description="允许远程调看视频的来源（4.5.3-4）；不填则不开放",
        max_length=50,
    )


class InspectionMode(StrEnum):
    """How packets reach Suricata."""

    NFQUEUE = "nfqueue"
    AF_PACKET = "af-packet"


RuleSource = Annotated[
    str, Field(pattern=r"^[a-z0-9-]+(/[a-z0-9-]+)?$", max_length=60, examples=["et/open"])
]


class Intrusion(Section):
    """Intrusion protection (4.1-6, 4.5.4): Suricata, inline."""

    mode: InspectionMode = Field(
        default=InspectionMode.NFQUEUE,
        title="接入方式",
        description="nfqueue：本机进出的报文经队列检查；af-packet：桥接上行与设备两个网口",
    )
    update_sources: tuple[RuleSource, ...] = Field(
        default=("et/open",),
        title="规则来源",
        description="suricata-update 的来源名；空列表表示只用随箱规则",
        max_length=20,
    )
    signature_days: int = Field(
        default=7, title="规则时效", description="规则超过此天数未更新即报警", ge=1, le=90
    )


class Scan(StrEnum):
    """When ClamAV looks at files."""

    ON_ACCESS = "on-access"
    SCHEDULED = "scheduled"


class Antivirus(Section):
    """Virus protection (4.1-6, 4.5.4): ClamAV over what comes in by USB and upload."""

    scan: Scan = Field(
        default=Scan.SCHEDULED,
        title="扫描方式",
        description="on-access：打开文件时；scheduled：每小时扫描来件目录，每日扫描全盘",
    )
    folders: tuple[AbsolutePath, ...] = Field(
        default=(PurePosixPath("/media"), PurePosixPath("/var/lib/gatehouse/incoming")),
        title="来件目录",
        description="U 盘与上传文件所在的目录",
        min_length=1,
        max_length=50,
    )
    signature_days: int = Field(
        default=3, title="病毒库时效", description="病毒库超过此天数未更新即报警", ge=1, le=90
    )


class Protection(Section):
    """Intrusion and virus protection, both signature sets renewed by themselves (4.5.4)."""

    intrusion: Intrusion = Field(
        default=Intrusion(), title="入侵防护", description="Suricata 的设置"
    )
    antivirus: Antivirus = Field(default=Antivirus(), title="病毒防护", description="ClamAV 的设置")


class UpsDriver(StrEnum):
    """NUT's drivers that a gate's UPS needs."""

    USB = "usbhid-ups"
    SNMP = "snmp-ups"
    MODBUS = "apc_modbus"
    DUMMY = "dummy-ups"


class Ups(Section):
    """Uninterruptible power (4.4.6-1: at least 2 h, at least 6000 W)."""

    rated_watts: int = Field(
        title="UPS 功率", description="单位瓦，指南要求不低于 6000", ge=6000, le=1_000_000
    )
    runtime_minutes: int = Field(
        title="UPS 供电时间", description="单位分钟，指南要求不少于 120", ge=120, le=10_000
    )
    driver: UpsDriver = Field(
        default=UpsDriver.USB,
        title="UPS 驱动",
        description="usbhid-ups：USB；snmp-ups：网络管理卡；apc_modbus：串口或 Modbus；"
        "dummy-ups：演示与试验",
    )
    port: str = Field(
        default="auto",
        title="UPS 端口",
        description="USB 写 auto，网络管理卡写地址，串口写设备文件",
        pattern=r"^[A-Za-z0-9./:_-]+$",
        max_length=120,
        examples=["auto"],
    )
    low_battery_percent: int = Field(
        default=20, title="低电量", description="电量低于此百分比即有序关机", ge=5, le=90
    )
    maker: str | None = Field(
        default=None, title="厂家", description="写入表 6", min_length=1, max_length=100
    )
    model: str | None = Field(
        default=None, title="规格型号", description="写入表 6", min_length=1, max_length=100
    )


class Software(Section):
    """Where the box takes its software from."""

    debian_mirror: str | None = Field(
        default=None,
        title="Debian 软件源",
        description="地址，以 http:// 或 https:// 开头；不填则沿用工控机上已有的软件源",
        pattern=r"^https?://[A-Za-z0-9.:/_~-]+$",
        max_length=200,
    )
    proxy: str | None = Field(
        default=None,
        title="软件源代理",
        description="apt 的 HTTP 代理地址；不填则不用代理",
        pattern=r"^http://[A-Za-z0-9.:/_~-]+$",
        max_length=200,
    )
