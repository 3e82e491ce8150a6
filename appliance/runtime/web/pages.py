"""The pages: the whole site, and one passage."""

from flask import Blueprint, Response, abort, render_template

from appliance.runtime.uplink.books import report_text, to_report
from appliance.runtime.web.overview import overview_of
from appliance.runtime.web.record import record_of
from appliance.runtime.web.site import current_journal, current_site

pages = Blueprint("pages", __name__)


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
