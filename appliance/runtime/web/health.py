"""What machines ask: is the page alive, is the gate well."""

import sqlite3

from flask import Blueprint, Response, jsonify

from appliance.runtime.web.overview import verdict_of
from appliance.runtime.web.site import JournalUnavailable, current_journal, current_site
from appliance.runtime.web.verdict import Finding, Level, Verdict

health = Blueprint("health", __name__)


@health.get("/healthz")
def alive() -> tuple[Response, int]:
    """200 when this process answers and the journal opens."""
    try:
        current_journal()
    except JournalUnavailable as error:
        return jsonify(ok=False, reason=str(error)), 503
    return jsonify(ok=True), 200


@health.get("/readyz")
def ready() -> tuple[Response, int]:
    """The verdict with its reasons; 503 for a fault, 200 otherwise."""
    try:
        verdict = verdict_of(current_site(), current_journal())
    except JournalUnavailable as error:
        verdict = _unreadable(str(error))
    except sqlite3.Error:
        verdict = _unreadable("记录库暂时无法读取，请检查数据目录和磁盘。")
    answer = jsonify(
        ready=verdict.level is not Level.FAULT,
        level=verdict.level.name.lower(),
        verdict=verdict.level,
        reasons=[
            {"level": each.level.name.lower(), "code": each.code, "sentence": each.sentence}
            for each in verdict.findings
        ],
        at=current_site().clock.now().isoformat(timespec="seconds"),
    )
    return answer, 503 if verdict.level is Level.FAULT else 200


def _unreadable(sentence: str) -> Verdict:
    return Verdict(Level.FAULT, (Finding(Level.FAULT, "journal-unavailable", sentence),))
