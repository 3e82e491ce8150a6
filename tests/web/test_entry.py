"""Gatekeepers enter what the camera could not read (4.5.1-1)."""

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from web_gate import Gate

from appliance.guideline.dictionaries import PlateColour
from appliance.runtime.journal import Journal
from appliance.runtime.journal.values import OutboxState, RecordedPassage, Seen
from appliance.runtime.web.entry import cookie_key, create_entry_app

KEEPERS = {"李门卫": "correct horse", "王门卫": "battery staple"}
KEY = b"k" * 32
SEEN = (
    Seen("own", "宁A12345", PlateColour.YELLOW, 0.71),
    Seen("clp_v2", "宁A12346", PlateColour.YELLOW, 0.55),
)


@pytest.fixture
def app(gate: Gate) -> Flask:
    root = Path(gate.profile.storage.root)
    return create_entry_app(
        gate.profile, gate.clock, lambda: Journal.open(root, gate.clock), KEEPERS, KEY
    )


@pytest.fixture
def keeper(app: Flask) -> FlaskClient:
    """A browser in which 李门卫 has come in."""
    client = app.test_client()
    assert come_in(client, "李门卫", KEEPERS["李门卫"]) == 302
    return client


def come_in(client: FlaskClient, name: str, password: str) -> int:
    return client.post("/login", data={"name": name, "password": password}).status_code


def token(client: FlaskClient) -> str:
    found = re.search(r'name="token" value="([^"]+)"', client.get("/").text)
    assert found
    return found[1]


def unread(gate: Gate, key: str = "A01-x", hold: str | None = None) -> RecordedPassage:
    return gate.record(key=key, hold=hold, plate=None, vehicle=None, seen=SEEN)


def send(client: FlaskClient, address: str, **fields: str):
    return client.post(address, data={"token": token(client), **fields})


@pytest.mark.parametrize("address", ["/", "/passages/1", "/photos/1/front", "/lanes/A01.jpg"])
def test_a_stranger_sees_the_login_and_nothing_else(app: Flask, gate: Gate, address: str) -> None:
    unread(gate)
    answer = app.test_client().get(address)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login")


def test_a_stranger_cannot_write(app: Flask, gate: Gate) -> None:
    number = unread(gate).id
    fields = {"plate": "宁A12345", "colour": "黄牌"}
    assert app.test_client().post(f"/passages/{number}", data=fields).status_code == 302
    assert gate.journal.count_awaiting_entry() == 1


@pytest.mark.parametrize(
    ("name", "password"), [("李门卫", "wrong"), ("张三", "correct horse"), ("", "")]
)
def test_a_wrong_name_or_password_is_refused_without_saying_which(
    app: Flask, name: str, password: str
) -> None:
    answer = app.test_client().post("/login", data={"name": name, "password": password})
    assert (answer.status_code, "姓名或密码不对" in answer.text) == (403, True)


def test_guessing_is_stopped_for_a_minute(app: Flask, gate: Gate) -> None:
    client = app.test_client()
    assert [come_in(client, "李门卫", "wrong") for _ in range(6)] == [403] * 5 + [429]
    assert come_in(client, "李门卫", KEEPERS["李门卫"]) == 429
    assert come_in(client, "王门卫", KEEPERS["王门卫"]) == 302
    gate.clock.sleep(61)
    assert come_in(client, "李门卫", KEEPERS["李门卫"]) == 302


def test_a_changed_password_ends_the_shift(gate: Gate, keeper: FlaskClient) -> None:
    root = Path(gate.profile.storage.root)
    changed = create_entry_app(
        gate.profile, gate.clock, lambda: Journal.open(root, gate.clock), {"李门卫": "new"}, KEY
    ).test_client()
    cookie = keeper.get_cookie("gatehouse")
    assert cookie
    changed.set_cookie("gatehouse", cookie.value)
    assert changed.get("/").status_code == 302


def test_the_cookie_tells_no_password_and_is_out_of_a_scripts_reach(app: Flask) -> None:
    answer = app.test_client().post("/login", data={"name": "李门卫", "password": "correct horse"})
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "horse" not in cookie


def test_the_queue_shows_who_waits_with_both_readings(gate: Gate, keeper: FlaskClient) -> None:
    number = unread(gate).id
    gate.record(key="A01-read")
    page = keeper.get("/").text
    assert f"/passages/{number}" in page
    assert page.count('class="card waiting"') == 1
    assert "宁A12345 71%" in page
    assert "宁A12346 55%" in page


def test_a_reading_is_taken_over_by_its_place(gate: Gate, keeper: FlaskClient) -> None:
    number = unread(gate).id
    assert send(keeper, f"/passages/{number}", choice="1").status_code == 303
    passage = gate.journal.passage(number)
    assert (passage.plate, passage.plate_colour) == ("宁A12346", PlateColour.YELLOW)
    assert gate.journal.corrections(number)[0].by == "李门卫"


def test_a_reading_without_a_colour_is_taken_over_with_the_one_that_is_chosen(
    gate: Gate, keeper: FlaskClient
) -> None:
    seen = (Seen("own", "宁A12345", PlateColour.OTHER, 0.97),)
    number = gate.record(plate=None, vehicle=None, seen=seen).id
    assert "颜色未定，请在下面选择" in keeper.get(f"/passages/{number}").text
    asked = send(keeper, f"/passages/{number}", choice="0")
    assert (asked.status_code, "请选择车牌颜色" in asked.text) == (422, True)
    assert 'value="0" checked' in asked.text
    assert send(keeper, f"/passages/{number}", choice="0", colour="黄牌").status_code == 303
    passage = gate.journal.passage(number)
    assert (passage.plate, passage.plate_colour) == ("宁A12345", PlateColour.YELLOW)


def test_a_colour_that_is_chosen_goes_before_the_readings(gate: Gate, keeper: FlaskClient) -> None:
    number = unread(gate).id
    send(keeper, f"/passages/{number}", choice="0", colour="蓝牌")
    assert gate.journal.passage(number).plate_colour is PlateColour.BLUE


def test_a_typed_plate_is_entered_and_the_next_one_is_shown(
    gate: Gate, keeper: FlaskClient
) -> None:
    first, second = unread(gate, "A01-1").id, unread(gate, "A01-2").id
    answer = send(keeper, f"/passages/{first}", choice="typed", plate=" 宁b99999", colour="蓝牌")
    assert answer.headers["Location"] == f"/passages/{second}"
    assert gate.journal.passage(first).plate == "宁B99999"
    assert "已补录为 宁B99999 蓝牌" in keeper.get(f"/passages/{second}").text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"choice": "typed", "plate": "宁A1", "colour": "蓝牌"}, "不是车牌号码"),
        ({"choice": "typed", "plate": "宁A12345"}, "请选择车牌颜色"),
        ({"choice": "typed", "plate": "宁A12345", "colour": "粉牌"}, "请选择车牌颜色"),
        ({"choice": "9", "plate": "宁A12345"}, "请选择车牌颜色"),
        ({"choice": "9" * 5000, "plate": "宁A12345"}, "请选择车牌颜色"),
    ],
)
def test_bad_input_is_told_and_what_was_typed_stays(
    gate: Gate, keeper: FlaskClient, fields: dict[str, str], said: str
) -> None:
    number = unread(gate).id
    answer = send(keeper, f"/passages/{number}", **fields)
    assert answer.status_code == 422
    assert said in answer.text
    assert f'value="{fields["plate"]}"' in answer.text
    assert gate.journal.count_awaiting_entry() == 1


def test_a_typed_script_comes_back_as_text(gate: Gate, keeper: FlaskClient) -> None:
    number = unread(gate).id
    answer = send(keeper, f"/passages/{number}", plate='"><script>', colour="蓝牌")
    assert "<script>" not in answer.text


def test_a_plate_nobody_can_read_is_taken_off_the_queue(gate: Gate, keeper: FlaskClient) -> None:
    number = unread(gate).id
    assert send(keeper, f"/passages/{number}/review", review="无法辨认").status_code == 303
    assert gate.journal.passage(number).review == "无法辨认"
    assert gate.journal.count_awaiting_entry() == 0
    assert send(keeper, f"/passages/{number}/review", review="随便").status_code == 400


def test_a_form_from_elsewhere_changes_nothing(gate: Gate, keeper: FlaskClient) -> None:
    number = unread(gate).id
    keeper.get("/")
    for forged in ({}, {"token": "x"}):
        answer = keeper.post(f"/passages/{number}", data={"choice": "0", **forged})
        assert (answer.status_code, "页面已过期" in answer.text) == (400, True)
    assert gate.journal.count_awaiting_entry() == 1


def test_an_entry_for_a_vehicle_kept_out_stays_held(gate: Gate, keeper: FlaskClient) -> None:
    number = unread(gate, hold="未放行").id
    send(keeper, f"/passages/{number}", choice="0")
    assert [m.state for m in gate.journal.messages(number)] == [OutboxState.HELD]


def test_the_photo_is_shown_to_who_has_come_in(gate: Gate, keeper: FlaskClient) -> None:
    number = unread(gate).id
    assert keeper.get(f"/photos/{number}/front").mimetype == "image/jpeg"


def test_leaving_ends_the_shift(keeper: FlaskClient) -> None:
    send(keeper, "/logout")
    assert keeper.get("/").status_code == 302


def test_a_passage_that_is_not_there_is_a_friendly_page(keeper: FlaskClient) -> None:
    answer = keeper.get("/passages/999")
    assert (answer.status_code, "没有这个页面" in answer.text) == (404, True)


def test_the_key_outlives_a_restart_and_is_for_the_service_alone(tmp_path: Path) -> None:
    key = cookie_key(tmp_path)
    assert cookie_key(tmp_path) == key
    path = tmp_path / "run" / "entry-key"
    assert path.stat().st_mode & 0o077 == 0
    path.write_bytes(b"half")
    assert len(cookie_key(tmp_path)) == 32
