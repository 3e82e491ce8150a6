"""Photos and lane pictures: only through the journal and the profile."""

import cv2
import numpy as np
import pytest
from flask.testing import FlaskClient
from web_gate import Gate, jpeg


def test_a_photo_is_served_byte_for_byte(client: FlaskClient, gate: Gate) -> None:
    passage = gate.record()
    for photo in passage.photos:
        response = client.get(f"/photos/{passage.id}/{photo.kind}")
        assert response.status_code == 200
        assert response.mimetype == "image/jpeg"
        assert response.data == gate.journal.photo_path(photo).read_bytes()


def test_a_browser_may_keep_a_photo_and_asks_in_vain_for_it_again(
    client: FlaskClient, gate: Gate
) -> None:
    passage = gate.record()
    for address in (f"/photos/{passage.id}/front", f"/photos/{passage.id}/front/small"):
        first = client.get(address)
        assert "max-age=86400" in first.headers["Cache-Control"]
        assert "private" in first.headers["Cache-Control"]
        again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
        assert again.status_code == 304
        assert again.data == b""


def test_a_small_photo_is_the_same_picture_made_small(client: FlaskClient, gate: Gate) -> None:
    passage = gate.record()
    response = client.get(f"/photos/{passage.id}/front/small")
    small = cv2.imdecode(np.frombuffer(response.data, np.uint8), cv2.IMREAD_COLOR)
    assert small is not None
    assert small.shape == (270, 480, 3)
    whole = cv2.imread(str(gate.journal.photo_path(passage.photos[0])))
    assert whole is not None
    difference = cv2.absdiff(small, cv2.resize(whole, (480, 270), interpolation=cv2.INTER_AREA))
    assert float(difference.mean()) < 12


@pytest.mark.parametrize(
    "kind", ["side", "FRONT", "front.jpg", "..", "%2e%2e%2fbody", "front%00", "front/large"]
)
def test_a_photo_of_another_kind_is_not_there(client: FlaskClient, gate: Gate, kind: str) -> None:
    passage = gate.record()
    assert client.get(f"/photos/{passage.id}/{kind}").status_code == 404


def test_a_photo_that_is_gone_or_no_picture_is_not_there(client: FlaskClient, gate: Gate) -> None:
    passage = gate.record()
    front, body = (gate.journal.photo_path(photo) for photo in passage.photos)
    front.unlink()
    body.write_bytes(b"no JPEG")
    assert client.get(f"/photos/{passage.id}/front").status_code == 404
    assert client.get(f"/photos/{passage.id}/front/small").status_code == 404
    assert client.get(f"/photos/{passage.id}/body/small").status_code == 404


def test_a_lane_picture_is_served_and_not_kept(client: FlaskClient, gate: Gate) -> None:
    (gate.root / "lanes").mkdir()
    (gate.root / "lanes" / "A01.jpg").write_bytes(jpeg(7))
    response = client.get("/lanes/A01.jpg")
    assert response.status_code == 200
    assert response.mimetype == "image/jpeg"
    assert response.data == jpeg(7)
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("barrier", ["Z09", "a01", "..%2fphotos%2fx", "%2e%2e", "A01%00", "secret"])
def test_a_lane_that_the_profile_does_not_have_has_no_picture(
    client: FlaskClient, gate: Gate, barrier: str
) -> None:
    (gate.root / "lanes").mkdir()
    for name in ("A01", "Z09", "secret"):
        (gate.root / "lanes" / f"{name}.jpg").write_bytes(jpeg(7))
    assert client.get(f"/lanes/{barrier}.jpg").status_code == 404


def test_a_lane_without_a_picture_yet_has_none(client: FlaskClient) -> None:
    assert client.get("/lanes/A01.jpg").status_code == 404
