"""The accuracy trial: the photos of a passage beside what was read; as read, or what it truly was.

The passages are read from the machine when somebody asks for them; the answers are the terminal's
(`work/trial-MACHINE.tsv`), kept after each, so that either face goes on where the other stopped.
"""

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as Answer

from acceptance_kit.box import BoxTrouble
from acceptance_kit.pages.kit import Kit, Read, the_kit
from acceptance_kit.pages.standing import known
from acceptance_kit.parts import newest_passages
from acceptance_kit.passages import PassageFacts
from acceptance_kit.steps import Kind, Step
from acceptance_kit.trial import Special, Truth, Truths, keep_truths, kept_truths, score
from acceptance_kit.trial_session import answer_of, steps
from appliance.guideline.dictionaries import PlateColour

judging = Blueprint("judging", __name__)

LARGEST_PHOTO = 8_000_000
LAST = 12
"""So many of what was judged are shown, to be corrected."""

COLOURS = tuple(colour.value for colour in PlateColour)
WHAT = {"as-read": Special.AS_READ, "illegible": Special.ILLEGIBLE, "none": Special.NO_VEHICLE}


@judging.get("/trials")
def trials() -> str | Answer:
    """The trial of each machine; of one machine at once."""
    kit = the_kit()
    machines = [step.at.machine for step in _steps(kit)]
    if len(machines) == 1:
        return redirect(url_for("judging.trial", machine=machines[0]))
    found = known(kit.acceptance)
    rows = [(step.at.machine, found.get(step.names[0])) for step in _steps(kit)]
    return render_template("accept_trials.html", rows=rows)


@judging.get("/trials/<machine>")
def trial(machine: str) -> str:
    """The next passage that nobody has judged, or how the trial stands."""
    return _page(the_kit(), machine, None)


@judging.post("/trials/<machine>/read")
def read(machine: str) -> Answer:
    """Read the machine's passages, anew."""
    kit = the_kit()
    _step(kit, machine)
    with kit.on_boxes:
        at, passages = newest_passages(kit.boxes[machine])
    kit.read[machine] = Read(at, {passage.id: passage for passage in passages})
    return redirect(url_for("judging.trial", machine=machine), 303)


@judging.get("/trials/<machine>/<row_id:number>")
def passage(machine: str, number: int) -> str:
    """One passage, to be judged or corrected."""
    return _page(the_kit(), machine, number)


@judging.post("/trials/<machine>/<row_id:number>")
def judge(machine: str, number: int) -> Answer | tuple[str, int]:
    """Keep what a passage truly was."""
    kit = the_kit()
    found = _passage(kit, machine, number)
    what, typed = request.form.get("what", ""), request.form.get("plate", "").strip()
    colour = request.form.get("colour", "")
    text = WHAT.get(what) or f"{typed} {colour}"
    with kit.acceptance.lock:
        truths = kept_truths(kit.acceptance.folder, machine)
        if request.form.get("before", "") != _mark(truths.of.get(number)):
            abort(409)
        try:
            if what not in {*WHAT, "typed"} or (what == "typed" and not typed):
                raise ValueError("请选择一项，或写上车牌号码和颜色")
            truth = answer_of(text, found)
        except ValueError as error:
            return _page(kit, machine, number, trouble=f"{error}。", typed=(typed, colour)), 422
        keep_truths(kit.acceptance.folder, machine, truths.told(number, truth))
        kit.acceptance.seal()
    flash(f"第 {number} 号：{_in_words(truth, found)}")
    return redirect(url_for("judging.trial", machine=machine), 303)


@judging.post("/trials/<machine>/missed")
def missed(machine: str) -> Answer:
    """One vehicle more, or less, that passed and was not recorded."""
    kit = the_kit()
    _step(kit, machine)
    more = {"more": 1, "less": -1}.get(request.form.get("what", ""), 0)
    with kit.acceptance.lock:
        truths = kept_truths(kit.acceptance.folder, machine)
        if request.form.get("before", "") != str(truths.missed):
            abort(409)
        counted = Truths(truths.of, max(truths.missed + more, 0))
        keep_truths(kit.acceptance.folder, machine, counted)
        kit.acceptance.seal()
    flash(f"漏记的车：{counted.missed} 辆")
    return redirect(url_for("judging.trial", machine=machine), 303)


@judging.get("/trials/<machine>/<row_id:number>/<row_id:place>.jpg")
def photo(machine: str, number: int, place: int) -> Response:
    """A passage's photo, from the machine."""
    kit = the_kit()
    photos = _passage(kit, machine, number).photos
    if place > len(photos):
        raise NotFound
    root = kit.acceptance.profile.storage.root
    try:
        with kit.on_boxes:
            jpeg = kit.boxes[machine].picture(f"{root}/{photos[place - 1]}", LARGEST_PHOTO)
    except BoxTrouble as error:
        raise NotFound from error
    answer = Response(jpeg, mimetype="image/jpeg")
    answer.cache_control.private = True
    answer.cache_control.max_age = 3600
    return answer


def _page(
    kit: Kit,
    machine: str,
    number: int | None,
    trouble: str | None = None,
    typed: tuple[str, str] = ("", ""),
) -> str:
    step = _step(kit, machine)
    truths = kept_truths(kit.acceptance.folder, machine)
    read = kit.read.get(machine)
    passages = read.passages if read else {}
    shown = None
    if number is not None:
        shown = _passage(kit, machine, number)
    elif passages:
        profile = kit.acceptance.profile
        waiting = next(steps(profile, tuple(passages.values()), lambda: truths, ""), None)
        shown = waiting.passage if waiting else None
    judged = [
        (passages[number], _in_words(true, passages[number]))
        for number, true in truths.of.items()
        if number in passages
    ]
    return render_template(
        "accept_trial.html",
        machine=machine,
        step=step,
        read=read,
        score=score(passages.values(), truths) if read else None,
        answered=len(truths.of),
        missed=truths.missed,
        passage=shown,
        left=sum(n not in truths.of for n in passages),
        truth=truths.of.get(shown.id) if shown else None,
        before=_mark(truths.of.get(shown.id)) if shown else "",
        judged=sorted(judged, key=lambda pair: -pair[0].id)[:LAST],
        finding=known(kit.acceptance).get(step.names[0]),
        trouble=trouble,
        typed=typed,
        colours_of_plates=COLOURS,
        count=kit.bench.count,
    )


def _steps(kit: Kit) -> list[Step]:
    return [step for step in kit.acceptance.steps() if step.kind is Kind.TRIAL]


def _step(kit: Kit, machine: str) -> Step:
    for step in _steps(kit):
        if step.at.machine == machine:
            return step
    raise NotFound


def _passage(kit: Kit, machine: str, number: int) -> PassageFacts:
    _step(kit, machine)
    read = kit.read.get(machine)
    if read is None or number not in read.passages:
        raise NotFound
    return read.passages[number]


def _mark(truth: Truth | None) -> str:
    """By what a page knows again the answer that it was shown with."""
    return "" if truth is None else f"{truth.plate} {truth.colour or ''}".strip()


def _in_words(truth: Truth, passage: PassageFacts) -> str:
    if truth.plate == Special.AS_READ:
        return f"与识别一致（{passage.read_plate} {passage.read_colour}）"
    return _mark(truth)
