"""How the storage is and where it is heading: days left, what will fall short, what has stopped."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from appliance.guideline.retention import Kind
from appliance.profile.model import Profile
from appliance.profile.storage import WhenFull
from appliance.runtime.journal import Journal
from appliance.runtime.journal.shelves import Shelves
from appliance.runtime.journal.storage_state import StorageState, VolumeState
from appliance.runtime.video.retention import Rule
from appliance.runtime.video.volumes import Space, Volumes

SEEN = timedelta(days=7)
"""What came in during this time tells what will come."""

LEAST_SEEN = timedelta(hours=6)
EARLY_COUNTED = timedelta(days=30)
_DAY = timedelta(days=1)

LAST_RESERVE = 0.2
"""The part of the reserve that even an overwriting kind must not take."""

RESUMED = 0.01
"""A kind that stopped goes on when the volume has this share more than the threshold."""


def look(
    profile: Profile,
    rules: tuple[Rule, ...],
    journal: Journal,
    *,
    now: datetime,
    volumes: Volumes,
    refusal: str | None,
) -> StorageState:
    """The state as it is now; of volumes, those that are here or that rows name."""
    shelves = journal.shelves()
    before = journal.storage()
    named = shelves.volumes()
    states, stopped = [], set()
    for volume in volumes.names():
        trouble = volumes.trouble(volume)
        if trouble is not None:
            if volume in named:
                states.append(VolumeState(volume, False, 0, 0, short=trouble))
            continue
        space = volumes.space(volume)
        reserve = profile.storage.keep_free_percent / 100 * space.size
        here = [rule for rule in rules if volume in rule.volumes]
        filling = VolumeState(volume, True, space.size, space.free)
        states.append(_ahead(filling, here, shelves, now, max(0.0, space.free - reserve)))
        stopped |= {rule.kind for rule in here if _is_stopped(rule, space, reserve, before)}
    early = shelves.count_early(now - EARLY_COUNTED)
    order = tuple(kind for kind in Kind if kind in stopped)
    return StorageState(now, tuple(states), order, refusal, early)


def _is_stopped(rule: Rule, space: Space, reserve: float, before: StorageState | None) -> bool:
    """Whether a kind must take nothing in. Where the policy says overwrite, only when that frees
    nothing any more: the last of the reserve is the journal's."""
    if rule.when_full is WhenFull.OVERWRITE:
        reserve *= LAST_RESERVE
    if before is not None and rule.kind in before.stopped:
        reserve += RESUMED * space.size
    return space.free < reserve


def _ahead(
    state: VolumeState, here: list[Rule], shelves: Shelves, now: datetime, room: float
) -> VolumeState:
    """When the volume is full, and which kind will then not have been kept for its term.

    What comes in now is taken to come in for ever. A kind whose oldest has reached its term
    takes no more room from then on, so only those that fall short are an alarm.
    """
    volume = state.volume
    oldest = {rule.kind: shelves.oldest(rule.kind, volume) for rule in here}
    began = [at for at in oldest.values() if at is not None]
    seen = min(SEEN, now - min(began)) if began else timedelta(0)
    if seen < LEAST_SEEN:
        return state
    came = sum(shelves.bytes_since(rule.kind, volume, now - seen) for rule in here)
    if not came:
        return state
    days_left = room / came * (seen / _DAY)
    for rule in here:
        first = oldest[rule.kind]
        if first is None:
            continue
        reached = (now - first) / _DAY + days_left
        if reached < rule.kept_days:
            short = (
                f"{rule.kind.called}预计只够存 {int(reached)} 天，应存 {rule.kept_days} 天"
                f"（{rule.kind.clause}）"
            )
            return replace(state, days_left=days_left, short=short)
    return state


def is_alarm(volume: VolumeState, alarm_days: int) -> bool:
    """Whether it is time to say that a volume will not hold what it must."""
    return volume.days_left is not None and volume.days_left <= alarm_days


def changes(
    before: StorageState | None, now: StorageState, alarm_days: int
) -> Iterator[tuple[str, str]]:
    """What has become different, as events: kind and a Chinese sentence."""
    was = before or StorageState(now.at)
    for kind in now.stopped:
        if kind not in was.stopped:
            yield "storage-stopped", f"磁盘已满，{kind.called}停止存入。"
    for kind in was.stopped:
        if kind not in now.stopped:
            yield "storage-resumed", f"磁盘有了空间，{kind.called}恢复存入。"
    if now.refusal and now.refusal != was.refusal:
        yield "storage-refusal", f"到期资料暂不删除：{now.refusal}。"
    earlier = {volume.volume: volume for volume in was.volumes}
    for volume in now.volumes:
        old = earlier.get(volume.volume)
        if not volume.present and (old is None or old.present):
            yield "storage-volume-missing", f"{volume.short}。"
        if is_alarm(volume, alarm_days) and not (old and is_alarm(old, alarm_days)):
            yield (
                "storage-days-left",
                f"存储预警：{volume.volume} 约 {int(volume.days_left or 0)} 天后写满，"
                f"{volume.short}。",
            )
