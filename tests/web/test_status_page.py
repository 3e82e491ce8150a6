"""The status page as a regulator sees it."""

import os
import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from web_gate import Gate, jpeg, truck

from appliance.guideline.dictionaries import Direction, PlateColour, RaiseMethod
from appliance.runtime.journal.values import Admission, Decision, OutboxState, Receipt

HOSTILE = '<script>alert("x")</script>'
REFUSED = Admission(Decision.REFUSE, "block-list", "在黑名单中")


def page(client: FlaskClient) -> str:
    """The status page as text; one blank between words."""
    response = client.get("/")
    assert response.status_code == 200
    return re.sub(r"\s+", " ", response.text)


def test_a_gate_where_nothing_happened_yet_is_well(client: FlaskClient) -> None:
    text = page(client)
    assert '<html lang="zh-CN">' in text
    assert "宁夏某某有限公司" in text
    assert "10:42:07" in text
    assert "verdict-normal" in text
    assert "各程序运行正常，上报没有积压。" in text
    assert "还没有通行记录" in text


def test_the_page_renews_itself_without_javascript(client: FlaskClient, gate: Gate) -> None:
    gate.record()
    text = page(client)
    assert '<meta http-equiv="refresh" content="5">' in text
    assert "<script" not in text
    assert "javascript:" not in text
    assert not re.search(r"\son\w+=", text)
    assert "style=" not in text
    assert "<style" not in text


def test_a_program_that_fell_silent_is_a_fault_on_the_page(client: FlaskClient, gate: Gate) -> None:
    gate.clock.sleep(40)
    gate.beat("lane-A01", "uplink", "web", "sweeper", "recorder")
    text = page(client)
    assert "verdict-fault" in text
    assert "车道 A02：已有 40 秒没有心跳，程序可能已停止。" in text
    assert "此前：一切正常" in text


def test_a_passage_shows_what_was_recorded_of_it(client: FlaskClient, gate: Gate) -> None:
    passage = gate.record()
    text = page(client)
    assert '<span class="region">宁A</span><span class="serial">12345</span>' in text
    for word in ("黄牌", "国六", "放行", "国六，符合要求", "自动", "待上报", "进厂"):
        assert word in text
    assert f'src="/photos/{passage.id}/front/small"' in text
    assert f'href="/passages/{passage.id}"' in text
    assert "已更正" not in text


@pytest.mark.parametrize(
    ("colour", "drawn"),
    [
        (PlateColour.BLUE, "plate-blue"),
        (PlateColour.YELLOW, "plate-yellow"),
        (PlateColour.GREEN, "plate-green"),
        (PlateColour.YELLOW_GREEN, "plate-yellow-green"),
        (PlateColour.WHITE, "plate-white"),
        (PlateColour.BLACK, "plate-black"),
        (PlateColour.OTHER, "plate-other"),
    ],
)
def test_each_plate_colour_has_its_badge(
    client: FlaskClient, gate: Gate, colour: PlateColour, drawn: str
) -> None:
    gate.record(plate_colour=colour)
    text = page(client)
    assert f'class="plate {drawn}"' in text
    assert colour in text


def test_an_unread_plate_is_said_to_be_unread(client: FlaskClient, gate: Gate) -> None:
    gate.record(plate=None, plate_colour=PlateColour.OTHER, confidence=0.0, vehicle=None)
    text = page(client)
    assert '<span class="plate plate-unread">未识别</span>' in text
    assert "未登记" in text


def test_a_refused_vehicle_is_shown_with_its_reason_and_a_bar_that_stayed_down(
    client: FlaskClient, gate: Gate
) -> None:
    gate.record(admission=REFUSED, hold="人工抬杆后上报")
    text = page(client)
    for word in ("拒绝", "在黑名单中", "未抬杆", "暂存", "人工抬杆后上报"):
        assert word in text


def test_a_vehicle_let_in_by_hand_is_marked_as_corrected_and_manual(
    client: FlaskClient, gate: Gate
) -> None:
    passage = gate.record(admission=REFUSED, hold="人工抬杆后上报")
    gate.journal.correct(passage.id, raise_method=RaiseMethod.MANUAL, by="值班员", why="放行")
    text = page(client)
    assert "已更正" in text
    assert '<td class="raise" data-title="抬杆方式">手动</td>' in text
    assert "未抬杆" not in text


def test_a_confirmed_message_is_shown_with_the_time_of_its_receipt(
    client: FlaskClient, gate: Gate
) -> None:
    passage = gate.record()
    message = gate.journal.begin_attempt(gate.journal.messages(passage.id)[0])
    at = gate.clock.now() - timedelta(minutes=2)
    gate.journal.receive(message, Receipt(1, "##raw", at), state=OutboxState.DONE)
    text = page(client)
    assert '<span class="mark mark-done">已确认</span> <span class="quiet nowrap">10:40:07' in text
    assert '平台最近一次应答： <strong class="nowrap">10:40:07</strong>' in text


def test_a_passage_corrected_after_its_receipt_is_waiting_again(
    client: FlaskClient, gate: Gate
) -> None:
    passage = gate.record()
    message = gate.journal.begin_attempt(gate.journal.messages(passage.id)[0])
    receipt = Receipt(1, "##raw", gate.clock.now())
    gate.journal.receive(message, receipt, state=OutboxState.DONE)
    gate.journal.correct(passage.id, plate="宁A54321", by="值班员", why="看错")
    text = page(client)
    assert "mark-waiting" in text
    assert "mark-done" not in text


def test_a_message_set_aside_is_shown_with_the_reason(client: FlaskClient, gate: Gate) -> None:
    passage = gate.record()
    gate.journal.set_aside(gate.journal.messages(passage.id)[0], "车牌号码超长")
    text = page(client)
    assert '<span class="mark mark-aside">搁置</span> <span class="why">车牌号码超长' in text
    assert "有 1 条记录未能上报，已搁置，需要人工处理。" in text


def test_a_lane_shows_its_picture_its_state_and_its_own_last_vehicle(
    client: FlaskClient, gate: Gate
) -> None:
    gate.record(plate="宁A11111", vehicle=None)
    gate.record(plate="宁B22222", vehicle=None)
    gate.record(barrier="A02", direction=Direction.OUT, plate="宁C33333", vehicle=None)
    (gate.root / "lanes").mkdir()
    snapshot = gate.root / "lanes" / "A01.jpg"
    snapshot.write_bytes(jpeg(0))
    os.utime(snapshot, (gate.clock.monotonic(),) * 2)
    first, second = page(client).split('<article class="card lane">')[1:]
    second = second.split("</article>")[0]
    assert 'src="/lanes/A01.jpg"' in first
    assert "画面已停留" not in first
    assert ">22222<" in first
    assert ">11111<" not in first
    assert "暂无画面" in second
    assert "出厂" in second
    assert ">33333<" in second


def test_an_old_picture_does_not_pass_for_the_lane_as_it_is_now(
    client: FlaskClient, gate: Gate
) -> None:
    (gate.root / "lanes").mkdir()
    snapshot = gate.root / "lanes" / "A01.jpg"
    snapshot.write_bytes(jpeg(0))
    os.utime(snapshot, (gate.clock.monotonic() - 600,) * 2)
    assert "画面已停留在 10:32:07" in page(client)


def test_only_the_last_twenty_passages_are_listed_newest_first(
    client: FlaskClient, gate: Gate
) -> None:
    for _ in range(22):
        gate.record(photos=())
    listed = re.findall(r'<td class="when"><a class="nowrap" href="/passages/(\d+)">', page(client))
    assert listed == [str(number) for number in range(22, 2, -1)]


def test_a_photo_whose_file_is_gone_leaves_no_hole(client: FlaskClient, gate: Gate) -> None:
    passage = gate.record()
    gate.journal.photo_path(passage.photos[0]).unlink()
    text = page(client)
    assert "无照片" in text
    assert "/front/small" not in text


def test_events_are_listed_and_known_kinds_have_a_chinese_name(
    client: FlaskClient, gate: Gate
) -> None:
    gate.journal.note("manual-raise", "道闸 A01 手动抬杆")
    gate.journal.note("something-new", "新的事件")
    text = page(client)
    assert '<span class="mark">手动抬杆</span>' in text
    assert "something-new" in text
    assert "新的事件" in text


def test_markup_in_records_is_shown_as_text(client: FlaskClient, gate: Gate) -> None:
    passage = gate.record(
        plate=HOSTILE,
        position=HOSTILE,
        vehicle=truck(plate=HOSTILE, fleet=HOSTILE),
        admission=Admission(Decision.ADMIT, HOSTILE, HOSTILE),
    )
    gate.journal.note(HOSTILE, HOSTILE)
    gate.beat("uplink", ok=False, detail=HOSTILE)
    gate.journal.correct(passage.id, plate=HOSTILE + "2", by=HOSTILE, why=HOSTILE)
    gate.journal.set_aside(gate.journal.messages(passage.id)[-1], HOSTILE)
    for address in ("/", f"/passages/{passage.id}"):
        text = client.get(address).text
        assert "<script" not in text
        assert "&lt;script&gt;" in text
