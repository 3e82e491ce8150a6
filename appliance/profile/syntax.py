"""YAML syntax errors in Chinese: PyYAML's words are for programmers, and it quotes the line.

The line itself is never shown: it may hold a password written where `!secret` belongs.
"""

import re

import yaml
from yaml.reader import ReaderError

from appliance.profile.faults import Fault

_COLON = "冒号用英文半角“:”，后面空一格；文字里有冒号时整段加英文引号"
_INDENT = "同一层的键左边对齐，每深一层多空两格，只用空格"
# (part of PyYAML's problem, what is wrong, what is allowed, whether the context's line is nearer)
_SENTENCES = (
    ("could not find expected ':'", "这一行缺少冒号", _COLON, True),
    (
        "mapping values are not allowed",
        "这一行的冒号放错了位置，或缩进不对",
        f"{_COLON}；{_INDENT}",
        False,
    ),
    ("character '\\t'", "用了制表符（Tab）", "缩进只用空格，每层两个", False),
    (
        "but found '<scalar>'",
        "引号后面还有文字，或缩进没有对齐",
        "整段文字放在一对英文引号里",
        False,
    ),
    ("expected <block end>", "缩进与上面的行没有对齐", _INDENT, False),
    ("sequence entries are not allowed", "“- ”放错了位置", _INDENT, False),
    ("block sequence entries", "“- ”放错了位置", _INDENT, False),
    ("unexpected end of stream", "引号没有收尾", "一对英文引号，开头和结尾各一个", True),
    ("document separator", "引号没有收尾", "一对英文引号，开头和结尾各一个", True),
    ("escape", "双引号里的反斜杠“\\”用法不对", "改用英文单引号，或写两个反斜杠", False),
    ("expected ',' or ']'", "方括号没有收尾，或两项之间缺逗号", "[甲, 乙]，逗号用英文半角", True),
    ("expected ',' or '}'", "花括号没有收尾，或两项之间缺逗号", "{键: 值, 键: 值}", True),
    ("that cannot start any token", "有一段文字以特殊符号开头", "整段文字加英文引号", False),
    ("undefined tag handle", "用了不认识的 YAML 标签（以 ! 开头）", "只可用 !secret 名称", False),
    ("expected alphabetic", "用了 YAML 的锚点或引用（& 或 *）", "整段文字加英文引号", False),
)
_OTHER = "这一行或上一行的写法不合 YAML 规则"
_LIKE_THE_SAMPLE = "每行写作“键: 值”，参照示例站点"


def at_line(line: int) -> Fault:
    """The general syntax fault."""
    return Fault(line, "", _OTHER, _LIKE_THE_SAMPLE)


def syntax_fault(error: yaml.YAMLError, text: str) -> Fault:
    """The Chinese fault for any error of PyYAML's reader, scanner or parser."""
    if isinstance(error, ReaderError):
        line = text.count("\n", 0, error.position) + 1
        wrong = "有看不见的控制字符"
        return Fault(line, "", wrong, "删去这一行重新输入，不要从其他软件粘贴")
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return at_line(1)
    problem = error.problem or ""
    for part, wrong, allowed, context_nearer in _SENTENCES:
        if part in problem:
            nearer = error.context_mark if context_nearer else None
            line = (nearer or error.problem_mark).line + 1
            return Fault(line, "", wrong + _hint(text, line), allowed)
    return at_line(error.problem_mark.line + 1)


def _hint(text: str, line: int) -> str:
    """The likeliest slip of a Chinese keyboard on that line."""
    lines = text.splitlines()
    here = lines[line - 1] if line <= len(lines) else ""
    if "：" in here:
        return "：这一行用了中文全角冒号“：”"
    if "\u3000" in here:
        return "：这一行用了中文全角空格"
    if re.match(r"\s*(- )?\s*[a-z_]+:\S", here):
        return "：冒号后面少了空格"
    return ""
