"""The application of the entry page, and what guards every request."""

from collections.abc import Callable, Mapping
from pathlib import Path

from flask import Flask, redirect, request, url_for
from werkzeug.wrappers import Response as Answer

from appliance.clock import Clock
from appliance.profile.model import Profile
from appliance.runtime.journal import Journal
from appliance.runtime.web import wording
from appliance.runtime.web.answers import Manners, teach
from appliance.runtime.web.books import DayCounter
from appliance.runtime.web.entry.desk import desk
from appliance.runtime.web.entry.login import DOORMAN, Doorman, check_token, lock
from appliance.runtime.web.pictures import pictures
from appliance.runtime.web.site import Site, attach

PAGES = Path(__file__).parents[1]
LARGEST_FORM = 16_384
"""Bytes; nobody has more to say to a page."""

OPEN = {"desk.login", "desk.come_in", "static"}
"""What answers a person who has not come in yet."""

MANNERS = Manners(
    forms="self",
    referrer="same-origin",
    troubles={
        400: ("页面已过期", "请返回上一页，刷新后再提交一次。"),
        404: ("没有这个页面", "网址有误，或者这条记录、这张照片不存在。"),
        405: ("不支持的操作", "请从首页重新打开。"),
        413: ("内容太长", "请返回上一页，缩短后再提交。"),
        500: ("页面出错", "补录页遇到了未预料的错误，详情已写入日志。门禁的记录与上报不受影响。"),
    },
    unavailable="暂时无法补录",
    failed="记录库暂时无法读写，请检查数据目录和磁盘。刚才提交的内容没有记录，请稍后再提交。",
)


def create_entry_app(
    profile: Profile,
    clock: Clock,
    open_journal: Callable[[], Journal],
    passwords: Mapping[str, str],
    key: bytes,
) -> Flask:
    """The entry page of a site; `open_journal` opens its journal for writing, once a request.

    `passwords` by gatekeeper; `key` signs the cookies.
    """
    app = Flask(
        __name__, template_folder=str(PAGES / "templates"), static_folder=str(PAGES / "static")
    )
    lock(app, cookie="gatehouse", key=key, largest=LARGEST_FORM)
    app.jinja_env.globals.update(profile=profile, wording=wording, home="desk.queue")
    attach(app, Site(profile, clock, open_journal, DayCounter(profile, clock)))
    app.extensions[DOORMAN] = doorman = Doorman(passwords, key, clock)

    def guard() -> Answer | None:
        if request.endpoint not in OPEN and doorman.present() is None:
            return redirect(url_for("desk.login"))
        if request.method == "POST" and request.endpoint not in OPEN:
            check_token()
        return None

    app.before_request(guard)
    teach(app, MANNERS)
    for part in (desk, pictures):
        app.register_blueprint(part)
    return app
