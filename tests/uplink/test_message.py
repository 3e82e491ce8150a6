"""Message 60001: its exact bytes, and what keeps it from being sent."""

import base64
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from appliance.guideline.dictionaries import PlateColour, RaiseMethod
from appliance.guideline.messages import PASSAGE_FIELDS, PHOTO_FIELD
from appliance.profile.model import Dialect
from appliance.runtime.uplink.dialect import HJ212Dialect
from appliance.runtime.uplink.frame import Pairs, crc16, decode
from appliance.runtime.uplink.message import Unsendable, passage_fields

from .samples import MN, passage, recorded, site, vehicle

QN = "20250510080910123"
PHOTO = b"\xff\xd8 a photo \xff\xd9"


def message(root: Path, *, qn: str = QN, **changes: Any) -> Pairs:
    return passage_fields(
        recorded(root, passage(**changes)),
        PHOTO,
        qn=qn,
        mn=MN,
        uplink=site().uplink,
        dialect=HJ212Dialect(),
    )


def test_a_60001_has_exactly_these_bytes(storage: Path) -> None:
    raw = HJ212Dialect.of(Dialect()).frame(message(storage))
    segment = (
        "QN=20250510080910123;ST=31;CN=60001;MN=91640100MA75XXXX1A;DATE=20250510080910;"
        "F_JCZP=/9ggYSBwaG90byD/2Q==;F_JCWZ=东门进厂道;F_CPHM=宁A12345;F_CPYS=黄牌;F_JCLX=进;"
        "F_CRKBH=A;F_ZDBH=A01;F_VIN=LFWSRXSJ5M1F12345;F_ZCDJRQ=20210506;F_CLLX=H17;"
        "F_CLPPXH=解放_J6P;F_YLLX=B;F_PFBZ=国六;F_LWZT=1;F_SYXZ=F;"
        "F_CDMC=宁夏某某运输有限公司;F_TGFS=自动;F_CZZDQRSJ=1;Flag=5;CP=&&;RtdInterval=30&&"
    ).encode()
    assert raw == b"##0400" + segment + b"FE41\r\n"
    assert crc16(segment) == 0xFE41


def test_fields_come_in_the_order_of_the_guideline(storage: Path) -> None:
    order = [spec.name for spec in PASSAGE_FIELDS]
    names = [name for name, _ in message(storage)]
    assert names == sorted(names, key=order.index)
    assert {spec.name for spec in PASSAGE_FIELDS if spec.required} <= {
        *names,
        "CP",
        "RtdInterval",
    }


def test_an_unknown_vehicle_leaves_optional_fields_out_and_names_the_fleet_unknown(
    storage: Path,
) -> None:
    fields = dict(
        message(
            storage,
            plate=None,
            plate_colour=PlateColour.OTHER,
            vehicle=None,
            raise_method=RaiseMethod.MANUAL,
        )
    )
    assert fields["F_CPHM"] == "未识别"
    assert fields["F_CPYS"] == "其他"
    assert fields["F_CDMC"] == "未登记"
    assert fields["F_TGFS"] == "手动"
    assert not {"F_VIN", "F_ZCDJRQ", "F_LWZT", "F_CZZDQRSJ"} & fields.keys()


def test_what_is_known_to_be_false_is_sent_as_zero(storage: Path) -> None:
    fields = dict(message(storage, vehicle=vehicle(networked=False, terminal_ok=False)))
    assert (fields["F_LWZT"], fields["F_CZZDQRSJ"]) == ("0", "0")


def test_the_time_is_that_of_beijing_whatever_the_zone_it_came_in(storage: Path) -> None:
    fields = dict(message(storage, passed_at=datetime(2025, 12, 31, 16, 0, 1, tzinfo=UTC)))
    assert fields["DATE"] == "20260101000001"


def test_the_photo_is_base64_on_one_line_and_may_hold_any_word(storage: Path) -> None:
    photo = base64.b64decode("andANDselectFROM" * 40)
    fields = dict(
        passage_fields(
            recorded(storage, passage()),
            photo,
            qn=QN,
            mn=MN,
            uplink=site().uplink,
            dialect=HJ212Dialect(),
        )
    )
    assert fields[PHOTO_FIELD] == "andANDselectFROM" * 40


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"vehicle": vehicle(vin="L" * 21)},
            "车辆识别代号（VIN）（F_VIN）有21个字符，超过上限20个",
        ),
        ({"vehicle": vehicle(model="Land Rover")}, "（F_CLPPXH）含有平台拒收的词“and”"),
        ({"vehicle": vehicle(fleet="UPDATE公司")}, "（F_CDMC）含有平台拒收的词“update”"),
        ({"position": "东门;道"}, "进出位置（F_JCWZ）含有报文不允许的字符“;”"),
        ({"position": "东=门"}, "（F_JCWZ）含有报文不允许的字符“=”"),
        ({"position": "东&&门"}, "（F_JCWZ）含有报文不允许的字符“&&”"),
        ({"position": "东##0087QN"}, "（F_JCWZ）含有报文不允许的字符“##”"),
        ({"position": "东\r\n门"}, "（F_JCWZ）含有不可见的控制字符"),
        ({"position": "门" * 101}, "（F_JCWZ）有101个字符，超过上限100个"),
        ({"position": ""}, "进出位置（F_JCWZ）是必填项，不能为空"),
    ],
)
def test_a_value_the_platform_must_refuse_is_not_sent_and_its_field_is_named(
    storage: Path, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Unsendable, match=re.escape(sentence)):
        message(storage, **changes)


def test_lengths_count_characters_and_not_bytes(storage: Path) -> None:
    assert dict(message(storage, position="门" * 100))["F_JCWZ"] == "门" * 100


def test_an_empty_photo_is_never_sent(storage: Path) -> None:
    with pytest.raises(Unsendable, match="（F_JCZP）是必填项"):
        passage_fields(
            recorded(storage, passage()),
            b"",
            qn=QN,
            mn=MN,
            uplink=site().uplink,
            dialect=HJ212Dialect(),
        )


def test_a_message_reads_back_as_it_was_written(storage: Path) -> None:
    pairs = message(storage)
    assert decode(HJ212Dialect().frame(pairs)).head == pairs
