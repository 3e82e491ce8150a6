"""`gatehouse platform`: the reference platform alone, a line for each message."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from acceptance_kit.peers.platform.records import Received
from acceptance_kit.peers.platform.replies import ReplyStyle
from acceptance_kit.peers.platform.server import ReferencePlatform
from acceptance_kit.peers.platform.variant import LAX, STRICT, Variant
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
    *,
    variant: Variant = STRICT,
) -> None:
    """Run until `stop`, telling of each message; raises PlatformFault."""
    if not known_mn:
        raise PlatformFault("请用 --profile 或 --mn 指出平台认识的企业（MN）。")
    database.parent.mkdir(parents=True, exist_ok=True)
    platform = ReferencePlatform(
        host,
        port,
        database=database,
        known_mn=known_mn,
        variant=variant,
        on_message=lambda got: say(_line(got)),
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


def variant_of(*, lax: bool, **chosen: object) -> Variant:
    """The strict or the lax variant with what was chosen (None: not) in place of its own.

    Raises PlatformFault for a style of reply that there is none of.
    """
    given = {name: value for name, value in chosen.items() if value is not None}
    if (style := given.get("reply")) is not None:
        if style not in set(ReplyStyle):
            raise PlatformFault(f"没有应答形式“{style}”，只有：{'、'.join(ReplyStyle)}。")
        given["reply"] = ReplyStyle(str(style))
    made: Variant = replace(LAX if lax else STRICT, **given)  # type: ignore[arg-type]
    return made


def _line(got: Received) -> str:
    return f"{got.received_at:%H:%M:%S}  {got.cn}  {got.plate or '—'}  返回 {got.code} {got.reason}"
