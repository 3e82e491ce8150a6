"""The questions, on a tablet in the lane: the same, with the same answers, as in the terminal."""

import hashlib

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as Answered

from acceptance_kit.answers import MOST_PHOTO_BYTES, answer_of, keep_picture
from acceptance_kit.evidence import FILES
from acceptance_kit.pages.door import present
from acceptance_kit.pages.kit import Kit, the_kit
from acceptance_kit.pages.standing import known
from acceptance_kit.questions import Answer, Asked
from acceptance_kit.steps import Kind
from appliance.trouble import Trouble

asking = Blueprint("asking", __name__)


def chosen(kit: Kit) -> list[Asked]:
    """The questions of this acceptance, in the order they are asked."""
    steps = kit.acceptance.steps()
    return [step.asked for step in steps if step.kind is Kind.QUESTION and step.asked]


@asking.get("/questions")
def questions() -> str:
    """All questions, those first that nobody has answered."""
    kit = the_kit()
    answers, found = kit.acceptance.answers(), known(kit.acceptance)
    rows = [(one, answers.get(one.name), found.get(one.name)) for one in chosen(kit)]
    rows.sort(key=lambda row: row[1] is not None)
    left = sum(answer is None for _, answer, _ in rows)
    return render_template("accept_questions.html", rows=rows, left=left)


@asking.get("/questions/<name>")
def question(name: str) -> str:
    """One question with its answer so far."""
    kit = the_kit()
    one = _one(kit, name)
    return _form(kit, one, kit.acceptance.answers().get(name), None, {})


@asking.post("/questions/<name>")
def take(name: str) -> Answered | tuple[str, int]:
    """Keep an answer, and its photo; then on to the next question that is open."""
    kit = the_kit()
    acceptance, one = kit.acceptance, _one(kit, name)
    typed = {key: request.form.get(key, "").strip() for key in ("answer", "note")}
    told = answer_of(one, typed, present(), acceptance.clock.now())
    photo = request.files.get("photo")
    content = photo.read(MOST_PHOTO_BYTES + 1) if photo and photo.filename else b""
    if content and not one.question.photo:
        abort(400)
    with acceptance.lock:
        before = acceptance.answers().get(name)
        if request.form.get("before", "") != mark(before):
            abort(409)
        if isinstance(told, str):
            return _form(kit, one, before, told, typed), 422
        kept = before.photo if before else None
        try:
            if content:
                kept = keep_picture(acceptance.folder, name, content, "所选文件")
        except Trouble as trouble:
            return _form(kit, one, before, str(trouble), typed), 422
        finding = acceptance.answer(one, Answer(told.said, told.by, told.at, told.note, kept))
        acceptance.seal()
    flash(f"已记录：{one.question.text} — {finding.verdict}")
    left = [each for each in chosen(kit) if each.name not in acceptance.answers()]
    if left:
        names = [each.name for each in chosen(kit)]
        later = [each for each in left if names.index(each.name) > names.index(name)]
        return redirect(url_for("asking.question", name=(later or left)[0].name), 303)
    return redirect(url_for("asking.questions"), 303)


@asking.get("/questions/<name>/photo")
def photo(name: str) -> Response:
    """The photo that goes with an answer."""
    kit = the_kit()
    answer = kit.acceptance.answers().get(_one(kit, name).name)
    if answer is None or answer.photo not in {f"{name}.jpg", f"{name}.png"}:
        raise NotFound
    try:
        content = (kit.acceptance.folder.path / FILES / answer.photo).read_bytes()
    except OSError as error:
        raise NotFound from error
    return Response(content, mimetype=f"image/{answer.photo[-3:].replace('jpg', 'jpeg')}")


def mark(answer: Answer | None) -> str:
    """By what a page knows again the answer that it was shown with."""
    return "" if answer is None else hashlib.sha256(repr(answer).encode()).hexdigest()[:16]


def _one(kit: Kit, name: str) -> Asked:
    for one in chosen(kit):
        if one.name == name:
            return one
    raise NotFound


def _form(
    kit: Kit, one: Asked, answer: Answer | None, trouble: str | None, typed: dict[str, str]
) -> str:
    names = [each.name for each in chosen(kit)]
    place = names.index(one.name)
    around = (None, *names, None)
    shown = {"answer": answer.said if answer else "", "note": answer.note if answer else ""}
    return render_template(
        "accept_question.html",
        one=one,
        answer=answer,
        before=mark(answer),
        trouble=trouble,
        typed=shown | typed,
        place=place + 1,
        count=len(names),
        neighbours=(around[place], around[place + 2]),
    )
