"""A file becomes a `Profile`, or the whole list of what is wrong with it.

Order: bytes, text, tree (YAML), placing of secrets, schema, cross-checks. Only what makes the next
step meaningless stops the run; otherwise each step adds its faults.
"""

import json
import os
import stat
from pathlib import Path

from pydantic import ValidationError

from appliance.profile.capacity import rooms, shortage
from appliance.profile.crosschecks import cross_check
from appliance.profile.faults import Fault, ProfileFaults, Route, Stop
from appliance.profile.model import Profile
from appliance.profile.schema import ROOT, Place, allowed_text
from appliance.profile.sentences import misspelt, sentences
from appliance.profile.storage import ROOT as ROOT_VOLUME
from appliance.profile.tree import SecretName, Tree, read_tree

LARGEST_BYTES = 1 << 20
MOST_FAULTS = 200


def load_profile(path: Path | str) -> Profile:
    """The profile in the YAML file at `path`; raises ProfileFaults with everything wrong in it.

    Disks that are too small are left to `check_profile`: a box that runs must go on.
    """
    profile, faults = _checked(path, capacity=False)
    if profile is None:
        raise ProfileFaults(Path(path), faults)
    return profile


def check_profile(path: Path | str) -> tuple[Profile | None, tuple[Fault, ...]]:
    """The profile and no faults, or None and the faults sorted by line; raises nothing.

    Beyond `MOST_FAULTS` the rest is counted in a last fault.
    """
    return _checked(path, capacity=True)


def _checked(path: Path | str, *, capacity: bool) -> tuple[Profile | None, tuple[Fault, ...]]:
    try:
        text = _read(Path(path))
    except Stop as stop:
        return None, (stop.fault,)
    tree = read_tree(text)
    profile = None
    if not tree.is_void(()):
        profile = _validated(tree)
        cross_check(tree)
        if capacity and profile is not None and not tree.faults:
            _weigh(tree, profile)
    faults = sorted(set(tree.faults))
    if len(faults) > MOST_FAULTS:
        rest = len(faults) - MOST_FAULTS
        faults = faults[:MOST_FAULTS]
        last = Fault(faults[-1].line, "", f"后面还有 {rest} 处错误", "先改正前面各处，再检查一次")
        faults.append(last)
    return (None if faults else profile), tuple(faults)


def _weigh(tree: Tree, profile: Profile) -> None:
    """Refuse disks whose stated size does not hold what is to be kept."""
    for room in rooms(profile):
        if room.stated and not room.fits:
            wrong, allowed = shortage(room)
            number = [machine.name for machine in profile.machines].index(room.machine)
            at: Route = ("storage", "size_tb")
            if room.place != ROOT_VOLUME:
                at = ("machines", number, "video_disks")
            tree.refuse(at, wrong, allowed)


def _read(path: Path) -> str:
    """The file's text; raises Stop. Never waits on a pipe, never reads a device."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise _unread("没有这个文件", "核对路径和文件名") from None
    except PermissionError:
        raise _unread("没有权限读这个文件", "用有权限的用户运行，或改文件权限") from None
    except (OSError, ValueError):  # too long a name, a NUL in it, a socket …
        raise _unread("无法打开这个文件", "核对路径和文件名") from None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise _unread("这不是普通文件", "给出站点配置的 YAML 文件")
        with os.fdopen(handle, "rb", closefd=False) as file:
            content = file.read(LARGEST_BYTES + 1)
    except OSError:
        raise _unread("读文件时出错", "检查磁盘，或换一份副本") from None
    finally:
        os.close(handle)
    if len(content) > LARGEST_BYTES:
        raise _unread("文件大于 1 MiB，不像站点配置", "核对是否给错了文件")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        wrong = "文件编码不是 UTF-8（可能是 GBK）"
        raise Stop(Fault(line, "", wrong, "在编辑器中另存为 UTF-8 编码")) from None


def _unread(wrong: str, allowed: str) -> Stop:
    return Stop(Fault(0, "", wrong, allowed))


def _validated(tree: Tree) -> Profile | None:
    """Ask the schema; its faults, in Chinese, are added to `tree`.

    By way of JSON, because pydantic's strict mode then still lets a list be a tuple and a text a
    choice, but no text a number and no `true` a 1.
    """
    plain = _placed(tree, tree.data, (), ROOT)
    try:
        profile = Profile.model_validate_json(json.dumps(plain), strict=True)
    except ValidationError as error:
        # Input is left out: it may be a password.
        details = error.errors(include_url=False, include_input=False)
        here_misspelt = misspelt(details)
        for detail in details:
            if detail["type"] == "missing" and detail["loc"] in here_misspelt:
                continue
            if not tree.is_void(detail["loc"]) and (told := sentences(detail, tree)):
                tree.refuse(*told)
        return None
    return profile


def _placed(tree: Tree, value: object, route: Route, place: Place | None) -> object:
    """The value as JSON can hold it, secrets checked for standing where secrets belong."""
    wanted = place is not None and place.is_secret
    plain: object = value
    if isinstance(value, SecretName) or (wanted and value is not None):
        plain = _secret(tree, value, route, place)
    elif isinstance(value, dict):
        plain = {
            (key if _encodable(key) else repr(key)): _placed(
                tree, entry, (*route, key), None if place is None else place.child(key)
            )
            for key, entry in value.items()
        }
    elif isinstance(value, list):
        item = place.item() if place is not None and place.is_list else None
        plain = [_placed(tree, entry, (*route, n), item) for n, entry in enumerate(value)]
    elif isinstance(value, bool | float) and place is not None and place.choices:
        plain = tree.written.get(route)  # pydantic takes true and 1.0 for the choice 1
    elif isinstance(value, str) and not _encodable(value):
        tree.refuse(route, "含有不成字的编码", "重新输入这段文字")
        tree.void.add(route)
        plain = None
    return plain


def _secret(tree: Tree, value: object, route: Route, place: Place | None) -> object:
    """A secret's reference, or a plain value where one belongs; faults never repeat the text."""
    if place is None:
        return None  # under an unknown key, which the schema reports
    if not isinstance(value, SecretName):
        wrong = f"“{place.title}”写了明文，应写密钥引用"
    elif not place.is_secret:
        wrong = f"“{place.title}”不能用 !secret"
    elif not _encodable(value.name):
        wrong = f"“{place.title}”的密钥名称不合规定"
    else:
        return {"name": value.name}
    tree.refuse(route, wrong, allowed_text(place))
    tree.void.add(route)
    return None


def _encodable(text: str) -> bool:
    """Whether UTF-8 can hold the text: YAML's escapes can make halves of surrogate pairs."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
