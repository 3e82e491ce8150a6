"""What a box says of itself while nobody is logged in: a title, and lines below it (Chinese)."""

from dataclasses import dataclass
from html import escape

PAGE = """\
<!doctype html>
<html lang="zh-CN">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="10">
<title>{title}</title>
<body style="margin:2em auto;max-width:50em;font-family:sans-serif;line-height:1.6">
<h1 style="color:{colour}">{title}</h1>
{lines}
"""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to be seen; `well` is false when hands are needed."""

    title: str
    lines: tuple[str, ...] = ()
    well: bool = True

    def text(self) -> str:
        """For a serial console and the system journal."""
        return "\n".join([f"{'■' if self.well else '✗'} {self.title}", *self.lines]) + "\n"

    def page(self) -> str:
        """For the status page's place, as long as the gate itself serves none."""
        lines = "\n".join(
            f'<pre style="white-space:pre-wrap">{escape(x)}</pre>' for x in self.lines
        )
        colour = "#125" if self.well else "#b00"
        return PAGE.format(title=escape(self.title), lines=lines, colour=colour)
