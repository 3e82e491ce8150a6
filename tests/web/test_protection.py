"""What every answer carries, and what the page refuses."""

import re
import sqlite3

import pytest
from flask import Flask
from flask.testing import FlaskClient
from web_gate import Gate

from appliance.runtime.journal import Journal
from appliance.runtime.web import create_app

ADDRESSES = ["/", "/passages/1", "/photos/1/front", "/static/gatehouse.css", "/nowhere", "/healthz"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_answer_carries_the_protecting_headers(
    client: FlaskClient, gate: Gate, address: str
) -> None:
    gate.record()
    with client.get(address) as response:
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "script-src" not in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert "Cache-Control" in response.headers


def test_pages_are_not_kept_by_a_browser(client: FlaskClient) -> None:
    assert client.get("/").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("address", ["/", "/passages/1", "/static/gatehouse.css", "/nowhere"])
def test_nothing_but_reading_is_answered(client: FlaskClient, method: str, address: str) -> None:
    response = client.open(address, method=method)
    assert response.status_code == 405
    assert {word.strip() for word in response.headers["Allow"].split(",")} == {"GET", "HEAD"}


def test_the_head_of_a_page_can_be_asked_for(client: FlaskClient) -> None:
    response = client.head("/")
    assert response.status_code == 200
    assert response.data == b""


def test_a_request_leaves_the_journal_as_it_was(client: FlaskClient, gate: Gate) -> None:
    passage = gate.record()
    before = (gate.journal.head(), gate.journal.heartbeats(), gate.journal.outbox_counts())
    for address in ("/", f"/passages/{passage.id}", "/readyz", "/healthz"):
        assert client.get(address).status_code == 200
    assert before == (
        gate.journal.head(),
        gate.journal.heartbeats(),
        gate.journal.outbox_counts(),
    )


def test_each_request_closes_the_journal_it_opened(gate: Gate) -> None:
    opened: list[Journal] = []

    def open_journal() -> Journal:
        opened.append(gate.readonly())
        return opened[-1]

    client = create_app(gate.profile, gate.clock, open_journal).test_client()
    client.get("/")
    client.get("/passages/404")
    assert len(opened) == 2
    for journal in opened:
        with pytest.raises(sqlite3.ProgrammingError):
            journal.heartbeats()


def test_a_missing_journal_is_a_friendly_page_that_tries_again(bare_client: FlaskClient) -> None:
    response = bare_client.get("/")
    assert response.status_code == 503
    assert "暂时看不到记录" in response.text
    assert "还没有记录库" in response.text
    assert '<meta http-equiv="refresh" content="5">' in response.text
    assert "Traceback" not in response.text
    assert "Content-Security-Policy" in response.headers


def test_a_journal_that_fails_while_it_is_read_is_a_friendly_page(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_journal: Journal) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(Journal, "heartbeats", fail)
    client = create_app(gate.profile, gate.clock, gate.readonly).test_client()
    response = client.get("/")
    assert response.status_code == 503
    assert "记录库暂时无法读取" in response.text
    assert "disk I/O" not in response.text
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json is not None
    assert ready.json["verdict"] == "故障"


def test_a_bug_is_a_friendly_page_without_its_traceback(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_journal: Journal) -> None:
        raise RuntimeError("/secret/place")

    monkeypatch.setattr(Journal, "heartbeats", fail)
    response = app.test_client().get("/")
    assert response.status_code == 500
    assert "页面出错" in response.text
    assert "/secret/place" not in response.text


def test_no_password_name_reaches_a_page(client: FlaskClient, gate: Gate) -> None:
    gate.record()
    rules = client.application.url_map.iter_rules()
    addresses = {re.sub(r"<row_id:\w+>", "1", rule.rule) for rule in rules} | {"/lanes/A01.jpg"}
    plain = {each for each in addresses if "<" not in each}
    assert {"/", "/passages/1", "/readyz", "/uplink/report.txt"} <= plain
    for address in plain:
        with client.get(address) as answer:
            assert b"camera-password" not in answer.data
