"""What the probe found, for the engineer's terminal, for machines, and for the profile."""

from collections.abc import Sequence
from typing import Any

import yaml

from appliance.profile.model import Dialect
from appliance.runtime.uplink.probe import FIELD_POINTS, FRAME_POINTS, Trial

# Its words are those of `crc`, so it is named, and only where it is changed.
_BY_NAME = ("length_field",)


def fragment(dialect: Dialect) -> str:
    """The profile's `uplink.dialect`, whole, as YAML to paste."""
    return yaml.safe_dump(
        {"uplink": {"dialect": dialect.model_dump()}}, allow_unicode=True, sort_keys=False
    )


def described(dialect: Dialect) -> str:
    """A dialect on one line: the points of the frame, and what else is changed, by name."""
    points = [getattr(dialect, point) for point in FRAME_POINTS if point not in _BY_NAME]
    by_name = {**{point: FRAME_POINTS[point] for point in _BY_NAME}, **FIELD_POINTS}
    changed = [
        f"{point}={getattr(dialect, point)}"
        for point, values in by_name.items()
        if getattr(dialect, point) != values[0]
    ]
    return " ".join([*points, *changed])


def trial_line(number: int, trial: Trial) -> str:
    """One trial as it ends."""
    mark = "✓" if trial.fits else "○" if trial.readable else "·"
    return (
        f"{mark} {number:2d}  {described(trial.dialect)}  {trial.sentence}  {trial.seconds:.1f} 秒"
    )


def conclusion(found: Dialect | None, trials: Sequence[Trial]) -> str:
    """What the engineer does next."""
    if found is not None and trials[-1].fits:
        return f"平台接收了测试记录，方言：{described(found)}。"
    if found is not None:
        return (
            f"平台能读懂的报文格式：{described(found)}；但{trials[-1].sentence}，"
            "请先备案或核对 MN，之后再测一次。"
        )
    if any(trial.code is not None for trial in trials):
        return "平台有应答，但试过的方言都被拒收；请把上面的应答交给平台方核对。"
    return "平台对所有方言都没有应答；请核对平台地址、端口和网络，或询问平台方是否已放行。"


def as_dict(found: Dialect | None, trials: Sequence[Trial]) -> dict[str, Any]:
    """`{"fits": dialect or null, "trials": […]}`, each trial with dialect, code, sentence, raw
    and seconds."""
    return {
        "fits": found.model_dump() if found else None,
        "trials": [
            {
                "dialect": trial.dialect.model_dump(),
                "code": trial.code,
                "sentence": trial.sentence,
                "raw": trial.raw,
                "seconds": trial.seconds,
            }
            for trial in trials
        ],
    }
