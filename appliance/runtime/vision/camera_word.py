"""What a camera that reads by itself tells of the vehicles in its lane: whose each report is.

A report is taken for the vehicle's that is in the lane when it comes, kept for the next one, or
handed out because no vehicle will claim it (4.5.1-1).
"""

from collections.abc import Callable

from appliance.runtime.vision.report import EARLY_SECONDS, Heard, OpenReports, PlateReport
from appliance.runtime.vision.stay import Visit


class CameraWord:
    """The reports of one lane's camera. `on_contradiction` hears of a report, told too late, of
    another plate than the one passed on."""

    def __init__(self, on_contradiction: Callable[[PlateReport, str], None]) -> None:
        self._on_contradiction = on_contradiction
        self._reports = OpenReports()

    def hear(self, heard: Heard, visit: Visit | None) -> None:
        """The camera read a plate by itself, while this visit's vehicle was in the lane."""
        if visit is None or not self._is_told_again(visit, heard):
            self._reports.hear(heard)

    def _is_told_again(self, visit: Visit, heard: Heard) -> bool:
        """Whether a report is of the vehicle that was told of already: it is kept with it. One of
        another plate may be the next vehicle's."""
        if visit.reported is None:
            if visit.heard is None or not visit.heard.is_plate(heard.report.plate):
                return False
            visit.heard = visit.heard.with_repeat(heard)
        elif heard.is_plate(visit.reported):
            visit.heard = heard
        else:
            if visit.heard is None and visit.standing:
                visit.heard = heard
                self._on_contradiction(heard.report, visit.reported)
                self._reports.settle(heard, recorded=False)
            return False
        self._reports.settle(heard, recorded=True)
        return True

    def about(self, visit: Visit, text: str | None) -> Heard | None:
        """The report of a visit's vehicle, if it has come: the one of the plate that our reader
        reads, else the latest."""
        told = self._reports.since(visit.hears_from)
        if visit.heard is not None:
            told.append(visit.heard)
        same = [heard for heard in told if text is not None and heard.is_plate(text)]
        return max(same or told, key=lambda heard: heard.last, default=None)

    def take(self, visit: Visit, text: str | None) -> PlateReport | None:
        """The report that goes with what is told of a visit; it is no other vehicle's then."""
        visit.told_at = visit.last.instant
        visit.heard = self.about(visit, text)
        if visit.heard is None:
            return None
        self._reports.settle(visit.heard, recorded=True)
        return visit.heard.report

    def unclaimed(self, visit: Visit | None, instant: float, *, blind: bool) -> Heard | None:
        """The next report that no vehicle in the lane's own picture has come to claim, each once;
        ask until it is None. Without a picture (`blind`) a report that brings one is all there
        will be, and is not waited with."""

        def given_up(heard: Heard) -> bool:
            if visit is not None and not blind:
                return heard.last < visit.hears_from
            waited = instant - heard.report.instant >= EARLY_SECONDS
            return waited or (blind and heard.report.picture is not None)

        return self._reports.hand_out(given_up, blind=blind)
