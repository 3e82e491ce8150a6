"""The door: a name to answer by, and the code that the terminal shows."""

from typing import cast

from flask import Blueprint, current_app, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as Answer

from appliance.runtime.web.entry.login import DOORMAN, Doorman

door = Blueprint("door", __name__, static_folder="static", static_url_path="/accept-static")

LONGEST = 50


@door.get("/login")
def login() -> str:
    """The form that asks who it is."""
    return _login(None)


@door.post("/login")
def come_in() -> Answer | tuple[str, int]:
    """Come in; what is answered from now on bears this name."""
    name = request.form.get("name", "").strip()
    code = request.form.get("code", "").replace(" ", "").replace("-", "").upper()
    if not name or len(name) > LONGEST or not name.isprintable():
        return _login("请写上您的姓名，不超过 50 字。"), 422
    match _doorman().let_in(door.name, code[:LONGEST]):
        case True:
            _doorman().begin_shift(door.name)
            session["by"] = name
            return redirect(url_for("rooms.home"))
        case None:
            return _login("验收码多次输错，请一分钟后再试。"), 429
    return _login("验收码不对，请看运行验收的终端。"), 403


@door.post("/logout")
def leave() -> Answer:
    """Go."""
    session.clear()
    return redirect(url_for("door.login"))


def guest() -> str | None:
    """The name of who has come in; None for a stranger."""
    by = session.get("by")
    return by if isinstance(by, str) and _doorman().present() is not None else None


def present() -> str:
    """The same where a stranger cannot be."""
    return guest() or ""


def _doorman() -> Doorman:
    return cast(Doorman, current_app.extensions[DOORMAN])


def _login(trouble: str | None) -> str:
    return render_template("accept_login.html", trouble=trouble)
