"""What no single field can see: unique numbers, references, pairs that must fit.

The checks read the raw tree and skip whatever is missing or of the wrong kind, so that they report
in the same run as the schema does; they say nothing of a value the schema refuses anyway.
"""

import re
from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import Any

from appliance.guideline.messages import PASSAGE_FIELDS
from appliance.guideline.refusals import refusal
from appliance.profile.box import Machine
from appliance.profile.faults import Route, quoted, shown
from appliance.profile.identifiers import credit_check_character, plausible_plate
from appliance.profile.model import (
    CameraReads,
    CameraRole,
    EntryPage,
    ModbusRelay,
    StatusPage,
    Uplink,
)
from appliance.profile.schema import place_at
from appliance.profile.sections import Section
from appliance.profile.tree import Tree
from appliance.profile.view import LaneView

Keys = dict[str, Any]
LEAST_CORNERS = 3


def cross_check(tree: Tree) -> None:
    """Run every check; faults are added to `tree`."""
    for check in (
        _entrance_ids,
        _barrier_ids,
        _camera_ids,
        _plate_cameras,
        _camera_barriers,
        _camera_reads,
        _plate_lists,
        _retry_pauses,
        _lane_views,
        _relay_wires,
        _credit_code,
        _machines,
        _video_disks,
        _volumes,
        _operators,
        _gatekeepers,
        _page_ports,
        _texts_that_travel,
    ):
        check(tree)


def _keys(value: object) -> Keys:
    return value if isinstance(value, dict) else {}


def _items(owner: Keys, route: Route, name: str) -> Iterator[tuple[Route, Keys]]:
    """The mappings of the list `name`, each with its route."""
    values = owner.get(name)
    for number, value in enumerate(values if isinstance(values, list) else ()):
        if isinstance(value, dict):
            yield (*route, name, number), value


def _entrances(tree: Tree) -> Iterator[tuple[Route, Keys]]:
    yield from _items(_keys(tree.data), (), "entrances")


def _barriers(tree: Tree) -> Iterator[tuple[Route, Keys]]:
    for route, entrance in _entrances(tree):
        yield from _items(entrance, route, "barriers")


def _cameras(tree: Tree) -> Iterator[tuple[Route, Keys]]:
    yield from _items(_keys(tree.data), (), "cameras")


def _ipv4(value: object) -> bool:
    try:
        IPv4Address(str(value))
    except ValueError:
        return False
    return True


def _well_formed(route: Route, value: object) -> bool:
    """Whether the schema has nothing to say against this text."""
    place = place_at(route)
    if place is None or not isinstance(value, str):
        return False
    return re.search(place.bounds.get("pattern", ""), value) is not None


def _unique(
    tree: Tree, owners: Iterator[tuple[Route, Keys]], what: str, allowed: str, key: str = "id"
) -> None:
    seen: dict[str, int] = {}
    for route, keys in owners:
        at, value = (*route, key), keys.get(key)
        if not isinstance(value, str) or not _well_formed(at, value):
            continue
        if value in seen:
            wrong = f"{what}{quoted(value)}重复，第 {seen[value]} 行已经用了"
            tree.refuse(at, wrong, allowed)
        else:
            seen[value] = tree.line(at)


def _entrance_ids(tree: Tree) -> None:
    _unique(tree, _entrances(tree), "出入口编号", "全站不重复，按 A、B、C 依次编（4.6.1）")


def _barrier_ids(tree: Tree) -> None:
    _unique(tree, _barriers(tree), "道闸编号", "全站不重复，按 A01、A02 依次编（4.6.1）")
    for route, entrance in _entrances(tree):
        letter = entrance.get("id")
        if not _well_formed((*route, "id"), letter):
            continue
        for barrier_route, barrier in _items(entrance, route, "barriers"):
            at, number = (*barrier_route, "id"), barrier.get("id")
            if _well_formed(at, number) and not str(number).startswith(str(letter)):
                wrong = f"道闸编号{quoted(str(number))}不属于出入口“{letter}”"
                tree.refuse(at, wrong, f"以出入口编号开头，如 {letter}01（4.6.1）")


def _camera_ids(tree: Tree) -> None:
    _unique(tree, _cameras(tree), "相机编号", "每台相机一个编号，全站不重复")


def _plate_cameras(tree: Tree) -> None:
    roles = {
        camera["id"]: camera.get("role")
        for _, camera in _cameras(tree)
        if isinstance(camera.get("id"), str)
    }
    plate = [name for name, role in roles.items() if role == CameraRole.PLATE]
    choice = "cameras 中用途（role）为 plate 的相机"
    if plate:
        choice += "：" + "、".join(shown(name) for name in plate[:12])
    served: dict[str, str] = {}
    for route, barrier in _barriers(tree):
        at, name = (*route, "plate_camera"), barrier.get("plate_camera")
        if not isinstance(name, str) or not _well_formed(at, name):
            continue
        if name not in roles:
            tree.refuse(at, f"cameras 中没有编号为{quoted(name)}的相机", choice)
        elif roles[name] == CameraRole.SURVEILLANCE:
            wrong = f"相机{quoted(name)}的用途是视频监控，不能识别车牌"
            tree.refuse(at, wrong, choice)
        if name in served:
            wrong = f"相机{quoted(name)}已用于{served[name]}"
            tree.refuse(at, wrong, "每台车牌识别相机只配一道闸")
        else:
            served[name] = f"道闸{quoted(str(barrier.get('id', '')))}"


def _camera_barriers(tree: Tree) -> None:
    """What a surveillance camera shows are barriers of the site; a plate camera's is known."""
    barriers = {str(keys.get("id")) for _, keys in _barriers(tree)}
    for route, camera in _cameras(tree):
        named = camera.get("barriers")
        if not isinstance(named, list) or not named:
            continue
        if camera.get("role") == CameraRole.PLATE:
            wrong = "车牌识别相机写了拍摄的道闸"
            tree.refuse((*route, "barriers"), wrong, "删去，由道闸的 plate_camera 得出")
            continue
        for number, barrier in enumerate(named):
            at = (*route, "barriers", number)
            if _well_formed(at, barrier) and barrier not in barriers:
                tree.refuse(at, f"没有编号为{quoted(str(barrier))}的道闸", "entrances 中的道闸编号")


def _camera_reads(tree: Tree) -> None:
    """A camera that reads by itself is a plate camera, and says where its readings are had."""
    for route, camera in _cameras(tree):
        reads = camera.get("reads", CameraReads.NONE)
        if reads != CameraReads.NONE and camera.get("role") == CameraRole.SURVEILLANCE:
            wrong = "视频监控相机写了自带识别"
            tree.refuse((*route, "reads"), wrong, "只有用途为 plate 的相机才能写 push 或 onvif")
        if reads == CameraReads.PUSH and camera.get("push") is None:
            wrong = "自带识别为 push，却没有写上报接收"
            tree.refuse((*route, "reads"), wrong, "填写 push 的 port 和 token")
        if reads != CameraReads.PUSH and camera.get("push") is not None:
            wrong = "写了上报接收，自带识别却不是 push"
            tree.refuse((*route, "push"), wrong, "删去，或把 reads 写成 push")
        host = camera.get("host")
        if reads == CameraReads.PUSH and _well_formed((*route, "host"), host) and not _ipv4(host):
            wrong = f"上报车牌的相机写的是主机名{quoted(str(host))}，防火墙只能按地址放行"
            tree.refuse((*route, "host"), wrong, "IPv4 地址，如 192.168.1.64")
        if reads == CameraReads.ONVIF and camera.get("onvif_port") is None:
            wrong = "自带识别为 onvif，却没有写 ONVIF 端口"
            tree.refuse((*route, "reads"), wrong, "填写 onvif_port")


def _plate_lists(tree: Tree) -> None:
    admission = _keys(_keys(tree.data).get("admission"))
    listed: dict[str, dict[str, Route]] = {"allow": {}, "block": {}}
    for name, seen in listed.items():
        plates = admission.get(name)
        for number, plate in enumerate(plates if isinstance(plates, list) else ()):
            if not isinstance(plate, str):
                continue
            at: Route = ("admission", name, number)
            seen.setdefault(plate, at)
            if 5 <= len(plate) <= 10 and not plausible_plate(plate):
                wrong = f"{quoted(plate)}不像车牌号码"
                allowed = "省份简称开头，中间不留空格和点，不用字母 I、O，例如 宁A12345"
                tree.refuse(at, wrong, allowed)
    for plate, at in listed["block"].items():
        if plate in listed["allow"]:
            line = tree.line(listed["allow"][plate])
            wrong = f"{quoted(plate)}既在黑名单又在白名单（第 {line} 行）"
            tree.refuse(at, wrong, "只留在一个名单里")


def _number(keys: Keys, name: str, section: type[Section]) -> float | None:
    """A number as the schema will see it: given or by default; None when it is no number."""
    value = keys.get(name, section.model_fields[name].default)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _retry_pauses(tree: Tree) -> None:
    uplink = _keys(_keys(tree.data).get("uplink"))
    first = _number(uplink, "retry_pause_seconds", Uplink)
    limit = _number(uplink, "retry_pause_limit_seconds", Uplink)
    if first is None or limit is None or not first > limit:
        return
    name = "retry_pause_seconds" if "retry_pause_seconds" in uplink else "retry_pause_limit_seconds"
    wrong = f"首次重试间隔 {first} 秒大于最长重试间隔 {limit} 秒"
    tree.refuse(("uplink", name), wrong, "首次重试间隔不大于最长重试间隔")


def _lane_views(tree: Tree) -> None:
    """A region is a polygon, and some width lies between its plates' bounds."""
    for route, barrier in _barriers(tree):
        view = _keys(barrier.get("view"))
        corners = view.get("region")
        if isinstance(corners, list) and 0 < len(corners) < LEAST_CORNERS:
            wrong = f"区域只有 {len(corners)} 个顶点"
            tree.refuse((*route, "view", "region"), wrong, "至少 3 个顶点，或不填")
        least = _number(view, "least_plate_width", LaneView)
        greatest = _number(view, "greatest_plate_width", LaneView)
        if least is not None and greatest is not None and least >= greatest:
            wrong = f"最小车牌宽度 {least} 不小于最大车牌宽度 {greatest}"
            name = "least_plate_width" if "least_plate_width" in view else "greatest_plate_width"
            tree.refuse((*route, "view", name), wrong, "最小车牌宽度小于最大车牌宽度")


def _relay_wires(tree: Tree) -> None:
    seen: dict[tuple[object, ...], str] = {}
    for route, barrier in _barriers(tree):
        driver = _keys(barrier.get("driver"))
        host = driver.get("host")
        if not isinstance(host, str):
            continue
        relay = (
            host.lower(),
            _number(driver, "port", ModbusRelay),
            _number(driver, "unit", ModbusRelay),
        )
        for name, what in (("raise_coil", "抬杆线圈"), ("raised_input", "杆位输入")):
            wire = _number(driver, name, ModbusRelay)
            if wire is None or None in relay:
                continue
            at = (*route, "driver", name)
            if (name, relay, wire) in seen:
                other = seen[name, relay, wire]
                wrong = f"同一继电器的{what} {wire} 已用于{other}"
                tree.refuse(at, wrong, "每道闸用各自的线圈和输入，照接线图填写")
            else:
                seen[name, relay, wire] = f"道闸{quoted(str(barrier.get('id', '')))}"


def _machines(tree: Tree) -> None:
    """Each barrier is served by exactly one machine."""
    machines = list(_items(_keys(tree.data), (), "machines"))
    _unique(tree, iter(machines), "工控机名称", "每台工控机一个名称", key="name")
    barriers = {str(keys.get("id")) for _, keys in _barriers(tree)}
    served: dict[str, str] = {}
    for route, machine in machines:
        named = machine.get("barriers")
        if not named:
            if len(machines) > 1:
                tree.refuse(route, "多台工控机时没有写负责的道闸", "加 barriers，列出道闸编号")
            return
        for number, barrier in enumerate(named if isinstance(named, list) else ()):
            at = (*route, "barriers", number)
            if not isinstance(barrier, str) or not _well_formed(at, barrier):
                continue
            if barrier not in barriers:
                tree.refuse(at, f"没有编号为{quoted(barrier)}的道闸", "entrances 中的道闸编号")
            elif barrier in served:
                wrong = f"道闸{quoted(barrier)}已由工控机{quoted(served[barrier])}负责"
                tree.refuse(at, wrong, "每道闸只由一台工控机负责")
            else:
                served[barrier] = str(machine.get("name", ""))
    left = "、".join(shown(barrier) for barrier in sorted(barriers - set(served)))
    if served and left:
        tree.refuse(("machines",), f"道闸 {left} 没有工控机负责", "写入一台工控机的 barriers")


def _video_disks(tree: Tree) -> None:
    for route, machine in _items(_keys(tree.data), (), "machines"):
        for key, what in (("mount", "挂载点"), ("uuid", "UUID")):
            disks = _items(machine, route, "video_disks")
            _unique(tree, disks, what, "每块盘各用各的", key=key)


def _volumes(tree: Tree) -> None:
    """A volume that is a path is a video disk's mount."""
    written = [
        disk.get("mount")
        for route, machine in _items(_keys(tree.data), (), "machines")
        for _, disk in _items(machine, route, "video_disks")
    ]
    mounts = {mount for mount in written if isinstance(mount, str)}  # the schema tells of others
    table = _keys(_keys(_keys(tree.data).get("storage")).get("retention"))
    for kind, kept in table.items():
        at, volume = ("storage", "retention", kind, "volume"), _keys(kept).get("volume")
        if not isinstance(volume, str) or not _well_formed(at, volume):
            continue
        if volume.startswith("/") and volume not in mounts:
            wrong = f"没有挂载点为{quoted(volume)}的录像盘"
            tree.refuse(at, wrong, "machines 中某块 video_disks 的挂载点，或写 root、video")


SYSTEM_ACCOUNTS = frozenset({"root", "nobody", "gatehouse", "nut", "clamav", "suricata"})
"""Accounts that come with the appliance, perhaps after the operators': none is a person's. What the
box has before, role base refuses."""


def _operators(tree: Tree) -> None:
    access = _keys(_keys(tree.data).get("access"))
    for route, operator in _items(access, ("access",), "operators"):
        if operator.get("name") in SYSTEM_ACCOUNTS:
            wrong = f"{quoted(operator['name'])}是系统账号"
            tree.refuse((*route, "name"), wrong, "换一个账号，如姓名的拼音 zhang-san")


def _gatekeepers(tree: Tree) -> None:
    access = _keys(_keys(tree.data).get("access"))
    keepers = _items(access, ("access",), "gatekeepers")
    _unique(tree, keepers, "门卫", "每人一个姓名", key="name")


def _page_ports(tree: Tree) -> None:
    network = _keys(_keys(tree.data).get("network"))
    status = _number(_keys(network.get("status_page")), "port", StatusPage)
    entry = _number(_keys(network.get("entry_page")), "port", EntryPage)
    if status is not None and status == entry:
        name = "entry_page" if "entry_page" in network else "status_page"
        wrong = f"状态页与补录页都用端口 {entry}"
        tree.refuse(("network", name, "port"), wrong, "两页各用一个端口")
    pages = {status: "状态页", entry: "补录页"}
    taken = dict(pages)
    for route, machine in _items(_keys(tree.data), (), "machines"):
        ssh = _number(machine, "ssh_port", Machine)
        if ssh is not None and ssh in pages:
            wrong = f"ssh 与{pages[ssh]}都用端口 {ssh}"
            tree.refuse((*route, "ssh_port"), wrong, "换一个端口")
        taken.setdefault(ssh, "ssh")
    taken.pop(None, None)
    for route, camera in _cameras(tree):
        port = _keys(camera.get("push")).get("port")
        if not isinstance(port, int):
            continue
        if port in taken:
            wrong = f"上报接收的端口 {port} 已用于{taken[port]}"
            tree.refuse((*route, "push", "port"), wrong, "每台相机用一个空着的端口，如 8091")
        taken[port] = f"相机{quoted(str(camera.get('id', '')))}"


def _credit_code(tree: Tree) -> None:
    at = ("enterprise", "credit_code")
    code = _keys(_keys(tree.data).get("enterprise")).get("credit_code")
    if not isinstance(code, str) or not _well_formed(at, code):
        return
    if code[17] != credit_check_character(code[:17]):
        # The right last character is not offered: the slip is as likely in the other seventeen.
        wrong = f"统一社会信用代码{quoted(code)}的校验码不符"
        tree.refuse(at, wrong, "对照营业执照逐位核对（GB 32100-2015，第 18 位是校验码）")


def _texts_that_travel(tree: Tree) -> None:
    """What every passage of a lane would carry, or every one without a plate or a fleet."""
    uplink = _keys(_keys(tree.data).get("uplink"))
    texts: list[tuple[Route, object, str]] = [
        (("uplink", "unread_plate"), uplink.get("unread_plate"), "F_CPHM"),
        (("uplink", "unknown_fleet"), uplink.get("unknown_fleet"), "F_CDMC"),
    ]
    texts += [((*at, "position"), lane.get("position"), "F_JCWZ") for at, lane in _barriers(tree)]
    specs = {spec.name: spec for spec in PASSAGE_FIELDS}
    for at, text, field in texts:
        spec = specs[field]
        # An empty text and one too long are the schema's to refuse.
        if not isinstance(text, str) or not text or len(text) > (spec.max_length or len(text)):
            continue
        if (why := refusal(spec, text)) is not None:
            tree.refuse(
                at, f"上报时{why}", "换一种写法，平台会拒收带它的每条记录（指南6.2.5、7.3）"
            )
