"""What a sweep did or would do, for the operator's terminal."""

from collections.abc import Mapping

from appliance.guideline.retention import Kind
from appliance.runtime.video.sweeper import Swept


def would_go(counts: Mapping[Kind, int]) -> str:
    """What a pass would delete."""
    return f"到期：{_told(counts)}。没有删除任何文件。"


def gone(swept: Swept) -> str:
    """What a pass deleted."""
    early = f"；盘满提前删除：{_told(swept.early)}" if swept.early else ""
    return f"已删除到期资料：{_told(swept.expired)}{early}；共腾出 {swept.bytes / 1e9:.2f} GB。"


def _told(counts: Mapping[Kind, int]) -> str:
    some = [f"{kind.called} {count} 份" for kind, count in counts.items() if count]
    return "、".join(some) or "无"
