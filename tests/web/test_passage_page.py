"""The page of one passage."""

import re

import pytest
from flask.testing import FlaskClient
from web_gate import Gate, jpeg, truck

from appliance.guideline.dictionaries import EmissionStage, PlateColour, RaiseMethod
from appliance.runtime.journal.values import OutboxState, Receipt, Seen

HOSTILE_IDS = [
    "0",
    "-1",
    "1.0",
    "x",
    "１",
    "1;drop",
    "9" * 18,
    "9" * 19,
    "9" * 5000,
    "..%2f..%2fetc%2fpasswd",
    "%00",
    "1%00",
]


def page(client: FlaskClient, passage_id: int) -> str:
    """The page as text; one blank between words."""
    response = client.get(f"/passages/{passage_id}")
    assert response.status_code == 200
    return re.sub(r"\s+", " ", response.text)


def test_the_whole_record_and_both_photos_are_shown(client: FlaskClient, gate: Gate) -> None:
    passage = gate.record()
    text = page(client, passage.id)
    for kind in ("front", "body"):
        assert f'<img src="/photos/{passage.id}/{kind}"' in text
    for title, value in (
        ("进出时间", "2025-11-24 10:42:07"),
        ("出入口编号", "A（东门）"),
        ("道闸编号", "A01"),
        ("进出位置", "东门进厂道"),
        ("车牌号码", "宁A12345"),
        ("车牌颜色", "黄牌"),
        ("识别置信度", "98%"),
        ("放行决定", "放行（国六，符合要求）"),
        ("抬杆方式", "自动"),
        ("车辆识别代号（VIN）", "LFWSRXSJ5M1F12345"),
        ("注册登记日期", "2021-05-06"),
        ("联网状态", "已联网"),
        ("车载终端7日数据", "未登记"),
        ("车队名称", "宁夏某某运输有限公司"),
    ):
        assert f'<th scope="row">{title}</th><td>{value}</td>' in text
    assert text.count("与记录一致") == 2


def test_a_photo_that_was_changed_or_lost_is_called_so(client: FlaskClient, gate: Gate) -> None:
    passage = gate.record()
    front, body = (gate.journal.photo_path(photo) for photo in passage.photos)
    front.write_bytes(jpeg(99))
    body.unlink()
    text = page(client, passage.id)
    assert "与记录不符" in text
    assert "文件缺失" in text
    assert "与记录一致" not in text


def test_messages_are_shown_with_attempts_and_every_receipt(
    client: FlaskClient, gate: Gate
) -> None:
    passage = gate.record()
    message = gate.journal.begin_attempt(gate.journal.messages(passage.id)[0])
    now = gate.clock.now()
    gate.journal.receive(
        message, Receipt(3, "##0001&bad", now), state=OutboxState.WAITING, next_try_at=now
    )
    message = gate.journal.begin_attempt(message)
    gate.journal.receive(message, Receipt(1, "##0002&good", now), state=OutboxState.DONE)
    text = page(client, passage.id)
    assert message.qn in text
    assert "已发送</span> 2 次" in text
    assert "3（数据格式错误，解析失败）" in text
    assert "1（数据接收成功）" in text
    assert "##0002&amp;good" in text


def test_corrections_say_who_why_and_what_was_there_before(client: FlaskClient, gate: Gate) -> None:
    passage = gate.record(plate=None, plate_colour=PlateColour.OTHER, vehicle=None)
    gate.journal.correct(
        passage.id,
        plate="宁A12345",
        plate_colour=PlateColour.YELLOW,
        raise_method=RaiseMethod.MANUAL,
        vehicle=truck(),
        by="王五",
        why="照片可辨认",
    )
    gate.journal.correct(
        passage.id,
        vehicle=truck(emission_stage=EmissionStage.CHINA_5, networked=False),
        by="赵六",
        why="行驶证",
    )
    text = page(client, passage.id)
    for said in (
        "更正人</span> 王五",
        "原因</span> 照片可辨认",
        "<del>未识别</del> → <ins>宁A12345</ins>",
        "<del>其他</del> → <ins>黄牌</ins>",
        "<del>自动</del> → <ins>手动</ins>",
        "<del>国六</del> → <ins>国五</ins>",
        "<del>已联网</del> → <ins>未联网</ins>",
    ):
        assert said in text
    assert "已更正" in text


@pytest.mark.parametrize("hostile", HOSTILE_IDS)
def test_an_id_that_is_none_is_a_page_that_is_not_there(
    client: FlaskClient, gate: Gate, hostile: str
) -> None:
    gate.record()
    for address in (f"/passages/{hostile}", f"/photos/{hostile}/front"):
        response = client.get(address)
        assert response.status_code == 404
        assert "没有这个页面" in response.text


def test_what_readers_saw_of_an_unsure_plate_and_what_a_person_said_of_it_is_shown(
    client: FlaskClient, gate: Gate
) -> None:
    seen = (Seen("own", "宁A12345", PlateColour.YELLOW, 0.71),)
    number = gate.record(plate=None, vehicle=None, seen=seen).id
    assert "待复核" in client.get("/").text
    gate.journal.correct(number, review="无法辨认", by="李门卫", why="人工复核")
    page = client.get(f"/passages/{number}").text
    assert "宁A12345 黄牌（own，71%）" in page
    assert page.count("无法辨认") == 2
    assert "待复核" not in client.get("/").text
