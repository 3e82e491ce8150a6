"""YAML text to plain data that remembers its lines; refuses all of YAML that a profile needs not.

PyYAML's constructors are never reached: its events are read one by one, so no tag can run code, no
alias can multiply data, and a fault in one place does not hide the next. Plain words resolve to
fewer things than in YAML 1.1, whose surprises hit just what installers write: `yes`, `12:30` and
`0951` are texts. Whatever is a text for PyYAML is one here, so what it dumps is read back the same.
"""

import re
from dataclasses import dataclass, field

import yaml
from yaml import events as ev

from appliance.profile.faults import Fault, Route, Stop, dotted, shown
from appliance.profile.syntax import at_line, syntax_fault

DEEPEST = 20
MOST_VALUES = 60_000
"""Two full plate lists and a full site are half of it; a megabyte of commas would take a minute."""

_SECRET_TAG = "!secret"  # noqa: S105 - the name of a tag
_TEXT_TAGS = ("!", "tag:yaml.org,2002:str")
# Whole numbers of more digits stay texts: Python refuses to convert them, and no field takes them.
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,99})")
_DECIMAL = re.compile(r"([-+]?[0-9]+\.[0-9]*|\.[0-9]+)([eE][-+][0-9]+)?")
_WORDS: dict[str, bool | float | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", "+.inf", ".Inf"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}


@dataclass(frozen=True, slots=True)
class SecretName:
    """What `!secret NAME` became: still unchecked, as written."""

    name: str


@dataclass(slots=True)
class Tree:
    """A profile's raw data: dict, list, str, int, float, bool, None and `SecretName`.

    `lines` knows every route's line, `written` every scalar's text; `void` holds the routes whose
    value was refused and already reported, so that nobody complains of them twice.
    """

    data: object = None
    lines: dict[Route, int] = field(default_factory=dict)
    written: dict[Route, str] = field(default_factory=dict)
    void: set[Route] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)

    def line(self, route: Route) -> int:
        """The line of the value at `route`, or of the nearest mapping or list around it."""
        while route and route not in self.lines:
            route = route[:-1]
        return self.lines.get(route, 1)

    def is_void(self, route: Route) -> bool:
        """Whether `route` or anything above it was refused already."""
        return any(route[:n] in self.void for n in range(len(route) + 1))

    def refuse(self, route: Route, wrong: str, allowed: str, line: int | None = None) -> None:
        """Report a fault at `route`; `line` where that is not the value's own."""
        at = self.line(route) if line is None else line
        self.faults.append(Fault(at, dotted(route), wrong, allowed))


def read_tree(text: str) -> Tree:
    """Parse one YAML document; never raises, everything wrong is in `faults`.

    When reading had to stop (a syntax error, nesting without end, nothing in the file) the root is
    void, and looking for missing keys would only raise false alarms.
    """
    tree = Tree()
    try:
        _Reader(text, tree).document()
    except Stop as stop:
        tree.faults.append(stop.fault)
        tree.void.add(())
    return tree


class _Reader:
    def __init__(self, text: str, tree: Tree) -> None:
        self.tree = tree
        self.text = text
        self.values = 0
        try:
            self.loader = yaml.SafeLoader(text)
        except yaml.YAMLError as error:
            raise Stop(syntax_fault(error, text)) from None

    def next(self) -> ev.Event:
        try:
            event: ev.Event = self.loader.get_event()  # type: ignore[no-untyped-call] # a stub's gap
        except yaml.YAMLError as error:
            raise Stop(syntax_fault(error, self.text)) from None
        except (ArithmeticError, LookupError, ValueError, RecursionError):
            # PyYAML lets a few of Python's own errors through, e.g. for the escape "\UFFFFFFFF".
            raise Stop(at_line(self.loader.line + 1)) from None
        return event

    def document(self) -> None:
        self.next()  # the stream's start
        event = self.next()
        if isinstance(event, ev.StreamEndEvent):
            raise self.empty()
        self.tree.data = self.node(self.next(), ())
        if self.tree.data is None and not self.tree.faults:
            raise self.empty()
        if not isinstance(self.tree.data, dict):
            wrong = "文件内容不是“键: 值”的形式"
            line = self.tree.lines.get((), 1)
            raise Stop(Fault(line, "", wrong, "每行写作“键: 值”，冒号为英文半角，后面空一格"))
        self.next()  # the document's end
        event = self.next()
        if isinstance(event, ev.DocumentStartEvent):
            line = _line(event)
            wrong = "一个文件里写了两份配置"
            raise Stop(Fault(line, "", wrong, "一个文件只写一个站点；删去“---”"))

    @staticmethod
    def empty() -> Stop:
        return Stop(Fault(1, "", "文件是空的", "按 docs/profile.md 或示例站点填写"))

    def node(self, event: ev.Event, route: Route) -> object:
        tree = self.tree
        line = _line(event)
        tree.lines.setdefault(route, line)
        self.values += 1
        if self.values > MOST_VALUES:
            raise Stop(Fault(line, "", "内容太多，不像站点配置", "核对是否给错了文件"))
        if len(route) > DEEPEST:
            wrong = f"括号或缩进套了 {DEEPEST} 层以上"
            raise Stop(Fault(line, dotted(route[:2]), wrong, "参照示例站点的层次填写"))
        if isinstance(event, ev.AliasEvent):
            wrong = "用了 YAML 的引用（以 * 开头）"
            tree.refuse(route, wrong, "把内容直接写出来；以 * 开头的文字须加引号", line)
            tree.void.add(route)
            return None
        assert isinstance(event, ev.NodeEvent)  # noqa: S101 - the parser's grammar; narrows the type
        if event.anchor is not None:
            wrong = "用了 YAML 的锚点（以 & 开头）"
            tree.refuse(route, wrong, "把内容直接写出来；以 & 开头的文字须加引号", line)
        if isinstance(event, ev.ScalarEvent):
            return self.scalar(event, route)
        assert isinstance(event, ev.CollectionStartEvent)  # noqa: S101 - the same
        value: object
        if isinstance(event, ev.MappingStartEvent):
            value = self.mapping(route)
        else:
            value = self.sequence(route)
        if event.tag not in (None, "!"):
            self.unknown_tag(route, line)
        return value

    def unknown_tag(self, route: Route, line: int) -> None:
        # The tag is not quoted: it may be the beginning of a password that starts with "!".
        wrong = "用了不认识的 YAML 标签（以 ! 开头）"
        allowed = "只可用 !secret 名称；以 ! 开头的文字须加引号"
        self.tree.refuse(route, wrong, allowed, line)
        self.tree.void.add(route)

    def scalar(self, event: ev.ScalarEvent, route: Route) -> object:
        self.tree.written[route] = event.value
        if event.tag == _SECRET_TAG:
            return SecretName(event.value)
        if event.tag is None:
            return _resolved(event.value) if event.implicit[0] else event.value
        if event.tag not in _TEXT_TAGS:
            self.unknown_tag(route, _line(event))
            return None
        return event.value

    def mapping(self, route: Route) -> dict[str, object]:
        tree = self.tree
        entries: dict[str, object] = {}
        while not isinstance(event := self.next(), ev.MappingEndEvent):
            line = _line(event)
            if not isinstance(event, ev.ScalarEvent) or event.anchor or event.tag:
                allowed = "键只能是普通文字，如 name"
                tree.refuse(route, "冒号前面不是普通的键", allowed, line)
                odd = (*route, "?")
                self.node(event, odd)
                self.node(self.next(), odd)
                continue
            key = event.value
            if key in entries:
                first = tree.lines[*route, key]
                wrong = f"“{shown(key)}”写了两次，第一次在第 {first} 行"
                tree.refuse((*route, key), wrong, "只留一处", line)
                self.node(self.next(), (*route, f"{key}（重复）"))
                continue
            tree.lines[*route, key] = line
            entries[key] = self.node(self.next(), (*route, key))
        return entries

    def sequence(self, route: Route) -> list[object]:
        items: list[object] = []
        while not isinstance(event := self.next(), ev.SequenceEndEvent):
            items.append(self.node(event, (*route, len(items))))
        return items


def _line(event: ev.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark is not None else 1


def _resolved(text: str) -> str | int | float | bool | None:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return text
