"""Plates that a camera reads by itself, over ONVIF's own way of telling events: a pull point.

The standard topic (Profile M) is `tns1:RuleEngine/Recognition/LicensePlate`, its plate an element
`LicensePlateInfo`; older cameras use topics of their own with simple items. Both are understood.
The camera keeps what happens between two questions, so nothing is lost while the box is busy.
"""

import logging
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from lxml import etree

from appliance.cameras.channel import Channel
from appliance.cameras.timekeeping import read_clock
from appliance.cameras.transport import Untrustworthy

log = logging.getLogger(__name__)

WAIT = timedelta(seconds=2)
"""How long the camera holds a question to which it has no answer yet; less than the transport's
own patience."""

OLDEST = timedelta(seconds=10)
"""A plate read longer ago is no news; the vehicle may have gone, and another stand there."""

REPLAY_SECONDS = 10.0
"""So long after subscribing a camera may tell its properties as they were before, each as
"Initialized", some of them dated by now."""

LIFE = timedelta(seconds=60)
MOST_MESSAGES = 20
LONGEST_PLATE = 32

PLATE_TOPIC = re.compile(r"LicensePlate|\bANPR\b|\bALPR\b|\bLPR\b", re.IGNORECASE)
PLATE_NAMES = {"platenumber", "plate", "licenseplate", "licenseplatenumber", "platetext"}
LIKELIHOODS = {"likelihood", "confidence"}
PATH = re.compile(r"/[A-Za-z0-9._~/-]{0,200}(\?[A-Za-z0-9._~/=&%-]{0,200})?")


@dataclass(frozen=True, slots=True)
class PlateEvent:
    """A plate as a camera tells it: its text unchecked, its likelihood (0 to 1) or None, and when
    it was read by our clock, None where the camera says no time."""

    text: str
    likelihood: float | None
    at: datetime | None


class PullPoint:
    """One subscription on a camera. `open` before `pull`; anything that fails ends it, and it is
    opened anew. Nobody closes it: what is not asked any more ends by itself within `LIFE`."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._opened_at = math.inf

    def open(self) -> None:
        """Subscribe; raises CameraSilent, CameraRefused, Untrustworthy."""
        read_clock(self._channel)
        self._channel.find_services()
        if not self._channel.offers("events"):
            raise Untrustworthy("没有 ONVIF 事件服务")
        answer = self._channel.call(
            "events", "CreatePullPointSubscription", InitialTerminationTime=LIFE
        )
        address = urlsplit(str(answer.SubscriptionReference.Address._value_1))
        path = address.path + (f"?{address.query}" if address.query else "")
        if not PATH.fullmatch(path):
            raise Untrustworthy("事件订阅的地址不合规定")
        # Of the address only the path is used, never the host.
        self._channel.reach("pullpoint", path)
        self._opened_at = self._channel.clock.monotonic()

    def pull(self) -> list[PlateEvent]:
        """What the camera read since the last question, waiting for `WAIT` at most; raises as
        `open` does, and CameraRefused when the subscription is over."""
        answer = self._channel.call(
            "pullpoint", "PullMessages", Timeout=WAIT, MessageLimit=MOST_MESSAGES
        )
        messages = list(answer.NotificationMessage or ())[:MOST_MESSAGES]
        events = self._events(messages)
        if any(abs(self._age(event)) > OLDEST for event in events):
            read_clock(self._channel)  # it may have been set since the last time
            events = self._events(messages)
        news = [event for event in events if self._age(event) <= OLDEST]
        if len(news) < len(events):
            log.info("%d plates that the camera read long ago are no news", len(events) - len(news))
        return news

    def _events(self, messages: list[Any]) -> list[PlateEvent]:
        return [event for message in messages if (event := self._event(message)) is not None]

    def _age(self, event: PlateEvent) -> timedelta:
        return timedelta(0) if event.at is None else self._channel.clock.now() - event.at

    def _event(self, message: Any) -> PlateEvent | None:
        body = getattr(message.Message, "_value_1", None)
        if not isinstance(body, etree._Element) or not PLATE_TOPIC.search(topic := _topic(body)):
            return None
        operation = body.get("PropertyOperation")
        if operation == "Deleted" or (operation == "Initialized" and self._replays):
            return None
        found = next(_plates(body), None)
        if found is None:
            log.info("an event of %.60r names no plate", topic)
            return None
        text, likelihood = found
        return PlateEvent(text[:LONGEST_PLATE], likelihood, self._moment(body.get("UtcTime")))

    @property
    def _replays(self) -> bool:
        """Whether the camera may still be telling what was before it was subscribed to."""
        return self._channel.clock.monotonic() < self._opened_at + REPLAY_SECONDS

    def _moment(self, told: str | None) -> datetime | None:
        """The camera's time by our clock."""
        try:
            moment = datetime.fromisoformat(str(told))
        except ValueError:
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        try:
            return moment - self._channel.offset
        except OverflowError:
            return None


def _topic(body: etree._Element) -> str:
    """What a message is about. zeep drops the text of this element (it may hold others as well), so
    it is looked for beside the message itself."""
    holder = body.getparent()
    notification = None if holder is None else holder.getparent()
    for element in () if notification is None else notification:
        if isinstance(element.tag, str) and etree.QName(element).localname == "Topic":
            return "".join(str(text) for text in element.itertext()).strip()
    return ""


def _plates(body: etree._Element) -> Iterator[tuple[str, float | None]]:
    """Each plate of a message with its likelihood; whatever namespace it was put in."""
    spoken = _share(_item(body, LIKELIHOODS))
    for element in body.iter():
        if isinstance(element.tag, str) and etree.QName(element).localname == "PlateNumber":
            likelihood = _share(element.get("Likelihood"))
            yield (element.text or "").strip(), spoken if likelihood is None else likelihood
    if text := _item(body, PLATE_NAMES):
        yield text.strip(), spoken


def _item(body: etree._Element, names: set[str]) -> str | None:
    for element in body.iter():
        if not isinstance(element.tag, str) or etree.QName(element).localname != "SimpleItem":
            continue
        if str(element.get("Name")).lower() in names:
            value = element.get("Value")
            return None if value is None else str(value)
    return None


def _share(text: str | None) -> float | None:
    """A likelihood between 0 and 1; some cameras tell hundredths."""
    try:
        value = float(str(text))
    except ValueError:
        return None
    value = value / 100 if 1 < value <= 100 else value
    return value if 0 <= value <= 1 else None
