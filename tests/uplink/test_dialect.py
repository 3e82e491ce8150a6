"""The literal dialect of 7.3 and the replies that are met in the field."""

import pytest

from appliance.profile.model import Dialect
from appliance.runtime.uplink.dialect import HJ212Dialect, Reply
from appliance.runtime.uplink.frame import decode, encode

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
QN = "20231116114325977"


def test_fields_stand_at_the_top_level_and_the_computed_crc_follows_rtdinterval() -> None:
    dialect = HJ212Dialect.of(Dialect())
    assert dialect.frame(FIELDS) == b"##0170" + SEGMENT.encode() + b"0F00\r\n"


def test_the_constant_variant_ends_as_the_guideline_prints_it() -> None:
    dialect = HJ212Dialect.of(Dialect(crc="constant"))
    assert dialect.frame(FIELDS) == b"##0170" + SEGMENT.encode() + b"A9C1\r\n"


@pytest.mark.parametrize(
    ("cn", "parameters", "code"),
    [
        ("9014", "", 1),
        ("9014", "QnRtn=1", 1),
        ("9014", "QnRtn=1;ExeRtn=1", 1),
        ("9014", "QnRtn=2", 2),
        ("9014", "QnRtn=1;ExeRtn=3", 3),
        ("9014", "QnRtn=2;ExeRtn=1", 2),
        ("9014", "QnRtn=100;PNO=11", 100),
        ("9012", "ExeRtn=10", 10),
        ("9012", "ExeRtn=1", 1),
        ("9014", "QnRtn=77", 77),
    ],
)
def test_a_reply_is_read_in_every_form_met(cn: str, parameters: str, code: int) -> None:
    frame = decode(encode(f"QN={QN};ST=91;CN={cn};MN=1;Flag=4;CP=&&{parameters}&&"))
    assert HJ212Dialect().read_reply(frame) == Reply(QN, code)


@pytest.mark.parametrize(
    "segment",
    [
        f"QN={QN};ST=91;CN=9012;MN=1;CP=&&&&",
        f"QN={QN};ST=91;CN=9014;MN=1;CP=&&QnRtn=ok&&",
        f"QN={QN};ST=91;CN=9011;MN=1;CP=&&QnRtn=1&&",
        f"QN={QN};ST=21;CN=9015;MN=1;CP=&&&&",
        f"QN={QN};ST=32;CN=1000;MN=1;Flag=5;CP=&&OverTime=5;ReCount=3&&",
    ],
)
def test_a_frame_that_answers_no_message_is_no_reply(segment: str) -> None:
    assert HJ212Dialect().read_reply(decode(encode(segment))) is None
