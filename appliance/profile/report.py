"""Faults on paper: for the installer's terminal, and for machines."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from appliance.profile.faults import Fault


def format_faults(path: Path | str, faults: Sequence[Fault], notes: Sequence[str] = ()) -> str:
    """One block a fault (place, 错误, 允许), the count at the end; no faults is said as well.

    `notes` are sentences worth knowing before anybody buys; they are no faults.
    """
    if not faults:
        told = "".join(f"  提示：{note}\n" for note in notes)
        return f"{path}：没有错误。\n{told}"
    blocks = [_block(path, fault) for fault in faults]
    return "\n".join([*blocks, f"共 {len(faults)} 处错误。请逐处改正，保存后再检查一次。\n"])


def _block(path: Path | str, fault: Fault) -> str:
    place = f"{path}:{fault.line}" if fault.line else str(path)
    head = f"{place}  {fault.key}".rstrip()
    return f"{head}\n  错误：{fault.wrong}\n  允许：{fault.allowed}\n"


def faults_as_json(
    path: Path | str, faults: Sequence[Fault], notes: Sequence[str] | None = None
) -> str:
    """`{"path": …, "faults": [{"line", "key", "wrong", "allowed"}, …]}`, one line; with `notes`
    where they were asked for."""
    content: dict[str, object] = {
        "path": str(path),
        "faults": [asdict(fault) for fault in faults],
    }
    if notes is not None:
        content["notes"] = list(notes)
    return json.dumps(content, ensure_ascii=False)
