"""What is wrong with a command as it was typed, in Chinese: the library that parses it says so in
English only."""

import re

from typer.exceptions import TyperException

SENTENCES = (
    (
        r"Missing (?:argument|option|parameter) ('[^']+')\. Choose from:\s*(.+)",
        "缺少 {0}，可选 {1}",
    ),
    (r"Missing (?:argument|option|parameter) (.+?)\.?", "缺少 {0}。"),
    (r"Missing command\.", "请写明要做什么（命令）。"),
    (r"No such command (.+?)\. Did you mean (.+)\?", "没有命令 {0}，是不是 {1}？"),
    (r"No such command (.+?)\.", "没有命令 {0}。"),
    (r"No such option: (.+?) \(Possible options: (.+)\)", "没有选项 {0}，是不是 {1}？"),
    (r"No such option: (.+)", "没有选项 {0}。"),
    (r"Got unexpected extra argument(?:s|\(s\))? \((.+)\)", "多写了 {0}。"),
    (r"Option (.+) requires .+", "选项 {0} 后面要写它的值。"),
    (r"Option (.+) does not take a value\.", "选项 {0} 后面不能写值。"),
)
"""What the library says, and what we say."""

VALUE = r"Invalid value for (.+?): (.+)"

REASONS = (
    (r"Value error, (.+) is not one of (.+?)\.?", "{0} 不在可选的值之内，可选 {1}。"),
    (r"Value error, (.+) does not match the formats .+", "{0} 不是日期，写法如 2026-01-31。"),
    (r"\w+ (.+) does not exist\.", "{0} 不存在。"),
    (r"\w+ (.+) is a file\.", "{0} 是文件，这里要目录。"),
    (r"\w+ (.+) is a directory\.", "{0} 是目录，这里要文件。"),
    (r"\w+ (.+) is not (?:readable|writable)\.", "没有权限读写 {0}。"),
    (r"Input should be a valid integer.*", "这里要整数。"),
    (r"Input should be a valid number.*", "这里要数字。"),
    (r"Input should be greater than or equal to (.+)", "不能小于 {0}。"),
    (r"Input should be less than or equal to (.+)", "不能大于 {0}。"),
    (r"Input should be greater than (.+)", "要大于 {0}。"),
    (r"Input should be less than (.+)", "要小于 {0}。"),
)


def told(error: TyperException) -> str:
    """A sentence, and where to read how the command is written."""
    message = error.format_message()
    value = re.fullmatch(VALUE, message, re.DOTALL)
    sentence = (
        f"{value[1]} 的值不对：{_said(value[2], REASONS)}" if value else _said(message, SENTENCES)
    )
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "gatehouse"
    return f"{sentence}\n写法见：{command} --help\n"


def _said(message: str, known: tuple[tuple[str, str], ...]) -> str:
    for pattern, chinese in known:
        found = re.fullmatch(pattern, message, re.DOTALL)
        if found is not None:
            return chinese.format(*(" ".join(part.split()) for part in found.groups()))
    return message
