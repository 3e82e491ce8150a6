"""The storage on the status page, and the evidence of a passage."""

import io
import zipfile
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from web_gate import Gate

from appliance.guideline.retention import Kind
from appliance.profile.storage import ROOT
from appliance.runtime.journal.storage_state import StorageState, VolumeState
from appliance.runtime.journal.values import OutboxState, Receipt
from appliance.runtime.journal.video import Fragment
from appliance.runtime.web import pages

GOOD = VolumeState(ROOT, True, 10**12, 5 * 10**11)
SOON = VolumeState(ROOT, True, 10**12, 10**10, 12.4, "录像预计只够存 112 天，应存 365 天")
AWAY = VolumeState("/srv/video/1", False, 0, 0, short="录像盘 /srv/video/1 没有挂载")


@pytest.mark.parametrize(
    ("said", "level", "reason"),
    [
        (
            {"volumes": (SOON,)},
            "attention",
            (f"days-left:{ROOT}", "约 12 天后写满，录像预计"),
        ),
        ({"volumes": (AWAY,)}, "fault", ("volume-missing:/srv/video/1", "没有挂载")),
        ({"stopped": (Kind.VIDEO,)}, "fault", ("storage-stopped", "停止存入：录像")),
        ({"early": 3}, "attention", ("early-deletion", "提前删除 3 批")),
        ({"refusal": "系统时钟跳变了"}, "attention", ("sweep-refused", "系统时钟跳变了")),
    ],
)
def test_the_verdict_says_what_the_sweeper_found(
    client: FlaskClient, gate: Gate, said: dict, level: str, reason: tuple[str, str]
) -> None:
    code, sentence = reason
    gate.journal.say_storage(StorageState(gate.clock.now(), **said))
    answer = client.get("/readyz").json
    assert answer["level"] == level
    (told,) = answer["reasons"]
    assert told["code"] == code
    assert sentence in told["sentence"]
    assert sentence in client.get("/").text


def test_a_storage_in_order_is_shown_and_no_reason(client: FlaskClient, gate: Gate) -> None:
    gate.journal.say_storage(StorageState(gate.clock.now(), (GOOD,)))
    assert client.get("/readyz").json["level"] == "normal"
    assert "空闲 50%" in client.get("/").text


def test_early_deletions_are_shown_as_what_they_are(client: FlaskClient, gate: Gate) -> None:
    at = gate.clock.now() - timedelta(days=90)
    gate.journal.video().add_fragment(Fragment("c", at, 60, "/v", "video/a.mp4", 1))
    gate.journal.shelves().take(
        Kind.VIDEO, before=gate.clock.now(), volumes={"/v"}, limit=9, kept_days=365, early=True
    )
    gate.journal.say_storage(StorageState(gate.clock.now(), (GOOD,), early=1))
    text = client.get("/").text
    assert "录像 1 份" in text
    assert "应存 365 天" in text
    assert "提前删除" in text


def test_photos_that_the_policy_deleted_are_told_with_their_day(
    client: FlaskClient, gate: Gate
) -> None:
    passage = gate.record()
    (message,) = gate.journal.messages(passage.id)
    gate.journal.receive(message, Receipt(1, "", gate.clock.now()), state=OutboxState.DONE)
    gate.clock.time += timedelta(days=731)
    taken = gate.journal.shelves().take(
        Kind.PHOTOS, before=gate.clock.now(), volumes={ROOT}, limit=9, kept_days=730
    )
    for _, path in taken.files:
        (gate.root / path).unlink()
    text = client.get(f"/passages/{passage.id}").text
    assert "保存满 730 天，按策略删除" in text
    assert "照片文件缺失" not in text
    assert "mark-bad" not in text


def test_the_page_of_a_passage_offers_its_evidence_as_a_zip(
    client: FlaskClient, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    passage = gate.record()
    address = f"/passages/{passage.id}/evidence.zip"
    assert f'href="{address}"' in client.get(f"/passages/{passage.id}").text
    with client.get(address) as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "application/zip"
        assert "attachment" in answer.headers["Content-Disposition"]
        packed = io.BytesIO(answer.data)
    with zipfile.ZipFile(packed) as archive:
        assert archive.testzip() is None
        assert f"passage-{passage.id:08d}/photo-front.jpg" in archive.namelist()
    assert client.get("/passages/99/evidence.zip").status_code == 404
    assert client.post(address).status_code == 405
    monkeypatch.setattr(pages, "MOST_BYTES", 10)
    assert client.get(address).status_code == 413
