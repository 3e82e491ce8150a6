"""Photos and lane pictures. A browser names a record or a barrier, never a file."""

import io
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Response, request
from PIL import Image
from werkzeug.exceptions import NotFound

from appliance.runtime.journal.values import StoredPhoto
from appliance.runtime.web.site import current_journal, current_site

pictures = Blueprint("pictures", __name__)

SMALL = (480, 360)
"""A list of twenty photos must not cost a telephone ten megabytes."""

DAY = 24 * 3600


@pictures.get("/photos/<row_id:passage_id>/<kind>")
def photo(passage_id: int, kind: str) -> Response:
    """A stamped photo as it was recorded."""
    stored, path = _photo(passage_id, kind)
    try:
        jpeg = path.read_bytes()
    except OSError as error:
        raise NotFound from error
    return _kept(jpeg, stored.sha256)


@pictures.get("/photos/<row_id:passage_id>/<kind>/small")
def small_photo(passage_id: int, kind: str) -> Response:
    """The photo made small for a list."""
    stored, path = _photo(passage_id, kind)
    try:
        jpeg = _shrunk(path, stored.sha256)
    except (OSError, Image.DecompressionBombError) as error:  # OSError too when it is no JPEG
        raise NotFound from error
    return _kept(jpeg, f"{stored.sha256}-small")


@pictures.get("/lanes/<barrier>.jpg")
def lane(barrier: str) -> Response:
    """A lane's present picture."""
    site = current_site()
    if barrier not in {each.barrier.id for each in site.profile.lanes()}:
        raise NotFound
    try:
        jpeg = site.snapshot_path(barrier).read_bytes()
    except OSError as error:
        raise NotFound from error
    return Response(jpeg, mimetype="image/jpeg")


def _photo(passage_id: int, kind: str) -> tuple[StoredPhoto, Path]:
    journal = current_journal()
    for stored in journal.passage(passage_id).photos:
        if stored.kind == kind:
            return stored, journal.photo_path(stored)
    raise NotFound


@lru_cache(maxsize=64)
def _shrunk(path: Path, _sha256: str) -> bytes:
    with Image.open(path, formats=["JPEG"]) as image:
        image.draft("RGB", SMALL)  # lets the decoder skip most of the work
        image.thumbnail(SMALL)
        out = io.BytesIO()
        image.convert("RGB").save(out, "JPEG", quality=80)
    return out.getvalue()


def _kept(jpeg: bytes, etag: str) -> Response:
    """A recorded photo never changes, so a browser may keep it; the page reloads every 5 s."""
    response = Response(jpeg, mimetype="image/jpeg")
    response.set_etag(etag)
    response.cache_control.private = True
    response.cache_control.max_age = DAY
    response.cache_control.immutable = True
    response.make_conditional(request)
    return response
