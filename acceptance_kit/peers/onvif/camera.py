"""What a simulated camera is set to, and what it remembers of being set."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from acceptance_kit.peers.onvif.events import EventService
from appliance.clock import Clock


@dataclass(frozen=True, slots=True)
class OnvifProfile:
    """A stream that the camera offers."""

    token: str
    path: str
    codec: str = "H264"
    width: int = 1920
    height: int = 1080


@dataclass(frozen=True, slots=True)
class OnvifRecording:
    """What the camera has kept itself: from when to when (its own time), and the RTSP path."""

    token: str
    begin: datetime
    end: datetime
    path: str = "/replay"


@dataclass
class Osd:
    """A burnt-in text: its kind (`Plain` or `DateAndTime`), words and place."""

    token: str
    kind: str
    text: str
    place: str


@dataclass
class SimulatedSettings:
    """A camera as it comes out of its box, until somebody sets it.

    `drift` is its clock less the true one. Without `events` it has no event service, without
    `profiles` no media service; an empty `osd_limit` means no OSD service at all, no `recordings`
    neither search nor replay (Profile G).
    """

    clock: Clock
    user: str = "gatehouse"
    password: str = "throw-away"  # noqa: S105 - a simulated camera's
    drift: timedelta = timedelta(0)
    profiles: tuple[OnvifProfile, ...] = (OnvifProfile("main", "/main"),)
    rtsp_port: int = 554
    events: EventService | None = None
    osd_limit: int | None = 8
    recording_jobs: dict[str, str] | None = None
    recordings: tuple[OnvifRecording, ...] | None = None
    window_seconds: float = 5.0
    mode: str = "Manual"
    zone: str = "GMT0"
    ntp: list[str] = field(default_factory=list)
    osds: list[Osd] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def now(self) -> datetime:
        """What its clock shows, in UTC."""
        return self.clock.now().astimezone(UTC) + self.drift

    def set_clock(self, moment: datetime) -> None:
        """Its clock is set to `moment` (UTC)."""
        self.drift = moment - self.clock.now().astimezone(UTC)

    def put_osd(self, osd: Osd) -> str:
        """Replace the OSD of that token, or add a new one; returns its token."""
        for number, known in enumerate(self.osds):
            if known.token == osd.token:
                self.osds[number] = osd
                return osd.token
        osd.token = f"osd-{len(self.osds) + 1}"
        self.osds.append(osd)
        return osd.token
