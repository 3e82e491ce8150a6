"""What a gatekeeper does: come in, look at a photo, enter the plate or say that nobody can."""

from contextlib import suppress
from typing import cast

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from appliance.guideline.dictionaries import PlateColour
from appliance.runtime.journal import Journal, NothingToCorrect
from appliance.runtime.journal.entry import REVIEWS, NotAPlate, enter_plate, give_up
from appliance.runtime.journal.values import RecordedPassage, Seen
from appliance.runtime.web.entry.login import DOORMAN, Doorman
from appliance.runtime.web.site import current_journal, current_site

desk = Blueprint("desk", __name__)

SHOWN = 50
LONGEST = 64
COLOURS = tuple(colour.value for colour in PlateColour)


@desk.get("/login")
def login() -> str:
    """The form that asks who it is."""
    return _login(None)


@desk.post("/login")
def come_in() -> Answer | str | tuple[str, int]:
    """Begin a shift."""
    name, password = (request.form.get(field, "")[:LONGEST] for field in ("name", "password"))
    match _doorman().let_in(name, password):
        case True:
            _doorman().begin_shift(name)
            return redirect(url_for("desk.queue"))
        case None:
            return _login("密码多次输错，请一分钟后再试。"), 429
    return _login("姓名或密码不对。"), 403


@desk.post("/logout")
def leave() -> Answer:
    """End the shift."""
    response = redirect(url_for("desk.login"))
    response.delete_cookie("gatehouse")
    return response


@desk.get("/")
def queue() -> str:
    """The passages that wait for a plate, oldest first."""
    journal = current_journal()
    waiting = journal.awaiting_entry(SHOWN)
    return render_template(
        "entry_queue.html",
        waiting=waiting,
        count=journal.count_awaiting_entry(),
        now=current_site().clock.now(),
        by=_doorman().present(),
    )


@desk.get("/passages/<row_id:passage_id>")
def passage(passage_id: int) -> str:
    """One passage with its photos and the form."""
    return _form(current_journal().passage(passage_id))


@desk.post("/passages/<row_id:passage_id>")
def enter(passage_id: int) -> Answer | tuple[str, int]:
    """Enter a plate: one of the readings (`choice` by its place), or what was typed; `colour` is
    the reading's unless one is chosen."""
    journal = current_journal()
    found = journal.passage(passage_id)
    choice, typed = request.form.get("choice", ""), request.form.get("plate", "")[:LONGEST]
    reading = {str(place): each for place, each in enumerate(found.seen)}.get(choice)
    plate = reading.plate if reading else typed
    if request.form.get("colour") in COLOURS:
        colour = PlateColour(request.form["colour"])
    elif reading and reading.colour_known:
        colour = reading.plate_colour
    else:
        return _form(found, "请选择车牌颜色。", reading, typed), 422
    try:
        enter_plate(journal, passage_id, plate, colour, by=_by())
    except NotAPlate as trouble:
        return _form(found, str(trouble), reading, typed), 422
    except NothingToCorrect:
        flash(f"第 {passage_id} 号记录已是 {plate}。")
    else:
        flash(f"第 {passage_id} 号记录已补录为 {plate.strip().upper()} {colour}。")
    return _next(journal, passage_id)


@desk.post("/passages/<row_id:passage_id>/review")
def review(passage_id: int) -> Answer:
    """Say that nobody can read it."""
    said = request.form.get("review", "")
    if said not in REVIEWS:
        abort(400)
    journal = current_journal()
    with suppress(NothingToCorrect):  # said before
        give_up(journal, passage_id, said, by=_by())
    flash(f"第 {passage_id} 号记录已记为“{said}”。")
    return _next(journal, passage_id)


def _next(journal: Journal, passage_id: int) -> Answer:
    """On to the next that waits, or back to the list."""
    waiting = journal.awaiting_entry(1, passage_id)
    if waiting:
        return redirect(url_for("desk.passage", passage_id=waiting[0].id), 303)
    return redirect(url_for("desk.queue"), 303)


def _form(
    found: RecordedPassage,
    trouble: str | None = None,
    picked: Seen | None = None,
    typed: str = "",
) -> str:
    return render_template(
        "entry_form.html",
        passage=found,
        trouble=trouble,
        picked=picked,
        typed=typed,
        chosen=request.form.get("colour"),
        colours=COLOURS,
        reviews=REVIEWS,
        by=_doorman().present(),
    )


def _login(trouble: str | None) -> str:
    return render_template("entry_login.html", trouble=trouble)


def _doorman() -> Doorman:
    return cast(Doorman, current_app.extensions[DOORMAN])


def _by() -> str:
    name = _doorman().present()
    if name is None:
        abort(403)
    return name
