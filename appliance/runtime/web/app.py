"""The application: the parts put together, what every answer carries, and what goes wrong."""

from collections.abc import Callable

from flask import Flask, abort, request

from appliance.clock import Clock
from appliance.profile.model import Profile
from appliance.runtime.journal import Journal
from appliance.runtime.journal.evidence import TooMuchEvidence
from appliance.runtime.uplink.books import printing
from appliance.runtime.uplink.books.wording import in_hours
from appliance.runtime.web import wording
from appliance.runtime.web.answers import Manners, teach, trouble_page
from appliance.runtime.web.books import DayCounter
from appliance.runtime.web.clips import clips
from appliance.runtime.web.health import health
from appliance.runtime.web.pages import pages
from appliance.runtime.web.pictures import pictures
from appliance.runtime.web.site import Site, attach

READING = ("GET", "HEAD")

MANNERS = Manners(
    forms="none",
    referrer="no-referrer",
    troubles={
        404: ("没有这个页面", "网址有误，或者这条记录、这张照片不存在。"),
        405: ("不支持的操作", "本页面只供查看。"),
        500: ("页面出错", "状态页遇到了未预料的错误，详情已写入日志。门禁的记录与上报不受影响。"),
    },
    unavailable="暂时看不到记录",
    failed="记录库暂时无法读取，请检查数据目录和磁盘。",
)


def create_app(profile: Profile, clock: Clock, open_journal: Callable[[], Journal]) -> Flask:
    """The status page of a site; `open_journal` opens its journal read-only, once a request."""
    app = Flask(__name__)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # people read it too
    app.jinja_env.globals.update(
        profile=profile,
        wording=wording,
        printing=printing,
        in_hours=in_hours,
        home="pages.status",
    )
    attach(app, Site(profile, clock, open_journal, DayCounter(profile, clock)))
    app.before_request(_refuse_writing)
    teach(app, MANNERS)
    for part in (pages, pictures, clips, health):
        app.register_blueprint(part)
    app.register_error_handler(TooMuchEvidence, _too_much)
    return app


def _refuse_writing() -> None:
    if request.method not in READING:
        abort(405, valid_methods=READING)


def _too_much(error: TooMuchEvidence) -> tuple[str, int]:
    return trouble_page("文件太大", str(error)), 413
