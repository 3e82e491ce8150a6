"""Each silent point of the guideline: the exact bytes it makes of a message."""

from datetime import UTC, date, datetime
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.guideline.messages import PASSAGE_FIELDS
from appliance.profile.model import Dialect
from appliance.runtime.journal.values import PhotoKind
from appliance.runtime.uplink.bodies import SUB_PACKET_BYTES
from appliance.runtime.uplink.cure import as_written, in_any_case
from appliance.runtime.uplink.dialect import HJ212Dialect
from appliance.runtime.uplink.frame import Pairs, decode

from .samples import MN, site

FIELDS = (
    ("QN", "20231116114325977"),
    ("ST", "31"),
    ("CN", "60001"),
    ("MN", "9151011239691383331"),
    ("DATE", "20231116114320"),
    ("F_JCWZ", "模拟入口"),
    ("F_CPHM", "闽PA0001"),
    ("F_CPYS", "蓝牌"),
    ("F_JCLX", "进"),
    ("Flag", "5"),
)
SEGMENT = (
    "QN=20231116114325977;ST=31;CN=60001;MN=9151011239691383331;DATE=20231116114320;"
    "F_JCWZ=模拟入口;F_CPHM=闽PA0001;F_CPYS=蓝牌;F_JCLX=进;Flag=5;CP=&&;RtdInterval=30&&"
)
INSIDE_CP = (
    "QN=20231116114325977;ST=31;CN=60001;MN=9151011239691383331;Flag=5;CP=&&DATE=20231116114320;"
    "F_JCWZ=模拟入口;F_CPHM=闽PA0001;F_CPYS=蓝牌;F_JCLX=进;RtdInterval=30&&"
)


def chosen(**choices: Any) -> HJ212Dialect:
    return HJ212Dialect.of(Dialect(**choices))


def spec_of(name: str) -> Any:
    return next(spec for spec in PASSAGE_FIELDS if spec.name == name)


def test_the_profiles_defaults_are_the_dialects() -> None:
    assert chosen() == HJ212Dialect()


@pytest.mark.parametrize("name", Dialect.model_fields)
def test_every_value_of_every_setting_makes_a_dialect_of_its_own(name: str) -> None:
    values = get_args(Dialect.model_fields[name].annotation)
    made = [chosen(**{name: value}) for value in values]
    if name == "mn":  # which number it is stands in the profile, how long it may be here
        assert [dialect.mn_length for dialect in made] == [20, 24]
    assert all(made.count(dialect) == 1 for dialect in made)


def test_literally_all_fields_stand_at_the_top_and_the_crc_follows_rtdinterval() -> None:
    assert chosen().frame(FIELDS) == b"##0170" + SEGMENT.encode() + b"0F00\r\n"


def test_inside_cp_only_the_head_of_hj_212_stands_outside() -> None:
    raw = chosen(body="cp").frame(FIELDS)
    assert raw == b"##0169" + INSIDE_CP.encode() + b"71C0\r\n"
    assert decode(raw).parameter("F_CPHM") == "闽PA0001"


def test_the_constant_crc_is_the_one_the_guideline_prints() -> None:
    assert chosen(crc="constant").frame(FIELDS) == b"##0170" + SEGMENT.encode() + b"A9C1\r\n"


def test_the_constant_length_is_the_one_a_client_of_the_field_sends_whatever_follows() -> None:
    field = chosen(length_field="constant", crc="constant")
    assert field.frame(FIELDS) == b"##0325" + SEGMENT.encode() + b"A9C1\r\n"
    long = (*FIELDS[:5], ("F_JCZP", "A" * 20_000), *FIELDS[5:])
    assert chosen(length_field="constant").frame(long).startswith(b"##0325QN=")


def test_a_long_message_is_one_frame_with_a_longer_length() -> None:
    long = (*FIELDS[:5], ("F_JCZP", "A" * 20_000), *FIELDS[5:])
    assert chosen().packets(long) == [long]
    assert chosen().frame(long).startswith(b"##20178QN=")
    assert chosen().photo_room(FIELDS) is None


@pytest.mark.parametrize("more", range(4))
def test_a_shrunk_photo_has_the_room_that_four_digits_leave(more: int) -> None:
    dialect = chosen(length="shrink")
    fields = (*FIELDS[:5], ("F_CDMC", "x" * more), *FIELDS[5:])
    room = dialect.photo_room(fields)
    assert room is not None
    full = (*fields[:5], ("F_JCZP", "A" * (room // 3 * 4)), *fields[5:])
    assert 9999 - 4 < len(dialect.lay_out(full).encode()) <= 9999


def test_a_short_message_needs_no_sub_packets() -> None:
    assert chosen(length="packets").packets(FIELDS) == [FIELDS]


def test_a_long_message_becomes_sub_packets_of_exactly_these_bytes() -> None:
    dialect = chosen(length="packets")
    long = (*FIELDS[:5], ("F_JCZP", "A" * 1000 + "B" * 10), *FIELDS[5:])
    first, second = (dialect.lay_out(packet) for packet in dialect.packets(long))
    head = "QN=20231116114325977;ST=31;CN=60001;MN=9151011239691383331;"
    tail = "CP=&&;RtdInterval=30&&"
    part = 1024 - len(f"{head}DATE=20231116114320;F_JCZP=;Flag=7;PNUM=9999;PNO=9999;{tail}")
    assert first == (f"{head}DATE=20231116114320;F_JCZP={'A' * part};Flag=7;PNUM=2;PNO=1;{tail}")
    assert second == (
        f"{head}F_JCZP={'A' * (1000 - part)}{'B' * 10};F_JCWZ=模拟入口;F_CPHM=闽PA0001;"
        f"F_CPYS=蓝牌;F_JCLX=进;Flag=7;PNUM=2;PNO=2;{tail}"
    )


names = st.from_regex(r"F_[A-Z]{1,8}", fullmatch=True)
values = st.text(st.characters(categories=["Lu", "Lo", "Nd"]), min_size=1, max_size=200)


@given(
    st.dictionaries(names, values, max_size=12),
    st.integers(0, 8_000),
    st.sampled_from(["literal", "cp"]),
)
def test_sub_packets_are_short_and_hold_together_the_whole_message(
    data: dict[str, str], photo: int, body: str
) -> None:
    dialect = chosen(length="packets", body=body)
    message = (*FIELDS[:4], ("F_JCZP", "A" * photo), *data.items(), ("Flag", "5"))
    packets = dialect.packets(message)
    joined: dict[str, str] = {}
    for number, packet in enumerate(packets, start=1):
        frame = decode(dialect.frame(packet))
        assert len(frame.data.encode()) <= SUB_PACKET_BYTES
        pairs = dict((*frame.head, *frame.body))
        if len(packets) > 1:
            assert (pairs["Flag"], pairs["PNUM"]) == ("7", str(len(packets)))
            assert pairs["PNO"] == str(number)
        for name in pairs.keys() - {"QN", "ST", "CN", "MN", "Flag", "PNUM", "PNO", "RtdInterval"}:
            joined[name] = joined.get(name, "") + pairs[name]
    assert {k: v for k, v in joined.items() if v} == dict(pair for pair in message[4:-1] if pair[1])


@given(st.sampled_from(["literal", "cp"]), st.dictionaries(names, values, max_size=12))
def test_a_message_reads_back_in_either_body(body: str, data: dict[str, str]) -> None:
    fields: Pairs = (*FIELDS[:4], *data.items(), ("Flag", "5"))
    frame = decode(chosen(body=body).frame(fields))
    assert dict((*frame.head, *frame.body)) == dict((*fields, ("RtdInterval", "30")))


@pytest.mark.parametrize(
    ("photos", "pictures"),
    [
        ("side-by-side", ((PhotoKind.FRONT, PhotoKind.BODY),)),
        ("front-only", ((PhotoKind.FRONT,),)),
        ("two-messages", ((PhotoKind.FRONT,), (PhotoKind.BODY,))),
    ],
)
def test_each_way_with_two_photos_says_what_is_in_which_message(photos: str, pictures: Any) -> None:
    assert chosen(photos=photos).photos == pictures


@pytest.mark.parametrize("given_text", ["Q11", "重型半挂牵引车"])
@pytest.mark.parametrize(("dictionary", "word"), [("codes", "Q11"), ("names", "重型半挂牵引车")])
def test_a_dictionary_value_travels_as_code_or_name_whichever_the_register_holds(
    given_text: str, dictionary: str, word: str
) -> None:
    assert chosen(dictionary=dictionary).word(spec_of("F_CLLX"), given_text) == word


def test_what_refers_to_no_dictionary_is_left_alone() -> None:
    assert chosen(dictionary="names").word(spec_of("F_CPHM"), "B") == "B"


@pytest.mark.parametrize(
    ("dates", "time", "day"),
    [
        ("compact", "20260101000001", "20210506"),
        ("dashed", "2026-01-01 00:00:01", "2021-05-06 00:00:00"),
    ],
)
def test_times_are_beijings_and_dates_have_the_form_of_7_3_or_of_6_2_3(
    dates: str, time: str, day: str
) -> None:
    dialect = chosen(dates=dates)
    assert dialect.time(datetime(2025, 12, 31, 16, 0, 1, tzinfo=UTC)) == time
    assert dialect.date(date(2021, 5, 6)) == day


def test_forbidden_words_are_looked_for_as_the_platform_does() -> None:
    finders = [chosen(forbidden_words=word).finder for word in ("off", "as-written", "any-case")]
    assert finders == [None, as_written, in_any_case]
    assert (as_written(b"xxAnDxx"), as_written(b"xxandxx")) == (False, True)
    assert in_any_case(b"xxAnDxx")
    assert in_any_case(b"SELECT")


@pytest.mark.parametrize(("version", "flag", "numbered"), [("2017", "5", "7"), ("2025", "9", "11")])
def test_flag_tells_the_version_the_numbering_and_that_an_answer_is_wanted(
    version: str, flag: str, numbered: str
) -> None:
    dialect = chosen(version=version, length="packets")
    assert dialect.flag == flag
    packet = dialect.packets((*FIELDS, ("F_JCZP", "A" * 2000)))[0]
    assert dict(packet)["Flag"] == numbered


def test_the_mn_is_the_credit_code_or_the_enterprise_number_and_as_long_as_that_may_be() -> None:
    profile = site(dialect=Dialect(mn="enterprise-number"))
    assert (site().mn, profile.mn) == (MN, "91640100MA75XXXX1A001P")
    limits = {spec.name: spec.max_length for spec in chosen(mn="enterprise-number").table("60001")}
    assert (limits["MN"], limits["QN"]) == (24, 20)
