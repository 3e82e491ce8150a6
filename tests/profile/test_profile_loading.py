# ruff: noqa: E501 - a table of faults is read row by row
"""From a file to a profile, or to every fault at its line."""

import os
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.guideline.dictionaries import Direction, EmissionStage
from appliance.profile import ProfileFaults, Secret, check_profile, load_profile
from appliance.profile.loading import LARGEST_BYTES, MOST_FAULTS
from appliance.profile.tree import _resolved
from appliance.profile.writing import profile_as_yaml

SITES = Path(__file__).parents[2] / "site_profiles"

# (what to replace, by what, the faulty key, a part of what is said to be wrong). The expected line
# is where the replacement's mark «» stands; without a mark it is the replacement's first line.
FAULTY = {
    "a misspelt key": ("  name: 宁夏", "  nmae: 宁夏", "enterprise.nmae", "是不是“name”"),
    "a missing key": ("«enterprise:\n  number: 91640181MADEM0X11Y001P ", "enterprise:\n  #", "enterprise.number", "缺少“企业编号”"),
    "a missing section": ("\nups:\n  rated_watts: 6000\n  runtime_minutes: 120\n  maker: 示例电源有限公司\n  model: EX-UPS6000\n", "", "ups", "缺少“不间断电源”"),
    "a key written twice": ("  plant_vehicles: 6\n", "  plant_vehicles: 6\n«  plant_vehicles: 7\n", "enterprise.plant_vehicles", "写了两次"),
    "a text for a number": ("  port: 19212", "  port: 平台", "uplink.port", "应为整数"),
    "a number in quotes": ("  port: 19212", '  port: "19212"', "uplink.port", "应为整数"),
    "a number with a zero in front": ("  port: 19212", "  port: 019212", "uplink.port", "应为整数"),
    "a truth value for a number": ("  port: 19212", "  port: true", "uplink.port", "应为整数"),
    "a number for a text": ('"0951-5550100"', "13995550100", "enterprise.contact_phone", "应为文字"),
    "half a vehicle": ("transport_vehicles: 24", "transport_vehicles: 24.5", "enterprise.transport_vehicles", "应为整数"),
    "a whole number out of bounds": ("  port: 19212", "  port: 70000", "uplink.port", "超出范围"),
    "a number without end": ("  port: 19212", "  port: " + "9" * 90, "uplink.port", "超出范围"),
    "a decimal out of bounds": ("longitude: 106.340012", "longitude: 38.1", "enterprise.longitude", "超出范围"),
    "a text for a decimal": ("longitude: 106.340012", "longitude: 东经106度", "enterprise.longitude", "应为数字"),
    "no number at all": ("longitude: 106.340012", "longitude: .nan", "enterprise.longitude", "超出范围"),
    "a tolerance of nothing": ("tolerance_seconds: 1.0", "tolerance_seconds: 0", "clock.tolerance_seconds", "超出范围"),
    "a text of the wrong form": ("id: A02", "id: a2", "entrances[0].barriers[1].id", "写法不对"),
    "full-width digits in an id": ("id: A02", "id: A０２", "entrances[0].barriers[1].id", "写法不对"),
    "a word that is no choice": ("direction: 出", "direction: 出厂", "entrances[0].barriers[1].direction", "没有这个选项"),
    "another format": ("format: 1", "format: 2", "format", "没有这个选项"),
    "a truth value for a choice": ("format: 1", "format: true", "format", "没有这个选项"),
    "a text too long": ("legal_representative: 演示人", "legal_representative: " + "演" * 21, "enterprise.legal_representative", "太长"),
    "a text that is empty": ("legal_representative: 演示人", 'legal_representative: ""', "enterprise.legal_representative", "是空的"),
    "a text too short": ("    - 甘D8M662", "    - 甘D8", "admission.block[0]", "太短"),
    "a value left out": ("legal_representative: 演示人", "legal_representative:", "enterprise.legal_representative", "是空的"),
    "an optional value left out": ("  root: /var/lib/gatehouse", "  root:", "storage.root", "是空的"),
    "a text for a section": ("storage:\n  root: /var/lib/gatehouse", "storage: /var/lib/gatehouse", "storage", "应为一组键"),
    "a text for a list": ("  block:\n    - 甘D8M662", "  block: 甘D8M662", "admission.block", "应为列表"),
    "a dash without a blank": ("  block:\n    - 甘", "  block:\n    -甘", "admission.block", "应为列表"),
    "an empty list": ("  servers:\n    - ntp.ntsc.ac.cn ", "  servers: []\n  #", "clock.servers", "项数太少"),
    "a list too long": ("  servers:\n", "  servers: [" + "a, " * 9 + "]\n  #", "clock.servers", "项数太多"),
    "a path that is not absolute": ("root: /var/lib/gatehouse", "root: var/lib", "storage.root", "写法不对"),
    "a path that climbs": ("root: /var/lib/gatehouse", "root: /var/../etc", "storage.root", "写法不对"),
    "an address of three numbers": ("status_page:\n    address: 127.0.0.1", "status_page:\n    address: «127.0.1", "network.status_page.address", "写法不对"),
    "an address that is a number": ("status_page:\n    address: 127.0.0.1", "status_page:\n    address: «127", "network.status_page.address", "应为"),
    "a secret where none belongs": ("host: 127.0.0.1\n  port: 19212", "host: !secret platform\n  port: 19212", "uplink.host", "不能用 !secret"),
    "a bad name of a secret": ("!secret camera-a02", "!secret Geheim", "cameras[1].password", "密钥名称"),
    "a password for a secret": ("!secret camera-a02", "Geheim", "cameras[1].password", "明文"),
    "an unknown tag": ("name: 东门", "name: !!python/object:os.system 东门", "entrances[0].name", "标签"),
    "an anchor": ("name: 东门", "name: &gate 东门", "entrances[0].name", "锚点"),
    "an alias": ("name: 东门", "name: *gate", "entrances[0].name", "引用"),
    "half a character": ("name: 东门", r'name: "\ud800"', "entrances[0].name", "不成字"),
    "a list as a key": ("storage:", "? [a]\n: b\nstorage:", "", "不是普通的键"),
    "no blank after the colon": ("recognition:\n  reader: own", "recognition: {reader:own}", "recognition.reader", "少了空格"),
    # syntax: one fault, at the line an installer has to mend
    "a line without a colon": ("  name: 宁夏", "  name 宁夏", "", "缺少冒号"),
    "a full-width colon": ("  name: 宁夏", "  name：宁夏", "", "全角冒号"),
    "no blank behind a key": ("  port: 19212", "  port:19212", "", "少了空格"),
    "a tab": ("  port: 19212", "\tport: 19212", "", "制表符"),
    "a key out of line": ("  port: 19212", "   port: 19212", "", "冒号放错了位置"),
    "a key too far left": ("  latitude: 38.1", " latitude: 38.1", "", "没有对齐"),
    "a quote left open": ('"0951-5550100" ', '"0951-5550100 ', "", "引号没有收尾"),
    "text behind a quote": ("name: 东门", "name: '东' 门", "", "引号后面"),
    "a bracket left open": ("  block:\n    - 甘D8M662", "  block: [甘D8M662", "", "方括号"),
    "a special character in front": ("name: 东门", "name: @东门", "", "特殊符号"),
    "a second document": ("storage:", "---\nstorage:", "", "两份配置"),
}  # fmt: skip


def spoil(text: str, old: str, new: str) -> tuple[str, int]:
    """`text` with `old` replaced by `new`, and the line where the fault then stands."""
    old_plain = old.replace("«", "")
    assert text.count(old_plain) == 1, f"{old_plain!r} stands {text.count(old_plain)} times"
    before = text[: text.index(old_plain)]
    marked = new[: new.index("«")] if "«" in new else ""
    line = (before + marked).count("\n") + 1
    return text.replace(old_plain, new.replace("«", "")), line


@pytest.mark.parametrize("row", FAULTY.values(), ids=[name.replace(" ", "-") for name in FAULTY])
def test_a_fault_is_told_at_its_line_with_its_key_and_what_is_allowed(good, check, row):
    old, new, key, said = row
    text, line = spoil(good, old, new)
    if not new:
        line = 1 + text[: text.index("format:")].count("\n")  # the line of the mapping around it
    profile, faults = check(text)
    assert profile is None
    assert [(fault.line, fault.key) for fault in faults] == [(line, key)], faults
    assert said in faults[0].wrong
    assert faults[0].allowed


def test_a_good_profile_has_no_faults_and_its_values_arrive(good, check):
    profile, faults = check(good)
    assert faults == ()
    assert profile is not None
    assert profile.mn == "91640181MADEM0X11Y"
    assert [lane.barrier.id for lane in profile.lanes()] == ["A01", "A02"]
    assert profile.lane("A02").camera.rtsp_port == 18555
    assert profile.lane("A01").barrier.direction is Direction.IN
    assert profile.lane("A01").camera.password == Secret(name="camera-a01")
    assert profile.admission.minimum_emission_stage is EmissionStage.CHINA_5
    assert profile.uplink.retry_pause_seconds == 0.5


@pytest.mark.parametrize("path", sorted(SITES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_site_profile_passes(path):
    assert check_profile(path)[1] == ()
    assert load_profile(path).lanes()


def test_all_faults_are_told_at_once_in_the_order_of_the_lines(good, check):
    text = good
    keys = []
    for name, (old, new, key, _) in FAULTY.items():
        if (
            key
            and "«" not in old
            and new
            and not name.startswith(("an alias", "an anchor", "a dash"))
        ):
            plain = new.replace("«", "")
            if text.count(old) == 1:
                text = text.replace(old, plain)
                keys.append(key)
    text = text.replace("id: a02-plate", "id: a01-plate")
    _, faults = check(text)
    assert len(keys) > 15
    assert {*keys, "cameras[1].id"} <= {fault.key for fault in faults}
    assert [fault.line for fault in faults] == sorted(fault.line for fault in faults)


def test_a_list_with_a_faulty_entry_is_not_called_too_short_as_well(good, check):
    _, faults = check(good.replace("performance_grade: B级", "performance_grade: B").replace("direction: 出", "direction: 出厂"))  # fmt: skip
    assert [fault.key for fault in faults] == [
        "enterprise.performance_grade",
        "entrances[0].barriers[1].direction",
    ]


def test_a_flood_of_faults_ends_with_their_count(check):
    _, faults = check("".join(f"key-{number}: 1\n" for number in range(1000)))
    assert len(faults) == MOST_FAULTS + 1
    assert re.search(r"还有 8\d\d 处错误", faults[-1].wrong)


def test_load_profile_raises_the_same_faults(good, tmp_path):
    path = tmp_path / "site.yaml"
    path.write_text(good.replace("port: 19212", "port: 0"), encoding="utf-8")
    with pytest.raises(ProfileFaults) as caught:
        load_profile(path)
    assert caught.value.path == path
    assert caught.value.faults == check_profile(path)[1]
    assert "1 处错误" in str(caught.value)


def test_words_that_yaml_1_1_would_turn_stay_what_they_look_like(good, check):
    text = good.replace("legal_representative: 演示人", "legal_representative: yes")
    text = text.replace('"0951-5550100"', "09515550100")
    text = text.replace("91640181MADEM0X11Y001P", "9164018100000E001")
    profile, faults = check(text)
    assert faults == ()
    assert profile.enterprise.legal_representative == "yes"
    assert profile.enterprise.contact_phone == "09515550100"
    assert profile.enterprise.number == "9164018100000E001"


@pytest.mark.parametrize(
    ("old", "new", "advice"),
    [
        ("  port: 19212", '  port: "19212"', "不要加引号"),
        ("  port: 19212", "  port: 019212", "前面不写 0"),
        ('"0951-5550100"', "13995550100", '写作 "13995550100"'),
        ("  block:\n    - 甘", "  block:\n    -甘", "“-”后面少了空格"),
        ("  root: /var/lib/gatehouse", "  root:", "不需要就删去这一行"),
    ],
)
def test_the_cure_of_a_common_slip_is_named(good, check, old, new, advice):
    _, faults = check(good.replace(old, new))
    assert [advice in fault.allowed for fault in faults] == [True]


@example(text="1.5e3")
@example(text="012")
@given(text=st.from_regex(r"[-+.]?[0-9a-fxo.]{0,6}([eE][-+]?[0-9]{0,3})?", fullmatch=True))
def test_what_pyyaml_would_write_without_quotes_is_a_text_here_too(text):
    """So a profile that is dumped and loaded again stays the same."""
    if not isinstance(_resolved(text), str):
        tag = yaml.SafeLoader("").resolve(yaml.ScalarNode, text, (True, False))
        assert tag != "tag:yaml.org,2002:str"


@pytest.mark.parametrize("phone", ["09515550100", "13995550100", "0951-5550100"])
def test_a_profile_that_is_written_again_loads_as_the_same(good, check, phone):
    profile, _ = check(good.replace("0951-5550100", phone))
    assert check(profile_as_yaml(profile)) == (profile, ())


def test_a_mark_from_windows_in_front_and_its_line_ends_do_no_harm(good, check):
    assert check(b"\xef\xbb\xbf" + good.replace("\n", "\r\n").encode())[1] == ()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        (b"", 1, "空的"),
        (b"# only a comment\n", 1, "空的"),
        (b"\n- a\n- b\n", 2, "不是“键: 值”"),
        (b"hello\n", 1, "不是“键: 值”"),
        (b"---\n", 1, "空的"),
        ("a: 1\nb: 宁夏\n".encode("gbk"), 2, "UTF-8"),
        (b"a: 1\nb: \x00\n", 2, "控制字符"),
        (b"a: 1\n" + b"#" * LARGEST_BYTES, 0, "1 MiB"),
        (b"a: " + b"[" * 5000, 1, "层以上"),
        (b"{a: " * 500, 1, "层以上"),
        (b"a: [" + b"1," * 70_000 + b"]", 1, "内容太多"),
        (b'a: "\\UFFFFFFFF"\n', 1, "YAML 规则"),
        (b'a: "\\U00110000"\n', 1, "YAML 规则"),
    ],
)
def test_a_file_that_is_no_profile_is_one_clear_fault(check, content, line, said):
    profile, faults = check(content)
    assert profile is None
    assert [(fault.line, said in fault.wrong) for fault in faults] == [(line, True)], faults


def test_laughing_aliases_are_refused_and_never_multiplied(check):
    laughs = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20)
    )
    _, faults = check(laughs)
    assert sum("引用" in fault.wrong for fault in faults) == 40


def test_a_python_tag_runs_nothing(good, check, tmp_path):
    target = tmp_path / "ran"
    tag = f"name: !!python/object/apply:pathlib.Path.touch [{target}]"
    _, faults = check(good.replace("name: 东门", tag))
    assert [fault.key for fault in faults] == ["entrances[0].name"]
    assert not target.exists()


def test_paths_that_are_no_readable_file_are_one_fault_each(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name in ("absent.yaml", ".", "pipe", "loop", "nul\0", "long" * 100):
        _, faults = check_profile(tmp_path / name)
        assert [(fault.line, fault.key) for fault in faults] == [(0, "")], name
    assert check_profile("/dev/zero")[1][0].wrong == "这不是普通文件"
