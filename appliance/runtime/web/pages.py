"""The pages: the whole site, and one passage."""

import tempfile

from flask import Blueprint, Response, abort, render_template, send_file

from appliance.runtime.journal.evidence import gather, pack_zip
from appliance.runtime.uplink.books import report_text, to_report
from appliance.runtime.web.overview import overview_of
from appliance.runtime.web.record import record_of
from appliance.runtime.web.site import current_journal, current_site

pages = Blueprint("pages", __name__)

MOST_BYTES = 256_000_000
"""Of evidence by a page: a minute or two of video."""


@pages.get("/")
def status() -> str:
    """The status page."""
    return render_template("status.html", view=overview_of(current_site(), current_journal()))


@pages.get("/uplink/report.txt")
def report() -> Response:
    """The report on an interruption (5.1.3) as plain text; 404 when there is nothing to report."""
    site, journal = current_site(), current_journal()
    now = site.clock.now()
    interruption = to_report(journal, now)
    if interruption is None:
        abort(404)
    return Response(report_text(site.profile, journal, interruption, now), mimetype="text/plain")


@pages.get("/passages/<row_id:passage_id>")
def passage(passage_id: int) -> str:
    """One passage in full."""
    site = current_site()
    record = record_of(site.profile, current_journal(), passage_id)
    return render_template("passage.html", record=record, now=site.clock.now())


@pages.get("/passages/<row_id:passage_id>/evidence.zip")
def evidence(passage_id: int) -> Response:
    """What an inspector is handed of one passage; 413 for more than the page may be asked for."""
    site = current_site()
    made = gather(current_journal(), (passage_id,), site.clock.now(), MOST_BYTES)
    file = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the answer
    pack_zip(made, file)
    file.seek(0)
    name = f"passage-{passage_id:08d}.zip"
    answer = send_file(file, "application/zip", as_attachment=True, download_name=name)
    answer.call_on_close(file.close)
    return answer
