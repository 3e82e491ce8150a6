"""QN, the name of a message: 17 digits yyyyMMddHHmmssSSS of Beijing time (7.3), never given twice.

The last one given is kept in the journal, so that neither a second message within a millisecond,
nor a clock that steps back, nor a restart repeats one: the next is then a millisecond later.
"""

from datetime import datetime, timedelta

from sqlite_utils import Database

from appliance.clock import BEIJING
from appliance.runtime.journal.database import row

MILLISECOND = timedelta(milliseconds=1)


def next_qn(now: datetime, last: str | None) -> str:
    """The QN for `now` (aware), or the one after `last` if that is later."""
    moment = now.astimezone(BEIJING)
    if last is not None:
        moment = max(moment, _moment(last) + MILLISECOND)
    return f"{moment:%Y%m%d%H%M%S}{moment.microsecond // 1000:03d}"


def issue(database: Database, now: datetime) -> str:
    """Give out a QN. Call inside `writing`, or two processes would give the same one."""
    found = row(database, "SELECT qn FROM last_qn")
    qn = next_qn(now, found["qn"] if found else None)
    database.execute("INSERT OR REPLACE INTO last_qn (only_row, qn) VALUES (1, :qn)", {"qn": qn})
    return qn


def _moment(qn: str) -> datetime:
    seconds = datetime.strptime(qn[:14], "%Y%m%d%H%M%S").replace(tzinfo=BEIJING)
    return seconds + timedelta(milliseconds=int(qn[14:]))
