"""What machines ask of the page."""

from flask.testing import FlaskClient
from web_gate import Gate


def test_a_page_that_answers_and_reads_is_healthy(client: FlaskClient) -> None:
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.json == {"ok": True}


def test_a_page_without_a_journal_is_not_healthy(bare_client: FlaskClient) -> None:
    response = bare_client.get("/healthz")
    assert response.status_code == 503
    assert response.json is not None
    assert response.json["ok"] is False
    ready = bare_client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json is not None
    assert [reason["code"] for reason in ready.json["reasons"]] == ["journal-unavailable"]


def test_a_gate_that_is_well_is_ready(client: FlaskClient) -> None:
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json == {
        "ready": True,
        "level": "normal",
        "verdict": "正常",
        "reasons": [],
        "at": "2025-11-24T10:42:07+08:00",
    }


def test_a_gate_that_wants_attention_is_ready_and_says_why(client: FlaskClient, gate: Gate) -> None:
    gate.record()
    gate.clock.sleep(6 * 60)
    gate.beat()
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json is not None
    assert response.json["level"] == "attention"
    assert response.json["reasons"] == [
        {"level": "attention", "code": "backlog", "sentence": "上报积压：最早一条已等待 6 分钟。"}
    ]


def test_a_gate_with_a_fault_is_not_ready(client: FlaskClient, gate: Gate) -> None:
    gate.beat("lane-A02", ok=False, detail="相机离线")
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json is not None
    assert response.json["ready"] is False
    assert [reason["code"] for reason in response.json["reasons"]] == ["troubled:lane-A02"]
