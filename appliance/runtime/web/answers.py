"""What every answer of a page carries, and how its troubles are told."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from flask import Flask, Response, render_template
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException

from appliance.runtime.journal import UnknownPassage, UnsafePath
from appliance.runtime.web.addresses import RowId
from appliance.runtime.web.site import JournalUnavailable


@dataclass(frozen=True, slots=True)
class Manners:
    """In what two pages differ: where forms may go to and a referrer is told (as the headers have
    it), the words for each HTTP code, and what is said when the journal cannot be used."""

    forms: str
    referrer: str
    troubles: Mapping[int, tuple[str, str]]
    unavailable: str
    failed: str

    def headers(self) -> dict[str, str]:
        """On every answer, unless it says otherwise itself (photos may be kept)."""
        return {
            "Content-Security-Policy": (
                "default-src 'none'; style-src 'self'; img-src 'self'; media-src 'self'; "
                f"base-uri 'none'; form-action '{self.forms}'; frame-ancestors 'none'"
            ),
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": self.referrer,
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "no-store",
        }


def teach(app: Flask, manners: Manners) -> None:
    """Let an application answer so, whatever goes wrong. Before its blueprints are registered."""
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.jinja_env.undefined = StrictUndefined
    app.url_map.converters["row_id"] = RowId
    headers = manners.headers()

    def protect(response: Response) -> Response:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        return response

    def journal_unavailable(error: JournalUnavailable) -> tuple[str, int]:
        return trouble_page(manners.unavailable, str(error), again=True), 503

    def journal_failed(_error: sqlite3.Error) -> tuple[str, int]:
        return journal_unavailable(JournalUnavailable(manners.failed))

    def not_found(_error: Exception) -> tuple[str, int]:
        return trouble_page(*manners.troubles[404]), 404

    def trouble(error: HTTPException) -> Response:
        code = error.code or 500
        words = manners.troubles.get(code, ("无法处理的请求", "请从首页重新打开。"))
        response = Response(trouble_page(*words), code)
        for name, value in error.get_headers():
            if name == "Allow":
                response.headers[name] = value
        return response

    app.after_request(protect)
    app.register_error_handler(JournalUnavailable, journal_unavailable)
    app.register_error_handler(sqlite3.Error, journal_failed)
    app.register_error_handler(UnknownPassage, not_found)
    app.register_error_handler(UnsafePath, not_found)
    app.register_error_handler(HTTPException, trouble)


def trouble_page(title: str, sentence: str, *, again: bool = False) -> str:
    """A page that says what is wrong; with `again` it tries once more by itself."""
    return render_template("trouble.html", title=title, sentence=sentence, again=again)
