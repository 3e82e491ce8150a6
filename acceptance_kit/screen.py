"""What the engineer sees while an acceptance runs: a bar for each stage, a line for each 否."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Table

from acceptance_kit.findings import Finding, Verdict

STYLES = {
    Verdict.YES: "green",
    Verdict.NO: "bold red",
    Verdict.UNTESTED: "yellow",
    Verdict.NOT_APPLICABLE: "dim",
}


class Stage:
    """One stage's bar."""

    def __init__(self, console: Console, progress: Progress, task: TaskID) -> None:
        self._console = console
        self._progress = progress
        self._task = task

    def plan(self, count: int) -> None:
        """So many findings are to come."""
        self._progress.update(self._task, total=count)

    def step(self, finding: Finding) -> None:
        """One is there."""
        self._progress.advance(self._task)
        if finding.verdict is Verdict.NO:
            self._console.print(line(finding))

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let a person be asked: no bar moves meanwhile."""
        self._progress.stop()
        try:
            yield
        finally:
            self._progress.start()


class Screen:
    """The terminal; with `--json` it is standard error."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def stage(self, title: str) -> Iterator[Stage]:
        """A stage under its Chinese title."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=self._console) as progress:
            task = progress.add_task(title, total=None)
            yield Stage(self._console, progress, task)
            done = progress.tasks[0].completed
            progress.update(task, total=max(done, 1), completed=max(done, 1))

    def note(self, sentence: str) -> None:
        """One line besides."""
        self._console.print(f"[dim]{escape(sentence)}[/dim]")


def line(finding: Finding) -> str:
    """A finding as one line of rich markup."""
    style = STYLES[finding.verdict]
    subject = f"（{finding.subject}）" if finding.subject else ""
    why = f"：{finding.reason}" if finding.reason else ""
    text = f"{finding.title}{subject}{why}"
    return f"[{style}]{finding.verdict}[/{style}] {escape(text)} [dim]{finding.item}[/dim]"


def open_table(findings: tuple[Finding, ...]) -> Table:
    """未完成项: what keeps the acceptance from being complete, the 否 first."""
    table = Table(title="未完成项")
    for column in ("结果", "项目", "对象", "原因"):
        table.add_column(column, overflow="fold")  # nothing of a reason is cut off
    for verdict in (Verdict.NO, Verdict.UNTESTED):
        for finding in findings:
            if finding.verdict is verdict:
                style = STYLES[verdict]
                table.add_row(
                    f"[{style}]{verdict}[/{style}]",
                    escape(finding.title),
                    finding.subject or "全站",
                    escape(finding.reason),
                )
    return table
