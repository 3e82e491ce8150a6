"""The video of a passage. A browser names a record and which of its clips, never a file."""

from flask import Blueprint, Response, request, send_file
from werkzeug.exceptions import NotFound

from appliance.runtime.web.pictures import DAY
from appliance.runtime.web.site import current_journal

clips = Blueprint("clips", __name__)


@clips.get("/clips/<row_id:passage_id>/<row_id:number>.mp4")
def clip(passage_id: int, number: int) -> Response:
    """A passage's clip, in parts where the player asks for parts (Range)."""
    journal = current_journal()
    found = journal.video().clips(passage_id)
    if number > len(found):
        raise NotFound
    stored = found[number - 1]
    try:
        answer = send_file(
            journal.file_path(stored.volume, stored.path),
            "video/mp4",
            as_attachment="download" in request.args,
            download_name=f"passage-{passage_id:08d}-{number}.mp4",
            conditional=True,
            etag=stored.sha256,
            max_age=DAY,
        )
    except OSError as error:  # a disk that is not there
        raise NotFound from error
    answer.cache_control.public = False
    answer.cache_control.private = True
    answer.cache_control.immutable = True  # a clip never changes
    return answer
