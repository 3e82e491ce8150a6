"""The books on the status page (5.1.2, 5.1.3)."""

import re
from datetime import timedelta

from flask.testing import FlaskClient
from web_gate import Gate

from appliance.runtime.journal.values import OutboxState, Receipt, RecordedPassage


def page(client: FlaskClient) -> str:
    response = client.get("/")
    assert response.status_code == 200
    return re.sub(r"\s+", " ", response.text)


def acknowledge(gate: Gate, passage: RecordedPassage, seconds: float = 1.0) -> None:
    message = gate.journal.begin_attempt(gate.journal.messages(passage.id)[-1])
    at = gate.clock.now() + timedelta(seconds=seconds)
    gate.journal.receive(message, Receipt(1, "##raw", at), state=OutboxState.DONE)


def day(text: str, name: str) -> list[str]:
    """The cells of a day's line as words."""
    (line,) = re.findall(rf"<tr class=\"[^\"]*\"> <th scope=\"row\">{name}.*?</tr>", text)
    cells = re.findall(r"<td[^>]*>(.*?)</td>", line)
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in cells]


def outage(gate: Gate, hours: float, number: int = 3) -> list[RecordedPassage]:
    passages = [gate.record() for _ in range(number)]
    gate.clock.sleep(hours * 3600)
    gate.beat()
    return passages


def goes_on(gate: Gate, hours: int) -> None:
    """Hours of live traffic that the platform takes."""
    for _ in range(hours):
        gate.clock.sleep(3600)
        acknowledge(gate, gate.record(photos=()), 0)
    gate.beat()


def test_a_day_shows_its_numbers_rates_and_verdict(client: FlaskClient, gate: Gate) -> None:
    for number in range(20):
        acknowledge(gate, gate.record(plate=None if number < 2 else "宁A12345"))
    gate.clock.sleep(24 * 3600)
    gate.beat()
    text = page(client)
    numbers = ["20", "20", "20", "0", "0"]
    assert day(text, "11-24") == [*numbers, "100.0%", "90.0%", "缺车牌 2", "未达标"]
    assert '<span class="below">90.0%</span>' in text
    assert day(text, "11-25") == ["", "无通行"]
    assert day(text, "合计")[-1] == "未达标"


def test_today_is_going_on_while_its_rate_is_low(client: FlaskClient, gate: Gate) -> None:
    gate.record()
    assert day(page(client), "11-24")[-1] == "进行中"


def test_the_days_are_counted_anew_after_a_minute(client: FlaskClient, gate: Gate) -> None:
    passage = gate.record()
    assert day(page(client), "11-24")[:2] == ["1", "0"]
    acknowledge(gate, passage)
    gate.clock.sleep(59)
    assert day(page(client), "11-24")[:2] == ["1", "0"]
    gate.clock.sleep(1)
    assert day(page(client), "11-24")[:2] == ["1", "1"]


def test_a_missed_upload_is_in_the_verdict_and_takes_the_place_of_the_backlog(
    client: FlaskClient, gate: Gate
) -> None:
    outage(gate, 11 / 60)
    text = page(client)
    assert "verdict-attention" in text
    assert "漏传报警：最早一条通行记录已 11 分钟未得到平台确认。" in text
    assert "上报积压" not in text
    reasons = client.get("/readyz").json["reasons"]
    assert [reason["code"] for reason in reasons] == ["missed-upload"]


def test_an_interruption_of_a_day_asks_for_a_report_and_offers_its_text(
    client: FlaskClient, gate: Gate
) -> None:
    outage(gate, 23.9)
    assert "查看报备文本" not in page(client)
    assert client.get("/uplink/report.txt").status_code == 404
    gate.clock.sleep(3600)
    gate.beat()
    text = page(client)
    assert "数据中断已达 24 小时，须向生态环境主管部门报备" in text
    assert '已持续 <b class="nowrap">24 小时 54 分</b>' in text
    assert 'href="/uplink/report.txt"' in text
    report = client.get("/uplink/report.txt")
    assert report.mimetype == "text/plain"
    assert "待补传的车辆进出厂记录 3 条" in report.text


def test_after_the_recovery_the_deadline_counts_down(client: FlaskClient, gate: Gate) -> None:
    first, *rest = outage(gate, 30)
    acknowledge(gate, first, 0)
    goes_on(gate, 52)
    text = page(client)
    assert "<dt>距补传期限</dt><dd>20 小时 0 分</dd>" in text
    assert "<dt>剩余</dt><dd>2 条</dd>" in text
    assert "按目前速度不能按期完成（近 1 小时没有补传成功）" in text
    assert "补传进行中：剩余 2 条，距期限 20 小时，按目前速度不能按期完成。" in text
    acknowledge(gate, rest[0], -60)
    assert "（近 1 小时补传 1 条，预计" in page(client)
    acknowledge(gate, rest[1], -60)
    text = page(client)
    assert "中断后的数据已补传完毕" in text
    assert "verdict-normal" in text
    gate.clock.sleep(21 * 3600)
    gate.beat()
    assert "已补传完毕" not in page(client)


def test_an_overdue_backfill_stays_on_the_page(client: FlaskClient, gate: Gate) -> None:
    first, *_ = outage(gate, 30)
    acknowledge(gate, first, 0)
    goes_on(gate, 80)
    text = page(client)
    assert "补传逾期：仍有 2 条未得到平台确认。" in text
    assert "<dt>已逾期</dt><dd>8 小时 0 分</dd>" in text
