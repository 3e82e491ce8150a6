"""Questions to the schema: what stands at this place, and how to say it to an installer.

Fault messages and the reference page both ask here, so the two cannot tell different stories.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from ipaddress import IPv4Address
from pathlib import PurePosixPath
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from appliance.profile.faults import Route
from appliance.profile.model import Profile
from appliance.profile.sections import Secret, Section

_BOUNDS = ("ge", "gt", "le", "lt", "min_length", "max_length", "pattern")


@dataclass(frozen=True, slots=True)
class Place:
    """One place of the schema. `kind` is its type without `None` and annotations.

    `bounds` holds those of ge, gt, le, lt, min_length, max_length and pattern that are set.
    """

    kind: Any
    title: str
    description: str
    bounds: dict[str, Any]
    example: str | None
    field: FieldInfo | None
    optional: bool = False

    @property
    def section(self) -> type[Section] | None:
        """The model whose keys stand here, if a group of keys does."""
        return self.kind if isinstance(self.kind, type) and issubclass(self.kind, Section) else None

    @property
    def is_secret(self) -> bool:
        """Whether only `!secret NAME` may stand here."""
        return self.kind is Secret

    @property
    def is_list(self) -> bool:
        """Whether a list stands here."""
        return get_origin(self.kind) is tuple

    @property
    def choices(self) -> tuple[str, ...]:
        """The words that may stand here, empty when it is no choice."""
        if isinstance(self.kind, type) and issubclass(self.kind, StrEnum):
            return tuple(member.value for member in self.kind)
        if get_origin(self.kind) is Literal:
            return tuple(str(word) for word in get_args(self.kind))
        return ()

    def members(self) -> Iterator[tuple[str, "Place"]]:
        """Every key of the section here, in the schema's order."""
        if self.section is not None:
            for name, info in self.section.model_fields.items():
                yield name, _of_field(info)

    def child(self, part: str | int) -> "Place | None":
        """The place one step further in, None where the schema knows none."""
        if isinstance(part, int):
            return self.item() if self.is_list else None
        if self.section is None or part not in self.section.model_fields:
            return None
        return _of_field(self.section.model_fields[part])

    def item(self) -> "Place":
        """What one entry of the list here is; it is called as the list is."""
        return _place(get_args(self.kind)[0], FieldInfo(), _Words.of(self))


ROOT = Place(Profile, "站点配置", "一个站点的全部配置", {}, None, None)


def place_at(route: Route) -> Place | None:
    """The place at `route`, None where the schema has no such key."""
    place: Place | None = ROOT
    for part in route:
        if place is None:
            return None
        place = place.child(part)
    return place


@dataclass(frozen=True, slots=True)
class _Words:
    title: str
    description: str
    example: str | None

    @classmethod
    def of(cls, source: Place | FieldInfo) -> "_Words":
        """The words of a field, or of the list an entry stands in."""
        if isinstance(source, Place):
            return cls(source.title, source.description, source.example)
        example = str(source.examples[0]) if source.examples else None
        return cls(source.title or "", source.description or "", example)


def _of_field(info: FieldInfo) -> Place:
    place = _place(info.annotation, info, _Words.of(info))
    return replace(place, field=info)


def _place(annotation: Any, info: FieldInfo, words: _Words) -> Place:
    """Peel `Annotated` and `| None` off `annotation`, collecting the bounds found on the way."""
    found = list(info.metadata)
    optional = False
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation, *more = get_args(annotation)
            for extra in more:
                found.extend(extra.metadata if isinstance(extra, FieldInfo) else [extra])
                if isinstance(extra, FieldInfo) and extra.examples:
                    words = replace(words, example=str(extra.examples[0]))
        elif origin in (Union, UnionType):
            optional = NoneType in get_args(annotation)
            annotation = next(a for a in get_args(annotation) if a is not NoneType)
        else:
            break
    bounds = {
        name: value
        for part in found
        for name in _BOUNDS
        if (value := getattr(part, name, None)) is not None
    }
    title, description, example = words.title, words.description, words.example
    return Place(annotation, title, description, bounds, example, None, optional)


def kind_name(place: Place) -> str:
    """What kind of thing stands here: 文字, 整数, 列表 …"""
    if place.is_secret:
        return "密钥引用"
    if place.section is not None:
        return "一组键"
    if place.is_list:
        return "列表"
    if place.choices:
        return "选项"
    names = {
        str: "文字",
        int: "整数",
        float: "数字",
        bool: "true 或 false",
        IPv4Address: "IPv4 地址",
        PurePosixPath: "绝对路径",
    }
    return names.get(place.kind, "值")


def bounds_text(place: Place) -> str:
    """The bounds as a phrase: `1 至 65535`, `1 至 20 个字`; empty when there are none to say."""
    bounds = place.bounds
    low = bounds.get("ge", bounds.get("min_length"))
    high = bounds.get("le", bounds.get("max_length"))
    unit = " 项" if place.is_list else " 个字" if place.kind is str else ""
    if "gt" in bounds:
        return f"大于 {bounds['gt']}" + ("" if high is None else f"，不超过 {high}")
    if low is not None and high is not None:
        return f"{low} 至 {high}{unit}"
    if high is not None:
        return f"不超过 {high}{unit}"
    return "" if low is None else f"至少 {low}{unit}"


def allowed_text(place: Place) -> str:
    """What an installer may write here, from the field's own bounds, choices and description."""
    if place.is_secret:
        return "!secret 名称（名称用小写字母、数字和连字符）；密码本身存入设备的密钥目录"
    if place.section is not None:
        names = "、".join(name for name, _ in place.members())
        return f"下一行起缩进两格写这些键：{names}"
    if place.choices:
        words = "、".join(place.choices)
        start = f"只能写 {words}" if len(place.choices) == 1 else f"下列之一：{words}"
    elif place.is_list:
        start = "列表，每项另起一行，以“- ”开头"
    else:
        start = kind_name(place)
    if bounds := bounds_text(place):
        start += f"，{bounds}"
    if place.description:
        start += f"（{place.description}）"
    return start + (f"，例如 {place.example}" if place.example else "")
