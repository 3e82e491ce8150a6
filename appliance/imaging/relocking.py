"""Upkeep of the lock: what the archives have today, against what is locked."""

from appliance.clock import Clock, SystemClock
from appliance.imaging.archives import archives_of_this_machine, resolve
from appliance.imaging.build import recipe_packages
from appliance.imaging.lock import Change, Lock, changes, format_lock, read_lock
from appliance.provisioning.places import source_tree


def refresh(*, write: bool, clock: Clock | None = None) -> list[Change]:
    """What would change; with `write` it is changed, and the epoch is now."""
    file = source_tree() / "images" / "lock.txt"
    before = read_lock(file.read_text("utf-8")).packages if file.is_file() else ()
    after = resolve(archives_of_this_machine(), recipe_packages())
    found = changes(before, after)
    if write and found:
        epoch = int((clock or SystemClock()).now().timestamp())
        file.write_text(format_lock(Lock(epoch, after)), "utf-8")
    return found
