"""News of the site's state (60003): at a start, on a change, and at an interval.

The state is what the programs' heartbeats say. Bad news is told only after it lasted a minute,
so that a restart or a hiccup of the link alarms nobody; good news is told at once.
"""

import json
from datetime import datetime, timedelta

from appliance.clock import Clock
from appliance.guideline.dictionaries import GateState
from appliance.guideline.messages import STATUS
from appliance.profile.model import Profile
from appliance.runtime.journal import Journal
from appliance.runtime.uplink.cameras import QUIET_AFTER_A_START
from appliance.runtime.uplink.dialect import HJ212Dialect
from appliance.runtime.uplink.message import ANY_QN, status_fields, why_unsendable
from appliance.runtime.uplink.pulse import PROGRAM

_NAME = "status-news"
_LOOK_SECONDS = 1.0
SETTLE_SECONDS = 60.0
# Programs beat every few seconds; one that is quiet for longer has stopped or hangs.
_SILENT_AFTER = timedelta(seconds=15)


def state_of(profile: Profile, journal: Journal, now: datetime) -> GateState:
    """Offline when the uplink has no link, faulty when a lane is silent or says it is not well."""
    if profile.uplink.maintenance:
        return GateState.MAINTENANCE
    beats = {beat.program: beat for beat in journal.heartbeats()}
    well = {
        program
        for program, beat in beats.items()
        if beat.ok and abs(now - beat.at) <= _SILENT_AFTER
    }
    if PROGRAM not in well:
        return GateState.OFFLINE
    lanes = {f"lane-{lane.barrier.id}" for lane in profile.lanes()}
    return GateState.NORMAL if lanes <= well else GateState.FAULT


class StatusNews:
    """Looks at the heartbeats now and then, and queues a message when there is something to say."""

    def __init__(self, profile: Profile, journal: Journal, clock: Clock) -> None:
        self._profile = profile
        self._journal = journal
        self._clock = clock
        self._next_look = clock.monotonic()
        self._state: GateState | None = None
        self._since = clock.monotonic()
        self._started = False

    def __call__(self) -> None:
        """Queue a message when it is time."""
        if self._clock.monotonic() < self._next_look:
            return
        self._next_look = self._clock.monotonic() + _LOOK_SECONDS
        state = state_of(self._profile, self._journal, self._clock.now())
        if state is not self._state:
            self._state, self._since = state, self._clock.monotonic()
        payload = json.dumps(
            {"state": state, "production": self._profile.uplink.production}, ensure_ascii=False
        )
        if self._is_due(state, payload):
            self._journal.owe_news(STATUS, payload, refusal=self._refusal(state))
            told = {"payload": payload, "at": self._clock.now().isoformat()}
            self._journal.remember(_NAME, json.dumps(told))
            self._started = True

    def _refusal(self, state: GateState) -> str | None:
        uplink = self._profile.uplink
        return why_unsendable(
            lambda: status_fields(
                state,
                uplink.production,
                self._clock.now(),
                qn=ANY_QN,
                mn=self._profile.mn,
                dialect=HJ212Dialect.of(uplink.dialect),
            )
        )

    def _is_due(self, state: GateState, payload: str) -> bool:
        kept = self._journal.recall(_NAME)
        # After a start the lanes have not beaten yet: that is no fault to tell, however long ago
        # the last message was.
        if not self._settled(state):
            return False
        if kept is None:
            return True
        told = json.loads(kept)
        ago = abs(self._clock.now() - datetime.fromisoformat(told["at"]))
        if ago >= timedelta(minutes=self._profile.uplink.status_interval_minutes):
            return True
        started, self._started = self._started, True
        return payload != told["payload"] or (not started and ago >= QUIET_AFTER_A_START)

    def _settled(self, state: GateState) -> bool:
        good = state in {GateState.NORMAL, GateState.MAINTENANCE}
        return good or self._clock.monotonic() - self._since >= SETTLE_SECONDS
