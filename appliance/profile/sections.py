"""What every part of the site profile is made of: its base section and its kinds of value."""

from ipaddress import IPv4Interface, IPv4Network
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Section(BaseModel):
    """Base of every part: unknown keys are refused, values are frozen.

    `loading` validates strictly, so nothing written in a file is coerced.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Secret(Section):
    """A reference written `!secret NAME`; the value itself never stands in a profile."""

    name: str = Field(
        title="密钥名称",
        description="密钥文件的名称（小写字母、数字和连字符），值保存在设备的密钥目录中",
        pattern=r"^[a-z0-9][a-z0-9-]{0,62}$",
    )


def _absolute(path: PurePosixPath) -> PurePosixPath:
    """Refuse what would put the journal somewhere that depends on who starts the process."""
    text = str(path)
    if not path.is_absolute() or ".." in path.parts or not text.isprintable() or len(text) > 255:
        raise ValueError("不是绝对路径")
    return path


# The examples are shown to the installer instead of the pattern, which he could not read.
Host = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$",
        min_length=1,
        max_length=253,
        examples=["192.168.1.64"],
    ),
]
Port = Annotated[int, Field(ge=1, le=65535)]
RtspPath = Annotated[str, Field(pattern=r"^/[A-Za-z0-9._~/?=&%-]*$", max_length=80)]
Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$", examples=["a01-plate"])]
AbsolutePath = Annotated[
    PurePosixPath, AfterValidator(_absolute), Field(examples=["/var/lib/gatehouse"])
]


def _network(text: str) -> str:
    """Refuse a network whose host part is not empty: it is a slip of the pen, not a network."""
    try:
        IPv4Network(text)
    except ValueError:
        raise ValueError("不是网段") from None
    return text


def _interface_address(text: str) -> str:
    try:
        IPv4Interface(text)
    except ValueError:
        raise ValueError("不是带掩码长度的地址") from None
    return text


_CIDR = r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}$"
NetworkRange = Annotated[
    str, AfterValidator(_network), Field(pattern=_CIDR, examples=["10.41.8.0/24"])
]
InterfaceAddress = Annotated[
    str, AfterValidator(_interface_address), Field(pattern=_CIDR, examples=["10.41.8.10/24"])
]
InterfaceName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9._-]{0,14}$", examples=["enp1s0"])]
