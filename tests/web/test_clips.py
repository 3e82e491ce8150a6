"""A passage's video on its page: played in parts, only through the journal."""

import hashlib

import pytest
from flask.testing import FlaskClient
from web_gate import Gate

from appliance.runtime.journal.shelves import ROOT
from appliance.runtime.journal.values import RecordedPassage
from appliance.runtime.journal.video import Clip

FILM = bytes(range(256)) * 40


def clip_of(gate: Gate, passage: RecordedPassage, codec: str = "h264", there: bool = True) -> Clip:
    """A clip of a passage, on the disk if it is to be there."""
    path = f"clips/2025-11-24/{passage.id:08d}-plate-a01.mp4"
    if there:
        file = gate.root / path
        file.parent.mkdir(parents=True)
        file.write_bytes(FILM)
    clip = Clip(
        passage_id=passage.id,
        camera="plate-a01",
        began_at=passage.passed_at,
        seconds=20.0,
        volume=ROOT,
        path=path,
        sha256=hashlib.sha256(FILM).hexdigest(),
        bytes=len(FILM),
        codec=codec,
    )
    gate.journal.video().add_clip(clip)
    return clip


def test_the_page_of_a_passage_plays_its_clip(client: FlaskClient, gate: Gate) -> None:
    passage = gate.record()
    clip = clip_of(gate, passage)
    text = client.get(f"/passages/{passage.id}").get_data(as_text=True)
    assert f'<video src="/clips/{passage.id}/1.mp4" controls' in text
    assert "东门进厂道卡口" in text
    assert "起 20 秒" in text
    assert clip.sha256 in text


def test_the_policy_lets_a_page_play_its_own_video_and_no_other(
    client: FlaskClient, gate: Gate
) -> None:
    passage = gate.record()
    policy = client.get(f"/passages/{passage.id}").headers["Content-Security-Policy"]
    assert "media-src 'self'" in policy
    assert "default-src 'none'" in policy


@pytest.mark.parametrize(
    ("asked", "part"),
    [("bytes=0-99", FILM[:100]), ("bytes=10000-", FILM[10000:]), ("bytes=-7", FILM[-7:])],
)
def test_a_player_gets_the_part_it_asks_for(
    client: FlaskClient, gate: Gate, asked: str, part: bytes
) -> None:
    passage = gate.record()
    clip_of(gate, passage)
    with client.get(f"/clips/{passage.id}/1.mp4", headers={"Range": asked}) as response:
        assert response.status_code == 206
        assert response.data == part
        assert response.headers["Content-Range"].endswith(f"/{len(FILM)}")
        assert response.mimetype == "video/mp4"


def test_a_whole_clip_may_be_kept_and_is_asked_for_in_vain_again(
    client: FlaskClient, gate: Gate
) -> None:
    passage = gate.record()
    clip = clip_of(gate, passage)
    with client.get(f"/clips/{passage.id}/1.mp4") as response:
        assert response.data == FILM
        assert response.headers["Accept-Ranges"] == "bytes"
        assert "private" in response.headers["Cache-Control"]
        assert "public" not in response.headers["Cache-Control"]
    again = {"If-None-Match": f'"{clip.sha256}"'}
    with client.get(f"/clips/{passage.id}/1.mp4", headers=again) as response:
        assert response.status_code == 304


def test_h265_is_offered_for_download_with_a_sentence(client: FlaskClient, gate: Gate) -> None:
    passage = gate.record()
    clip_of(gate, passage, codec="h265")
    text = client.get(f"/passages/{passage.id}").get_data(as_text=True)
    assert "<video" not in text
    assert "H.265 编码，多数浏览器不能直接播放，请下载" in text
    with client.get(f"/clips/{passage.id}/1.mp4?download") as response:
        assert response.headers["Content-Disposition"].startswith("attachment")


def test_a_clip_whose_disk_is_away_is_said_to_be_missing(client: FlaskClient, gate: Gate) -> None:
    passage = gate.record()
    clip_of(gate, passage, there=False)
    assert "片段文件缺失" in client.get(f"/passages/{passage.id}").get_data(as_text=True)
    assert client.get(f"/clips/{passage.id}/1.mp4").status_code == 404


@pytest.mark.parametrize("address", ["/clips/1/2.mp4", "/clips/9/1.mp4", "/clips/1/0.mp4"])
def test_what_the_journal_does_not_name_is_not_served(
    client: FlaskClient, gate: Gate, address: str
) -> None:
    clip_of(gate, gate.record())
    assert client.get(address).status_code == 404


def test_a_passage_without_a_clip_says_so(client: FlaskClient, gate: Gate) -> None:
    passage = gate.record()
    assert "还没有视频片段" in client.get(f"/passages/{passage.id}").get_data(as_text=True)
