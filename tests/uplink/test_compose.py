"""Messages as packets: every dialect, the camera's password, and what is refused beforehand."""

import base64
import logging
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from appliance.clock import BEIJING
from appliance.guideline.dictionaries import GateState, Production
from appliance.profile.model import Camera, Dialect
from appliance.runtime.uplink.compose import Composer, Packet
from appliance.runtime.uplink.cure import in_any_case
from appliance.runtime.uplink.frame import Frame, decode
from appliance.runtime.uplink.message import Unsendable

from .samples import passage, recorded, site, vehicle

AT = datetime(2025, 5, 10, 8, 9, 10, tzinfo=BEIJING)
PASSWORD = "Xk7-Pw9-Zq3"


def qns(count: int) -> tuple[str, ...]:
    return tuple(f"20250510080910{number:03}" for number in range(1, count + 1))


def composer(root: Path = Path(), *, photo_limit: int = 200_000, **choices: Any) -> Composer:
    profile = site(dialect=Dialect(**choices), photo_limit_bytes=photo_limit)
    return Composer(profile, lambda stored: root / stored.path)


def frames(packets: tuple[Packet, ...]) -> list[Frame]:
    return [decode(packet.raw) for packet in packets]


def photo_in(frame: Frame) -> tuple[int, int]:
    text = frame.get("F_JCZP") or ""
    bgr = cv2.imdecode(np.frombuffer(base64.b64decode(text), np.uint8), cv2.IMREAD_COLOR)
    assert bgr is not None
    return bgr.shape[1], bgr.shape[0]


def camera(**changes: Any) -> Camera:
    known = site().cameras[0].model_dump()
    return Camera.model_validate({**known, **changes}, strict=False)


def test_one_message_is_one_packet_with_both_photos_under_the_messages_qn(storage: Path) -> None:
    packets = composer(storage).passage(recorded(storage, passage()), qns)
    (frame,) = frames(packets)
    assert packets[0].qn == frame.get("QN") == qns(1)[0]
    assert photo_in(frame) == (640, 180)


def test_two_messages_carry_one_photo_each_and_are_otherwise_the_same(storage: Path) -> None:
    packets = composer(storage, photos="two-messages").passage(recorded(storage, passage()), qns)
    front, body = frames(packets)
    assert [packet.qn for packet in packets] == [front.get("QN"), body.get("QN")] == list(qns(2))
    assert photo_in(front) == photo_in(body) == (320, 180)
    assert front.get("F_JCZP") != body.get("F_JCZP")
    own = {"QN", "F_JCZP"}
    assert [p for p in front.head if p[0] not in own] == [p for p in body.head if p[0] not in own]


def test_sub_packets_have_a_qn_each_and_join_to_the_photo(storage: Path) -> None:
    made = recorded(storage, passage())
    (whole,) = frames(composer(storage).passage(made, qns))
    packets = composer(storage, length="packets").passage(made, qns)
    parts = frames(packets)
    assert len({packet.qn for packet in packets}) == len(packets) > 20
    assert all(len(frame.data.encode()) <= 1024 for frame in parts)
    assert "".join(frame.get("F_JCZP") or "" for frame in parts) == whole.get("F_JCZP")


def test_a_shrunk_photo_leaves_a_length_of_four_digits(storage: Path) -> None:
    packets = composer(storage, length="shrink").passage(recorded(storage, passage()), qns)
    assert re.match(rb"##[0-9]{4}QN=", packets[0].raw)
    assert len(packets[0].raw) <= 9999 + 12
    assert photo_in(frames(packets)[0])[0] > 64


def test_a_photo_is_cured_of_the_words_the_platform_looks_for(storage: Path) -> None:
    made = recorded(storage, passage())
    for photos in ("side-by-side", "two-messages"):
        chosen = composer(storage, forbidden_words="any-case", photos=photos)
        for packet in chosen.passage(made, qns):
            assert not in_any_case(packet.raw)


def test_words_and_dates_are_those_of_the_dialect(storage: Path) -> None:
    chosen = composer(storage, dictionary="names", dates="dashed", version="2025")
    (frame,) = frames(chosen.passage(recorded(storage, passage()), qns))
    said = [frame.get(name) for name in ("F_CLLX", "F_YLLX", "F_SYXZ", "DATE", "F_ZCDJRQ", "Flag")]
    assert said == [
        "重型自卸货车",
        "柴油",
        "货运",
        "2025-05-10 08:09:10",
        "2021-05-06 00:00:00",
        "9",
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"vehicle_type": "Q99"}, "车辆类型（F_CLLX）“Q99”不在指南8.3的字典中"),
        ({"fuel": "煤油"}, "燃料类型（F_YLLX）“煤油”不在指南8.1的字典中"),
        ({"use": "f"}, "使用性质（F_SYXZ）“f”不在指南8.2的字典中"),
    ],
)
@pytest.mark.parametrize("dictionary", ["codes", "names"])
def test_a_code_of_no_dictionary_is_not_sent_and_its_field_is_named(
    storage: Path, changes: dict[str, str], sentence: str, dictionary: str
) -> None:
    made = recorded(storage, passage(vehicle=vehicle(**changes)))
    with pytest.raises(Unsendable, match=re.escape(sentence)):
        composer(storage, dictionary=dictionary).passage(made, qns)


def test_an_enterprise_number_of_22_characters_fits_where_it_is_the_mn(storage: Path) -> None:
    (frame,) = frames(composer(mn="enterprise-number").status(*NORMAL, AT, qns))
    assert frame.get("MN") == "91640100MA75XXXX1A001P"


NORMAL = (GateState.NORMAL, Production.NORMAL)


def test_a_60003_has_exactly_these_bytes() -> None:
    (packet,) = composer().status(GateState.FAULT, Production.LIMITED, AT, qns)
    assert packet.raw == (
        b"##0139"
        + (
            "QN=20250510080910001;ST=31;CN=60003;MN=91640100MA75XXXX1A;DATE=20250510080910;"
            "F_QYMJJKZT=故障;F_SCQK=限产;Flag=5;CP=&&;RtdInterval=30&&"
        ).encode()
        + b"1380\r\n"
    )


def test_a_state_that_7_3_3_does_not_know_is_not_sent() -> None:
    with pytest.raises(Unsendable, match="只能是：正常、故障、离线、维护"):
        composer().status("很好", Production.NORMAL, AT, qns)


def test_a_60002_has_exactly_these_bytes() -> None:
    (packet,) = composer().camera(camera(), PASSWORD, AT, qns)
    assert packet.raw == (
        b"##0201"
        + (
            "QN=20250510080910001;ST=31;CN=60002;MN=91640100MA75XXXX1A;DATE=20250510080910;"
            "F_WZ=东门进厂道卡口;F_DZ=rtsp://127.0.0.1:554/;F_PORT=554;F_UID=gate;"
            f"F_PSD={PASSWORD};Flag=5;CP=&&;RtdInterval=30&&"
        ).encode()
        + b"BDC1\r\n"
    )


def test_the_address_of_a_camera_may_have_parameters() -> None:
    made = camera(rtsp_path="/cam/realmonitor?channel=1&subtype=0")
    (frame,) = frames(composer().camera(made, PASSWORD, AT, qns))
    assert frame.get("F_DZ") == "rtsp://127.0.0.1:554/cam/realmonitor?channel=1&subtype=0"


def test_the_password_is_in_no_repr_and_no_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        packets = composer().camera(camera(), PASSWORD, AT, qns)
    assert PASSWORD.encode() in packets[0].raw
    assert PASSWORD not in f"{packets!r} {packets[0]}"
    assert PASSWORD not in caplog.text


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("Xk7" * 9, "视频密码（F_PSD）超过上限20个"),
        ("Xk7;Pw9", "视频密码（F_PSD）含有报文不允许的字符"),
        ("Xk7=Pw9", "视频密码（F_PSD）含有报文不允许的字符"),
        ("Xk7andPw9", "视频密码（F_PSD）含有平台拒收的词（指南6.2.5）"),
        ("Xk7\nPw9", "视频密码（F_PSD）含有不可见的控制字符"),
        ("", "视频密码（F_PSD）是必填项，不能为空"),
    ],
)
def test_a_password_that_cannot_travel_is_refused_without_telling_anything_of_it(
    password: str, sentence: str
) -> None:
    with pytest.raises(Unsendable) as caught:
        composer().camera(camera(), password, AT, qns)
    assert str(caught.value) == sentence
    assert "Xk7" not in repr(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "choices",
    [
        {},
        {"photos": "two-messages"},
        {"length": "packets"},
        {"length": "packets", "photos": "two-messages"},
    ],
)
def test_qns_are_asked_for_once_and_as_many_as_there_are_packets(
    storage: Path, choices: dict[str, str]
) -> None:
    counts: list[int] = []

    def give(count: int) -> tuple[str, ...]:
        counts.append(count)
        return qns(count)

    packets = composer(storage, **choices).passage(recorded(storage, passage()), give)
    assert counts == [len(packets)]
    assert tuple(packet.qn for packet in packets) == qns(len(packets))


def test_sending_again_makes_the_same_bytes(storage: Path) -> None:
    made = recorded(storage, passage())
    for choices in ({}, {"length": "packets"}, {"forbidden_words": "any-case"}):
        chosen = composer(storage, **choices)
        assert chosen.passage(made, qns) == chosen.passage(made, qns)
