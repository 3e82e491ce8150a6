"""The application: the parts put together, what every answer carries, and what goes wrong."""

import sqlite3
from collections.abc import Callable

from flask import Flask, Response, abort, render_template, request
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException

from appliance.clock import Clock
from appliance.profile.model import Profile
from appliance.runtime.journal import Journal, UnknownPassage, UnsafePath
from appliance.runtime.journal.evidence import TooMuchEvidence
from appliance.runtime.uplink.books import printing
from appliance.runtime.uplink.books.wording import in_hours
from appliance.runtime.web import wording
from appliance.runtime.web.addresses import RowId
from appliance.runtime.web.books import DayCounter
from appliance.runtime.web.health import health
from appliance.runtime.web.pages import pages
from appliance.runtime.web.pictures import pictures
from appliance.runtime.web.site import JournalUnavailable, Site, attach

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""On every answer, unless it says otherwise itself (photos may be kept)."""

READING = ("GET", "HEAD")

TROUBLES = {
    404: ("没有这个页面", "网址有误，或者这条记录、这张照片不存在。"),
    405: ("不支持的操作", "本页面只供查看。"),
    500: ("页面出错", "状态页遇到了未预料的错误，详情已写入日志。门禁的记录与上报不受影响。"),
}


def create_app(profile: Profile, clock: Clock, open_journal: Callable[[], Journal]) -> Flask:
    """The status page of a site; `open_journal` opens its journal read-only, once a request."""
    app = Flask(__name__)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # people read it too
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.globals.update(
        profile=profile,
        wording=wording,
        printing=printing,
        in_hours=in_hours,
        home="pages.status",
    )
    app.url_map.converters["row_id"] = RowId
    attach(app, Site(profile, clock, open_journal, DayCounter(profile, clock)))
    app.before_request(_refuse_writing)
    app.after_request(_protect)
    for part in (pages, pictures, health):
        app.register_blueprint(part)
    app.register_error_handler(JournalUnavailable, _journal_unavailable)
    app.register_error_handler(sqlite3.Error, _journal_failed)
    app.register_error_handler(UnknownPassage, _not_found)
    app.register_error_handler(UnsafePath, _not_found)
    app.register_error_handler(TooMuchEvidence, _too_much)
    app.register_error_handler(HTTPException, _trouble)
    return app


def _refuse_writing() -> None:
    if request.method not in READING:
        abort(405, valid_methods=READING)


def _protect(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _journal_unavailable(error: JournalUnavailable) -> tuple[str, int]:
    text = render_template("trouble.html", title="暂时看不到记录", sentence=str(error), again=True)
    return text, 503


def _journal_failed(_error: sqlite3.Error) -> tuple[str, int]:
    sentence = "记录库暂时无法读取，请检查数据目录和磁盘。"
    return _journal_unavailable(JournalUnavailable(sentence))


def _not_found(_error: Exception) -> tuple[str, int]:
    title, sentence = TROUBLES[404]
    return render_template("trouble.html", title=title, sentence=sentence, again=False), 404


def _too_much(error: TooMuchEvidence) -> tuple[str, int]:
    return render_template("trouble.html", title="文件太大", sentence=str(error), again=False), 413


def _trouble(error: HTTPException) -> Response:
    code = error.code or 500
    title, sentence = TROUBLES.get(code, ("无法处理的请求", "请从首页重新打开。"))
    response = Response(
        render_template("trouble.html", title=title, sentence=sentence, again=False), code
    )
    for name, value in error.get_headers():
        if name == "Allow":
            response.headers[name] = value
    return response
