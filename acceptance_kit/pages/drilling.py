"""The drills: each is announced on a page of its own, confirmed there, and seen on the bench."""

from flask import Blueprint, abort, render_template, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as Answer

from acceptance_kit.drills import Drill
from acceptance_kit.pages.bench import job_of
from acceptance_kit.pages.kit import Kit, the_kit
from acceptance_kit.pages.rooms import ordered
from acceptance_kit.pages.standing import known
from acceptance_kit.steps import Kind, Step

drilling = Blueprint("drilling", __name__)


@drilling.get("/drills")
def drills() -> str:
    """All drills, with what they showed."""
    kit = the_kit()
    found = known(kit.acceptance)
    steps = [step for step in kit.acceptance.steps() if step.kind is Kind.DRILL]
    rows = [(step, [found[name] for name in step.names if name in found]) for step in steps]
    return render_template("accept_drills.html", rows=rows)


@drilling.get("/drills/<key>")
def drill(key: str) -> str:
    """What a drill does to the gate, for how long, and what it showed so far."""
    kit = the_kit()
    step, one = _drill(kit, key)
    found = known(kit.acceptance)
    return render_template(
        "accept_drill.html",
        step=step,
        drill=one,
        by_hand=one.needs_hands(kit.acceptance.profile),
        demo=step.at.place.is_demo,
        done=not kit.acceptance.wanted(step),
        findings=[found[name] for name in step.names if name in found],
        progress=kit.bench.look(),
        count=kit.bench.count,
    )


@drilling.post("/drills/<key>")
def begin(key: str) -> Answer:
    """Begin it, when a person has said that the lane is ready."""
    step, _ = _drill(the_kit(), key)
    if request.form.get("ready") != "yes":
        abort(400)
    return ordered(job_of(step))


def _drill(kit: Kit, key: str) -> tuple[Step, Drill]:
    step = kit.step(key)
    if step.drill is None:
        raise NotFound
    return step, step.drill
