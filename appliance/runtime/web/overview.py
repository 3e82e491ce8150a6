"""The state of the whole site, gathered from the journal for one drawing of the status page."""

from dataclasses import dataclass
from datetime import datetime

from appliance.clock import BEIJING
from appliance.profile.model import Lane
from appliance.runtime.journal import Counts, Journal
from appliance.runtime.journal.values import (
    Event,
    Heartbeat,
    OutboxItem,
    OutboxState,
    PhotoKind,
    RecordedPassage,
)
from appliance.runtime.web.books import Days, Standing, standing_of
from appliance.runtime.web.site import Site
from appliance.runtime.web.starting import findings_of_the_start
from appliance.runtime.web.storage import StorageView, storage_of
from appliance.runtime.web.verdict import SILENT_AFTER, Pulse, Verdict, judge, pulse
from appliance.runtime.web.wording import program_names

PASSAGES_SHOWN = 20
EVENTS_SHOWN = 10

PASSAGES_SEARCHED = 200
"""How far back a lane's last passage is looked for; a lane that is idle for longer shows none."""


@dataclass(frozen=True, slots=True)
class Sent:
    """How far a passage's newest message came; `confirmed_at` once it is done."""

    message: OutboxItem
    confirmed_at: datetime | None


@dataclass(frozen=True, slots=True)
class PassageLine:
    """A passage as a line of the list."""

    passage: RecordedPassage
    sent: Sent | None
    has_front: bool


@dataclass(frozen=True, slots=True)
class ProgramLine:
    """A program that must run, and what it last said."""

    name: str
    pulse: Pulse
    heartbeat: Heartbeat | None


@dataclass(frozen=True, slots=True)
class LaneCard:
    """A lane: its program, when its picture was taken (None: no picture), its last passage."""

    lane: Lane
    program: ProgramLine
    pictured_at: datetime | None
    picture_is_old: bool
    last: RecordedPassage | None


@dataclass(frozen=True, slots=True)
class Overview:
    """All that the status page shows."""

    now: datetime
    verdict: Verdict
    lanes: tuple[LaneCard, ...]
    programs: tuple[ProgramLine, ...]
    counts: Counts
    last_receipt_at: datetime | None
    passages: tuple[PassageLine, ...]
    events: tuple[Event, ...]
    standing: Standing
    days: Days
    storage: StorageView


def verdict_of(site: Site, journal: Journal) -> Verdict:
    """The verdict alone."""
    return judge(
        program_names(site.profile),
        journal.heartbeats(),
        journal.outbox_counts(),
        site.clock.now(),
        [
            *standing_of(site.profile, journal, site.clock.now()).findings(site.clock.now()),
            *storage_of(site.profile, journal).findings(),
            *findings_of_the_start(),
        ],
    )


def overview_of(site: Site, journal: Journal) -> Overview:
    """Gather the status page."""
    now = site.clock.now()
    names = program_names(site.profile)
    beats = {heartbeat.program: heartbeat for heartbeat in journal.heartbeats()}
    lines = {
        program: ProgramLine(name, pulse(beats.get(program), now), beats.get(program))
        for program, name in names.items()
    }
    counts = journal.outbox_counts()
    standing = standing_of(site.profile, journal, now)
    storage = storage_of(site.profile, journal)
    findings = [*standing.findings(now), *storage.findings(), *findings_of_the_start()]
    recent = journal.latest_passages(PASSAGES_SEARCHED)
    # Newest first: of a lane's passages, the newest is the last to be put in.
    last = {passage.barrier: passage for passage in reversed(recent)}
    return Overview(
        now=now,
        verdict=judge(names, beats.values(), counts, now, findings),
        lanes=tuple(
            _card(site, lane, lines[f"lane-{lane.barrier.id}"], last.get(lane.barrier.id), now)
            for lane in site.profile.lanes()
        ),
        programs=tuple(lines.values()),
        counts=counts,
        last_receipt_at=journal.last_receipt_at(),
        passages=tuple(_line(journal, passage) for passage in recent[:PASSAGES_SHOWN]),
        events=journal.latest_events(EVENTS_SHOWN),
        standing=standing,
        days=site.counter.days(journal),
        storage=storage,
    )


def sent_of(journal: Journal, passage_id: int) -> Sent | None:
    """How far a passage's newest message came; None when nothing is owed."""
    messages = journal.messages(passage_id)
    if not messages:
        return None
    newest = messages[-1]
    receipts = journal.receipts(newest.id) if newest.state is OutboxState.DONE else ()
    return Sent(newest, receipts[-1].at if receipts else None)


def _line(journal: Journal, passage: RecordedPassage) -> PassageLine:
    fronts = [photo for photo in passage.photos if photo.kind is PhotoKind.FRONT]
    return PassageLine(
        passage=passage,
        sent=sent_of(journal, passage.id),
        has_front=any(journal.photo_path(photo).is_file() for photo in fronts),
    )


def _card(
    site: Site,
    lane: Lane,
    program: ProgramLine,
    last: RecordedPassage | None,
    now: datetime,
) -> LaneCard:
    try:
        changed = site.snapshot_path(lane.barrier.id).stat().st_mtime
    except OSError:
        pictured_at = None
    else:
        pictured_at = datetime.fromtimestamp(changed, BEIJING)
    return LaneCard(
        lane=lane,
        program=program,
        pictured_at=pictured_at,
        # An old picture must not pass for the lane as it is now.
        picture_is_old=pictured_at is not None and now - pictured_at > SILENT_AFTER,
        last=last,
    )
