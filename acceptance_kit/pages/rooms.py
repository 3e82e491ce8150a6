"""Where one stands: all steps, what of them is done, the clauses; and the bench at work."""

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as Answer

from acceptance_kit.acceptance import Acceptance
from acceptance_kit.clause_list import listed
from acceptance_kit.findings import Verdict
from acceptance_kit.pages.bench import Job, job_of, last_job
from acceptance_kit.pages.kit import the_kit
from acceptance_kit.pages.standing import COLOURS, WORST_FIRST, known, rooms_of
from acceptance_kit.steps import Kind

rooms = Blueprint("rooms", __name__)

BY_ITSELF = {Kind.CHECK, Kind.RECORDS, Kind.TRIAL, Kind.DATA, Kind.PLATFORM}
"""Steps that a button begins; a drill is confirmed on its own page, forms have their own job."""

PLACES = {
    Kind.QUESTION: "asking.questions",
    Kind.DRILL: "drilling.drills",
    Kind.TRIAL: "judging.trials",
    Kind.FORMS: "filing.forms",
}


@rooms.app_context_processor
def _words() -> dict[str, object]:
    """What every template may say."""
    return {"colours": COLOURS, "place_of": _place_of}


def _place_of(kind: Kind) -> str:
    if kind in PLACES:
        return url_for(PLACES[kind])
    return url_for("rooms.room", key=kind.name.lower())


@rooms.get("/")
def home() -> str:
    """All steps and how they stand."""
    kit = the_kit()
    found = known(kit.acceptance)
    return render_template(
        "accept_home.html",
        rooms=rooms_of(kit.acceptance, found),
        counts={v: sum(f.verdict is v for f in found.values()) for v in WORST_FIRST},
        progress=kit.bench.look(),
        machines=_status_pages(kit.acceptance),
    )


def _status_pages(acceptance: Acceptance) -> list[tuple[str, str]]:
    """Each machine with the address of its own status page, as far as a browser can reach it."""
    at = acceptance.profile.network.status_page.address
    said = "" if at.is_unspecified else str(at)
    places = [(t.machine, t.place.address or said) for t in acceptance.site.targets]
    return [(machine, address) for machine, address in places if address]


@rooms.get("/rooms/<key>")
def room(key: str) -> str:
    """The steps of a kind that needs nobody, each with a button and its findings."""
    kit = the_kit()
    for each in rooms_of(kit.acceptance, known(kit.acceptance)):
        if each.key == key and each.kind not in PLACES:
            return render_template("accept_room.html", room=each, count=kit.bench.count)
    raise NotFound


@rooms.get("/open")
def open_points() -> str:
    """未完成项: every 否 and 未检, the 否 first."""
    findings = known(the_kit().acceptance).values()
    bad = [f for v in (Verdict.NO, Verdict.UNTESTED) for f in findings if f.verdict is v]
    return render_template("accept_open.html", findings=bad)


@rooms.get("/clauses")
def clauses() -> str:
    """The verdict of every clause, with what answers for it."""
    acceptance = the_kit().acceptance
    found = known(acceptance)
    rows = listed(acceptance.folder.path)
    items = {
        row.entry.clause.id: [
            finding
            for finding in found.values()
            if {row.entry.clause.id, *row.entry.clause.covers} & set(finding.clauses)
        ]
        for row in rows
    }
    return render_template("accept_clauses.html", rows=rows, items=items)


@rooms.get("/work")
def work() -> str:
    """What is being done, or how the last job came out."""
    kit = the_kit()
    progress = kit.bench.look()
    drill = progress.job.steps[0].drill if progress else None
    return render_template(
        "accept_work.html",
        progress=progress,
        by_hand=drill is not None and drill.needs_hands(kit.acceptance.profile),
        now=kit.bench.clock.now(),
    )


@rooms.post("/work")
def begin() -> Answer:
    """Begin a step that needs nobody."""
    step = the_kit().step(request.form.get("step", ""))
    if step.kind not in BY_ITSELF:
        abort(400)
    return ordered(job_of(step))


@rooms.post("/work/forms")
def fill() -> Answer:
    """Begin filling the forms."""
    return ordered(last_job(the_kit().acceptance))


@rooms.post("/work/stop")
def stop() -> Answer:
    """Break off the drill that is under way."""
    the_kit().bench.stop()
    return redirect(url_for("rooms.work"), 303)


def ordered(job: Job) -> Answer:
    """Order a job and go to look at it; 409 when the page that ordered it is old."""
    number = request.form.get("number", "")
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        abort(400)
    if not the_kit().bench.order(job, int(number)):
        abort(409)
    return redirect(url_for("rooms.work"), 303)
