"""The schema is whole: every key explains itself and has bounds; messages and page follow it."""

import json
from enum import StrEnum
from ipaddress import IPv4Address
from pathlib import Path, PurePosixPath

import pytest

from appliance.profile import Fault, faults_as_json, format_faults
from appliance.profile.reference import reference
from appliance.profile.schema import ROOT, Place, allowed_text
from appliance.profile.sentences import _SENTENCES

PAGE = Path(__file__).parents[2] / "docs" / "profile.md"


def walk(path: str, place: Place):
    """Every place of the schema with its path, list entries included."""
    for name, child in place.members():
        inner = f"{path}.{name}".lstrip(".")
        yield inner, child
        yield from walk(inner, child)
        if child.is_list:
            yield f"{inner}[]", child.item()
            yield from walk(f"{inner}[]", child.item())


PLACES = dict(walk("", ROOT))


def test_the_walk_sees_the_whole_schema():
    deep = {"entrances[].barriers[].driver.raised_input", "clock.servers[]", "uplink.dialect.crc"}
    assert deep <= set(PLACES)
    assert len(PLACES) > 70


@pytest.mark.parametrize("path", PLACES)
def test_every_key_has_a_title_and_a_description_in_chinese(path):
    place = PLACES[path]
    assert place.title
    assert any("\u4e00" <= character <= "\u9fff" for character in place.description)
    assert allowed_text(place)


@pytest.mark.parametrize("path", PLACES)
def test_every_number_has_bounds_and_every_text_a_length_or_pattern(path):
    place = PLACES[path]
    bounds = set(place.bounds)
    if place.section is not None or place.choices:
        return
    if place.kind in (int, float):
        assert bounds & {"ge", "gt"}
        assert bounds & {"le", "lt"}
    elif place.kind is str:
        assert bounds & {"max_length", "pattern"}
    elif place.is_list:
        assert "max_length" in bounds
    else:
        assert place.kind in (bool, IPv4Address, PurePosixPath)  # bounded by what they are


def test_the_reference_page_is_what_the_schema_says():
    stale = "run: python -m appliance.profile.reference > docs/profile.md"
    assert PAGE.read_text(encoding="utf-8") == reference(), stale


def test_the_reference_names_every_key_with_its_bounds():
    page = reference()
    for path in PLACES:
        assert f"| `{path.removesuffix('[]').rsplit('.', 1)[-1]}` |" in page
    assert "| `port` | 平台端口 | 整数 | 1 至 65535 | *required* |" in page
    assert "| `crc` | CRC | 选项 | `computed`、`constant` | `computed` |" in page


def test_every_error_type_the_schema_can_yield_has_its_own_sentence():
    kinds = {place.kind if isinstance(place.kind, type) else None for place in PLACES.values()}
    needed = {"model_type", "tuple_type", "too_short", "too_long", "literal_error"}
    if str in kinds:
        needed |= {"string_type", "string_too_short", "string_too_long", "string_pattern_mismatch"}
    if int in kinds:
        needed |= {"int_type", "greater_than_equal", "less_than_equal"}
    if float in kinds:
        needed |= {"float_type", "finite_number", "greater_than"}
    if any(kind and issubclass(kind, StrEnum) for kind in kinds):
        needed |= {"enum"}
    if kinds & {IPv4Address, PurePosixPath}:
        needed |= {"value_error"}
    assert needed <= set(_SENTENCES)


def test_the_report_has_a_block_a_fault_and_ends_with_the_count():
    faults = (Fault(0, "", "甲", "乙"), Fault(12, "ups.rated_watts", "丙", "丁"))
    assert format_faults("site.yaml", faults) == (
        "site.yaml\n  错误：甲\n  允许：乙\n\n"
        "site.yaml:12  ups.rated_watts\n  错误：丙\n  允许：丁\n\n"
        "共 2 处错误。请逐处改正，保存后再检查一次。\n"
    )
    assert "没有错误" in format_faults("site.yaml", ())


def test_the_report_for_machines_holds_the_same():
    content = json.loads(faults_as_json("site.yaml", (Fault(3, "a.b", "甲", "乙"),)))
    fault = {"line": 3, "key": "a.b", "wrong": "甲", "allowed": "乙"}
    assert content == {"path": "site.yaml", "faults": [fault]}
