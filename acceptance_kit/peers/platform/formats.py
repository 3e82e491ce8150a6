"""The forms of times, days and numbers, and what a message gets that does not keep to them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from appliance.clock import BEIJING
from appliance.guideline.messages import FieldKind, FieldSpec, Result


@dataclass(frozen=True, slots=True)
class Judgement:
    """The answer to a message and, in English, what it is for."""

    code: Result
    reason: str


class Refused(Exception):
    """A message is not taken; `judgement` says why."""

    def __init__(self, code: Result, reason: str) -> None:
        super().__init__(reason)
        self.judgement = Judgement(code, reason)


def _matches(pattern: str, form: str, words: str) -> Callable[[str, str], None]:
    def check(name: str, text: str) -> None:
        if not re.fullmatch(pattern, text):
            raise Refused(Result.UNREADABLE, f"{name} is not {words}")
        if form:
            try:
                datetime.strptime(text, form)  # noqa: DTZ007  # only whether it is one
            except ValueError as error:
                raise Refused(Result.UNREADABLE, f"{name} is not {words}") from error

    return check


_COMPACT_TIME = (r"[0-9]{14}", "%Y%m%d%H%M%S", "yyyyMMddHHmmss")
_COMPACT_DATE = (r"[0-9]{8}", "%Y%m%d", "YYYYMMDD")
_DASHED = (
    r"[0-9]{4}(-[0-9]{2}){2} [0-9]{2}(:[0-9]{2}){2}",
    "%Y-%m-%d %H:%M:%S",
    "YYYY-MM-DD HH:mm:ss",
)
_DATES = {
    "compact": {FieldKind.DATETIME: [_COMPACT_TIME], FieldKind.DATE: [_COMPACT_DATE]},
    "dashed": {FieldKind.DATETIME: [_DASHED], FieldKind.DATE: [_DASHED]},
    "any": {
        FieldKind.DATETIME: [_COMPACT_TIME, _DASHED],
        FieldKind.DATE: [_COMPACT_DATE, _DASHED],
    },
}
_NUMBERS = {
    FieldKind.INT: (r"-?[0-9]{1,10}", "", "a whole number"),
    FieldKind.FLOAT: (r"-?[0-9]{1,15}(\.[0-9]{1,15})?", "", "a number"),
}


def check_format(spec: FieldSpec, text: str, dates: str) -> None:
    """Raise Refused when no form that `dates` allows takes `text`."""
    if spec.kind in _NUMBERS:
        _matches(*_NUMBERS[spec.kind])(spec.name, text)
    refused = None
    for form in _DATES[dates].get(spec.kind, []):
        try:
            _matches(*form)(spec.name, text)
        except Refused as not_this:
            refused = not_this
        else:
            return
    if refused is not None:
        raise refused


def time_of(text: str, dates: str) -> datetime | None:
    """The moment of a DATE in one of the forms that `dates` allows, or None."""
    for _, form, _ in _DATES[dates][FieldKind.DATETIME]:
        try:
            return datetime.strptime(text, form).replace(tzinfo=BEIJING)
        except ValueError:
            continue
    return None


def check_compact_time(name: str, text: str) -> None:
    """Raise Refused unless `text` is yyyyMMddHHmmss."""
    _matches(*_COMPACT_TIME)(name, text)
