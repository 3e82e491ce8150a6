"""The application: the pages put together, who may come in, and what guards every request."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, redirect, request, url_for
from jinja2 import ChoiceLoader, FileSystemLoader
from werkzeug.wrappers import Response as Answer

import appliance.runtime.web
from acceptance_kit.answers import MOST_PHOTO_BYTES
from acceptance_kit.box import Box
from acceptance_kit.checks.running import Target
from acceptance_kit.pages.asking import asking
from acceptance_kit.pages.bench import Bench
from acceptance_kit.pages.door import door, guest
from acceptance_kit.pages.drilling import drilling
from acceptance_kit.pages.filing import filing
from acceptance_kit.pages.judging import judging
from acceptance_kit.pages.kit import KIT, Kit, as_trouble
from acceptance_kit.pages.rooms import rooms
from acceptance_kit.parts import box_of
from appliance.runtime.web import wording
from appliance.runtime.web.answers import Manners, teach
from appliance.runtime.web.entry.login import DOORMAN, Doorman, check_token, lock
from appliance.trouble import Trouble

PAGES = Path(__file__).parent
STATUS_PAGES = Path(appliance.runtime.web.__file__).parent
LARGEST_FORM = 16_384
"""Bytes; nobody has more to say to a page, but for a photo."""

LARGEST = MOST_PHOTO_BYTES + 2 * LARGEST_FORM
MOST_PARTS = 16

OPEN = {"door.login", "door.come_in", "static", "door.static"}
"""What answers a person who has not come in yet."""

TAKES_PHOTOS = {"asking.take"}

MANNERS = Manners(
    forms="self",
    referrer="same-origin",
    troubles={
        400: ("页面已过期", "请返回上一页，刷新后再提交一次。"),
        404: ("没有这个页面", "网址有误，或者这个项目、这张照片不存在。"),
        405: ("不支持的操作", "请从首页重新打开。"),
        409: ("页面已旧", "别的页面已经改了这一项，或另一项工作正在进行。请从首页重新打开。"),
        413: ("内容太大", "照片不能超过 20 MB，文字不能超过 500 字。请返回上一页，缩小后再提交。"),
        500: (
            "页面出错",
            "验收页遇到了未预料的错误，详情在运行验收的终端上。结果都已保存。",
        ),
    },
    unavailable="暂时无法验收",
    failed="验收目录暂时无法读写，请检查磁盘。",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """How one comes in: the code that the terminal shows, and the key that signs cookies."""

    code: str
    key: bytes


def create_acceptance_app(bench: Bench, entry: Entry) -> Flask:
    """The pages of an acceptance that has begun."""
    acceptance = bench.acceptance
    app = Flask(__name__, static_folder=str(STATUS_PAGES / "static"))
    app.jinja_loader = ChoiceLoader(
        [FileSystemLoader(PAGES / "templates"), FileSystemLoader(STATUS_PAGES / "templates")]
    )
    lock(app, cookie="gatehouse-accept", key=entry.key, largest=LARGEST_FORM)
    app.config["MAX_FORM_PARTS"] = MOST_PARTS
    app.jinja_env.globals.update(
        profile=acceptance.profile, wording=wording, home="rooms.home", guest=guest
    )
    app.extensions[KIT] = Kit(bench, _boxes(acceptance.site.targets))
    app.extensions[DOORMAN] = Doorman({door.name: entry.code}, entry.key, bench.clock)
    app.before_request(_guard)
    app.teardown_request(lambda _: request.close())  # the files of uploads
    teach(app, MANNERS)
    app.register_error_handler(Trouble, as_trouble)
    for part in (door, rooms, asking, drilling, judging, filing):
        app.register_blueprint(part)
    return app


def _guard() -> Answer | None:
    if request.endpoint in OPEN:
        return None
    if guest() is None:
        return redirect(url_for("door.login"))
    if request.endpoint in TAKES_PHOTOS:
        request.max_content_length = LARGEST
    if request.method == "POST":
        check_token()
    return None


def _boxes(targets: tuple[Target, ...]) -> Mapping[str, Box]:
    """Each machine by a way of the pages' own: a drill changes accounts on the kit's meanwhile."""
    return {target.machine: box_of(target, target.own_host) for target in targets}
