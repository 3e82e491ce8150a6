"""`gatehouse platform`: the reference platform alone, a line for each message."""

import threading
from collections.abc import Callable
from pathlib import Path

from acceptance_kit.peers.platform.records import Received
from acceptance_kit.peers.platform.server import ReferencePlatform
from appliance.trouble import Trouble


class PlatformFault(Trouble):
    """The platform cannot be started; one Chinese sentence."""


def listen(  # noqa: PLR0917 - all six are needed, none is an option
    host: str,
    port: int,
    database: Path,
    known_mn: set[str],
    say: Callable[[str], None],
    stop: threading.Event,
) -> None:
    """Run until `stop`, telling of each message; raises PlatformFault."""
    if not known_mn:
        raise PlatformFault("请用 --profile 或 --mn 指出平台认识的企业（MN）。")
    database.parent.mkdir(parents=True, exist_ok=True)
    platform = ReferencePlatform(
        host, port, database=database, known_mn=known_mn, on_message=lambda got: say(_line(got))
    )
    try:
        platform.start()
    except OSError as trouble:
        raise PlatformFault(f"无法监听 {host}:{port}：{trouble.strerror}。") from trouble
    try:
        say(f"参考平台 {platform.address[0]}:{platform.address[1]}，记录在 {database}，Ctrl-C 结束")
        stop.wait()
    finally:
        platform.close()


def _line(got: Received) -> str:
    return f"{got.received_at:%H:%M:%S}  {got.cn}  {got.plate or '—'}  返回 {got.code} {got.reason}"
