# ruff: noqa: E501 - a table of faults is read row by row
"""What no single field can see."""

import csv
import re
from datetime import date
from pathlib import Path

import pytest

from appliance.guideline.dictionaries import EmissionStage, PlateColour
from appliance.profile.identifiers import credit_check_character, plausible_plate

SITES = Path(__file__).parents[2] / "site_profiles"
SECOND_ENTRANCE = """\
  - id: {id}
    name: 西门
    barriers:
      - id: {barrier}
        position: 西门进厂道
        direction: 进
        plate_camera: b01-plate
        driver: {{kind: modbus-relay, host: 127.0.0.1, port: 15023, raise_coil: 0}}
"""
THIRD_CAMERA = """\
  - {{id: b01-plate, role: {role}, position: 西门, host: 127.0.0.1, user: gatehouse, password: !secret b01}}
"""


def with_second_entrance(good, entrance="B", barrier="B01", role="plate"):
    cameras = "# 相机：密码"
    text = good.replace(cameras, SECOND_ENTRANCE.format(id=entrance, barrier=barrier) + cameras)
    rules = "# 放行规则"
    return text.replace(rules, THIRD_CAMERA.format(role=role) + rules)


def test_a_second_entrance_with_its_own_numbers_is_no_fault(good, check):
    assert check(with_second_entrance(good))[1] == ()


@pytest.mark.parametrize(
    ("change", "key", "said"),
    [
        ({"entrance": "A", "barrier": "A03"}, "entrances[1].id", "重复"),
        ({"barrier": "C01"}, "entrances[1].barriers[0].id", "不属于出入口“B”"),
        ({"role": "surveillance"}, "entrances[1].barriers[0].plate_camera", "不能识别车牌"),
    ],
)
def test_numbers_and_cameras_of_a_second_entrance_must_fit(good, check, change, key, said):
    _, faults = check(with_second_entrance(good, **change))
    assert [(fault.key, said in fault.wrong) for fault in faults] == [(key, True)]


@pytest.mark.parametrize(
    "row",
    [
        ("id: A02", "id: A01", "entrances[0].barriers[1].id", "重复"),
        ("id: A02", "id: B02", "entrances[0].barriers[1].id", "不属于出入口“A”"),
        ("camera: a02-plate", "camera: a09-plate", "entrances[0].barriers[1].plate_camera", "没有"),
        ("camera: a02-plate", "camera: a01-plate", "entrances[0].barriers[1].plate_camera", "已用"),
        ("  block:", "  allow:\n    - 甘D8M662\n  block:", "admission.block[0]", "又在白名单"),
        ("- 甘D8M662", "- 甘D·8M662", "admission.block[0]", "不像车牌"),
        ("- 甘D8M662", "- 甘D8M66I", "admission.block[0]", "不像车牌"),
        ("retry_pause_seconds: 0.5", "retry_pause_limit_seconds: 1", "uplink.retry_pause_limit_seconds", "大于最长"),
        ("retry_pause_seconds: 0.5", "retry_pause_seconds: 60\n  retry_pause_limit_seconds: 5", "uplink.retry_pause_seconds", "大于最长"),
        ("MADEM0X11Y     #", "MADEM0X21Y     #", "enterprise.credit_code", "校验码不符"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_told_at_its_key(good, check, row):
    old, new, key, said = row
    assert good.count(old) == 1, old
    _, faults = check(good.replace(old, new))
    assert [(fault.key, said in fault.wrong) for fault in faults] == [(key, True)], faults


@pytest.mark.parametrize(
    ("view", "key", "said"),
    [
        ("region:\n            - {x: 0.1, y: 0.1}\n            - {x: 0.9, y: 0.9}", "region", "2 个顶点"),
        ("least_plate_width: 0.3\n          greatest_plate_width: 0.2", "least_plate_width", "不小于"),
        ("greatest_plate_width: 0.0", "greatest_plate_width", "不小于"),
    ],
)  # fmt: skip
def test_a_lane_view_that_nothing_could_pass_is_told_at_its_key(good, check, view, key, said):
    line = "        plate_camera: a02-plate\n"
    assert good.count(line) == 1
    _, faults = check(good.replace(line, f"{line}        view:\n          {view}\n"))
    assert [(f.key.endswith(f"view.{key}"), said in f.wrong) for f in faults] == [(True, True)], (
        faults
    )


def test_one_coil_or_input_may_not_serve_two_barriers(good, check):
    text = good.replace("port: 15022", "port: 15021")
    _, faults = check(text)
    assert [fault.key.rsplit(".", 1)[1] for fault in faults] == ["raise_coil", "raised_input"]
    assert all("A01" in fault.wrong for fault in faults)


def test_the_default_port_and_unit_count_as_written(good, check):
    text = good.replace("          port: 15021\n          unit: 1\n", "")
    _, faults = check(text.replace("port: 15022", "port: 502"))
    assert len(faults) == 2


def test_two_coils_of_one_relay_are_no_fault(good, check):
    first, second = good.replace("port: 15022", "port: 15021").rsplit("raise_coil: 0", 1)
    second = second.replace("raised_input: 0", "raised_input: 1", 1)
    assert check(first + "raise_coil: 1" + second)[1] == ()


def test_a_camera_that_comes_twice_is_a_fault(good, check):
    _, faults = check(good.replace("- id: a02-plate", "- id: a01-plate"))
    assert ("cameras[1].id", True) in [(f.key, "重复" in f.wrong) for f in faults]


def test_cross_checks_report_even_when_other_fields_are_faulty(good, check):
    text = good.replace("id: A02", "id: A01").replace("port: 19212", "port: x")
    text = text.replace("      - id: A01\n        position: 东门进厂道", "      - id: A01", 1)
    _, faults = check(text)
    assert [fault.key for fault in faults] == [
        "entrances[0].barriers[0].position",
        "entrances[0].barriers[1].id",
        "uplink.port",
    ]


def test_no_cross_check_stumbles_over_a_tree_of_the_wrong_shape(check):
    for shape in (
        "1",
        "[1]",
        "{}",
        "[[{}]]",
        "[{id: 1, barriers: 2}]",
        "[{id: {}, barriers: [1]}]",
    ):
        for key in ("entrances", "cameras", "admission", "uplink", "enterprise"):
            assert check(f"{key}: {shape}\n")[0] is None


# The codes of three public companies, from their business licences.
@pytest.mark.parametrize(
    "code", ["914403001922038216", "91330100799655058B", "9144030071526726XG", "91640181MADEM0X11Y"]
)
def test_the_check_character_of_a_true_credit_code_fits(code):
    assert credit_check_character(code[:17]) == code[17]


@pytest.mark.parametrize("place", range(17))
def test_any_one_wrong_character_of_a_credit_code_is_noticed(place):
    code = "91640181MADEM0X11Y"
    other = "7" if code[place] != "7" else "4"
    assert credit_check_character(code[:place] + other + code[place + 1 : 17]) != code[17]


@pytest.mark.parametrize(
    "plate",
    ["宁A58D21", "宁AD12345", "宁A12345D", "宁A1234学", "粤Z1234港", "京A1234警", "粤O12345", "使012345", "沪A1234领", "宁A1234挂", "WJ宁1234X", "浙AX0001应急", "VA12345"],
)  # fmt: skip
def test_every_kind_of_plate_is_plausible(plate):
    assert plausible_plate(plate)


@pytest.mark.parametrize(
    "plate",
    [
        "A58D21宁",
        "宁A58D2",
        "宁A 58D21",
        "宁a58d21",
        "宁158D21",
        "宁A58DI1",
        "宁A12345D1",
        "字A58D21",
    ],
)
def test_what_is_no_plate_is_not_plausible(plate):
    assert not plausible_plate(plate)


def test_the_demo_vehicles_have_plausible_plates_and_codes_of_chapter_8(good):
    rows = (SITES / "demo-vehicles.csv").read_text(encoding="utf-8").splitlines()
    records = list(csv.DictReader(rows))
    assert {record["plate_colour"] for record in records} <= set(PlateColour)
    for record in records:
        assert plausible_plate(record["plate"])
        assert re.fullmatch(r"[A-HJ-NPR-Z0-9]{17}", record["vin"])
        assert date.fromisoformat(record["registered_on"])
        assert re.fullmatch(r"[A-Z][0-9A-Z]{2}", record["vehicle_type"])
        assert record["fuel"] in "ABCDEFLMNOYZ"
        assert EmissionStage(record["emission_stage"])
        assert {record["networked"], record["terminal_ok"]} <= {"是", "否"}
        assert record["use"] == "F"
    assert len({record["vin"] for record in records}) == len(records) == 8


MACHINES = """
machines:
  - name: gate-in
    barriers: [A01]
  - name: gate-out
    barriers: [A02]
"""


def test_two_machines_that_share_the_barriers_are_no_fault(good, check):
    profile, faults = check(good + MACHINES)
    assert faults == ()
    served = [
        [lane.barrier.id for lane in profile.lanes_of(machine)] for machine in profile.machines
    ]
    assert served == [["A01"], ["A02"]]


def test_a_site_that_names_no_machine_has_one_that_serves_every_lane(good, check):
    profile, _ = check(good)
    (machine,) = profile.machines
    assert profile.lanes_of(machine) == profile.lanes()


@pytest.mark.parametrize(
    ("slip", "key", "said"),
    [
        (("gate-out", "gate-in"), "machines[1].name", "重复"),
        (("[A02]", "[A01]"), "machines[1].barriers[0]", "已由工控机“gate-in”负责"),
        (("[A02]", "[C01]"), "machines[1].barriers[0]", "没有编号"),
        (("    barriers: [A02]\n", ""), "machines[1]", "没有写负责的道闸"),
    ],
)
def test_a_barrier_is_served_by_one_machine_that_has_a_name_of_its_own(
    good, check, slip, key, said
):
    _, faults = check(good + MACHINES.replace(*slip))
    assert (key, True) in [(fault.key, said in fault.wrong) for fault in faults]


def test_a_barrier_that_no_machine_serves_is_a_fault(good, check):
    alone = MACHINES.split("  - name: gate-out", maxsplit=1)[0]
    _, (fault,) = check(good + alone)
    assert (fault.key, fault.wrong) == ("machines", "道闸 A02 没有工控机负责")


def test_video_disks_do_not_share_a_mount(good, check):
    disk = "      - {uuid: 5f0c1c1e-93a4-4c6c-9a55-1f2b8a7f0c1%d, mount: /srv/video}\n"
    machine = "\nmachines:\n  - name: gate\n    video_disks:\n"
    assert check(good + machine + disk % 1)[1] == ()
    _, (fault,) = check(good + machine + disk % 1 + disk % 2)
    assert fault.key == "machines[0].video_disks[1].mount"


def test_a_mount_that_is_no_text_is_told_and_breaks_no_other_check(good, check):
    disk = "    video_disks: [{uuid: 5f0c1c1e-93a4-4c6c-9a55-1f2b8a7f0c11, mount: [/a]}]\n"
    storage = "storage: {root: /srv/x, retention: {video: {volume: /a}}}\n"
    text = good if "storage:" in good else good + storage
    _, faults = check(text + "\nmachines:\n  - name: gate\n" + disk)
    assert "machines[0].video_disks[0].mount" in {fault.key for fault in faults}


@pytest.mark.parametrize("network", ["10.41.8.1/24", "10.41.8.0/33", "10.41.8.0"])
def test_a_network_with_a_host_part_or_without_a_length_is_refused(good, check, network):
    access = f"access:\n  maintenance_networks: [{network}]\n"
    _, (fault,) = check(good.replace("access:\n", access))
    assert fault.key == "access.maintenance_networks[0]"
    assert "10.41.8.0/24" in fault.allowed


@pytest.mark.parametrize(
    "row",
    [
        (
            "position: 东门进厂道\n",
            "position: Brandon进厂道\n",
            "entrances[0].barriers[0].position",
            "“and”",
        ),
        ("\nuplink:\n", "\nuplink:\n  unread_plate: a;b\n", "uplink.unread_plate", "“;”"),
        ("\nuplink:\n", "\nuplink:\n  unknown_fleet: update\n", "uplink.unknown_fleet", "“update”"),
    ],
)
def test_a_text_that_would_keep_passages_from_the_platform_is_told_at_the_check(good, check, row):
    old, new, key, said = row
    assert old in good
    _, faults = check(good.replace(old, new, 1))
    assert [(fault.key, said in fault.wrong) for fault in faults] == [(key, True)]


@pytest.mark.parametrize("name", ["gatehouse", "nobody", "nut"])
def test_an_operator_is_no_system_account(name, good, check):
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBrSiJCiVuMprE4fCGZCuLYKJ9fXKbZkSzDo4CEiFhcb"
    operators = f"access:\n  operators:\n    - {{name: {name}, ssh_key: {key}}}\n"
    _, (fault,) = check(good.replace("access:\n", operators, 1))
    assert (fault.key, fault.wrong) == ("access.operators[0].name", f"“{name}”是系统账号")


def test_two_gatekeepers_do_not_share_a_name(good, check):
    keeper = "    - {name: 门卫, password: !secret other}\n"
    _, (fault,) = check(good.rstrip() + "\n" + keeper)
    assert fault.key == "access.gatekeepers[1].name"


def test_ssh_and_a_page_do_not_share_a_port(good, check):
    _, faults = check(good.rstrip() + "\nmachines:\n  - {name: gate, ssh_port: 18081}\n")
    assert [fault.wrong for fault in faults] == ["ssh 与补录页都用端口 18081"]


def test_the_two_pages_do_not_share_a_port(good, check):
    _, (fault,) = check(good.replace("port: 18081", "port: 18080"))
    assert (fault.key, fault.wrong) == ("network.entry_page.port", "状态页与补录页都用端口 18080")


PUSH = "push: {port: 8091, token: !secret a01-push}"


@pytest.mark.parametrize(
    ("keys", "key", "said"),
    [
        ("reads: push", "cameras[0].reads", "没有写上报接收"),
        (PUSH, "cameras[0].push", "不是 push"),
        ("reads: onvif", "cameras[0].reads", "没有写 ONVIF 端口"),
        (f"reads: push\n    {PUSH}".replace("8091", "18080"), "cameras[0].push.port", "状态页"),
        (f"reads: push\n    {PUSH}".replace("8091", "18081"), "cameras[0].push.port", "补录页"),
        (f"reads: push\n    {PUSH}".replace("8091", "0"), "cameras[0].push.port", "0"),
    ],
)
def test_a_camera_that_reads_by_itself_says_where_its_readings_are_had(
    good, check, keys, key, said
):
    line = "    password: !secret camera-a01\n"
    assert good.count(line) == 1
    _, faults = check(good.replace(line, f"{line}    {keys}\n"))
    assert [(fault.key, said in fault.wrong) for fault in faults] == [(key, True)], faults


def test_a_camera_that_pushes_has_an_address_that_the_firewall_can_let_in(good, check):
    line = "    password: !secret camera-a01\n"
    good = good.replace(line, f"{line}    reads: push\n    {PUSH}\n")
    _, faults = check(good.replace("host: 127.0.0.1", "host: camera-a01.lan"))
    assert [fault.key for fault in faults if "按地址放行" in fault.wrong] == ["cameras[0].host"]


def test_two_cameras_do_not_hand_in_their_plates_at_one_port(good, check):
    for camera in ("camera-a01", "camera-a02"):
        line = f"    password: !secret {camera}\n"
        good = good.replace(line, f"{line}    reads: push\n    {PUSH}\n")
    _, (fault,) = check(good)
    assert (fault.key, fault.wrong) == (
        "cameras[1].push.port",
        "上报接收的端口 8091 已用于相机“a01-plate”",
    )


def test_a_surveillance_camera_reads_no_plates(good, check):
    camera = "  - {id: yard, role: surveillance, position: 场内, host: 127.0.0.1, user: u, password: !secret y, reads: onvif, onvif_port: 80}\n"
    _, (fault,) = check(good.replace("# 放行规则", camera + "# 放行规则"))
    assert (fault.key, fault.wrong) == ("cameras[2].reads", "视频监控相机写了自带识别")
