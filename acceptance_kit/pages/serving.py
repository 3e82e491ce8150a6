"""The pages served for the length of an acceptance; the kit's main thread stands at the bench."""

import secrets
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.markup import escape

from acceptance_kit.acceptance import Acceptance, changed_since
from acceptance_kit.evidence import one_at_a_time
from acceptance_kit.pages.app import LARGEST, Entry, create_acceptance_app
from acceptance_kit.pages.bench import Bench
from appliance.runtime.web.serving import Page, served
from appliance.trouble import Trouble

PORT = 8090
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""For a code that is read from one screen and typed on another: no I, O, 0, 1."""

CODE_LENGTH = 8


def serve_acceptance(
    acceptance: Acceptance,
    address: str,
    console: Console,
    *,
    answers: Path | None = None,
    by: str = "",
) -> None:
    """Serve an acceptance until Ctrl-C or SIGTERM, which undo a drill at once.

    `address` is ADDR or ADDR:PORT. Raises Trouble when it cannot be listened on, or when somebody
    else is at work in the folder.
    """
    host, port = parted(address)
    code = "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))
    bench = Bench(acceptance, acceptance.clock)
    with one_at_a_time(acceptance.folder), _interrupted_by_term():
        for file in acceptance.begin():
            console.print(f"[dim]{escape(changed_since(file))}[/dim]")
        if answers is not None:
            acceptance.take(answers, by)
        app = create_acceptance_app(bench, Entry(code, secrets.token_bytes(32)))
        page = Page("accept", "验收页", app, host, port, LARGEST, "--serve ")
        try:
            with served(page) as running:
                console.print(f"请在平板上打开 [bold]http://{host}:{port}/[/bold]")
                console.print(f"验收码 [bold]{code[:4]} {code[4:]}[/bold]")
                console.print("[dim]按 Ctrl-C 结束；再次运行会接着做。[/dim]")
                bench.work(over=lambda: not running.is_alive())
        except KeyboardInterrupt:
            console.print("[dim]已结束，得到的结果都已保存并封存。[/dim]")
        finally:
            acceptance.seal()


def parted(address: str) -> tuple[str, int]:
    """ADDR or ADDR:PORT as two. Raises Trouble."""
    host, _, port = address.rpartition(":") if ":" in address else (address, "", str(PORT))
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise Trouble(f"--serve 应写作 地址 或 地址:端口，如 10.0.0.20:{PORT}，不是“{address}”。")
    return host, int(port)


@contextmanager
def _interrupted_by_term() -> Iterator[None]:
    """SIGTERM is as Ctrl-C meanwhile."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
