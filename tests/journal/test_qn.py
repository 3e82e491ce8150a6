"""QN: 17 digits, never the same twice."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from appliance.clock import BEIJING
from appliance.runtime.journal import Journal
from appliance.runtime.journal.qn import next_qn

from .samples import NOON, HandClock, passage

MOMENTS = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001  # hypothesis wants bounds without a zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([BEIJING, UTC]),
)


@given(MOMENTS)
def test_the_first_qn_is_the_moment_itself_in_beijing_time(moment):
    qn = next_qn(moment, None)
    local = moment.astimezone(BEIJING)
    assert qn == local.strftime("%Y%m%d%H%M%S") + f"{local.microsecond // 1000:03}"


@given(st.lists(MOMENTS, min_size=1, max_size=30))
def test_however_the_clock_jumps_each_qn_is_a_later_moment_of_17_digits(moments):
    last = None
    for moment in moments:
        qn = next_qn(moment, last)
        assert len(qn) == 17
        datetime.strptime(qn[:14], "%Y%m%d%H%M%S").replace(tzinfo=BEIJING)
        assert last is None or qn > last
        last = qn


def test_a_second_within_the_millisecond_and_the_turn_of_the_year():
    assert next_qn(NOON, "20261124120000123") == "20261124120000124"
    assert next_qn(NOON, "20261231235959999") == "20270101000000000"


def qn_of(journal: Journal, key: str) -> str:
    recorded, _ = journal.record(passage(key))
    return journal.messages(recorded.id)[0].qn


def test_qns_grow_within_a_millisecond_across_a_step_back_and_across_reopening(root):
    clock = HandClock()
    with Journal.open(root, clock) as journal:
        qns = [qn_of(journal, "1"), qn_of(journal, "2")]
        clock.time -= timedelta(days=400)
        qns.append(qn_of(journal, "3"))
    with Journal.open(root, clock) as journal:
        qns.append(qn_of(journal, "4"))
        clock.time = NOON + timedelta(seconds=1)
        qns.append(qn_of(journal, "5"))
    assert qns == [
        "20261124120000123",
        "20261124120000124",
        "20261124120000125",
        "20261124120000126",
        "20261124120001123",
    ]
