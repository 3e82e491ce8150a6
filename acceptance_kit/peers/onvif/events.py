"""A simulated camera's event service: pull points that hold what is told until it is asked for.

Each subscription has an address of its own and ends when nobody asks for a while, as in a real
camera; one that has ended answers with a fault.
"""

import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape, quoteattr

from appliance.clock import Clock

EVENTS = "http://www.onvif.org/ver10/events/wsdl"
NOTIFICATION = "http://docs.oasis-open.org/wsn/b-2"
ADDRESSING = "http://www.w3.org/2005/08/addressing"
PLATE_TOPIC = "tns1:RuleEngine/Recognition/LicensePlate"
DIALECT = "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet"
TOPICS = "http://www.onvif.org/ver10/topics"
KEPT = 100


@dataclass
class Subscription:
    """What one client has still to hear, and until when it is waited for."""

    until: datetime
    waiting: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT))


class EventService:
    """The events of one camera. `life` is how long a subscription lives unasked, `drift` its
    clock less the true one."""

    def __init__(self, clock: Clock, life: timedelta = timedelta(seconds=60)) -> None:
        self.life = life
        self.drift = timedelta(0)
        self.subscriptions: dict[str, Subscription] = {}
        self._clock = clock
        self._news = threading.Condition()

    def tell_plate(
        self,
        text: str,
        likelihood: float = 0.9,
        *,
        topic: str = PLATE_TOPIC,
        simple: bool = False,
        operation: str = "Changed",
    ) -> None:
        """The camera has read a plate. `simple` tells it as older cameras do, in simple items."""
        if simple:
            data = (
                f"<tt:SimpleItem Name='PlateNumber' Value={quoteattr(text)}/>"
                f"<tt:SimpleItem Name='Confidence' Value='{likelihood * 100:.0f}'/>"
            )
        else:
            data = (
                "<tt:ElementItem Name='LicensePlateInfo'><tt:LicensePlateInfo>"
                f"<tt:PlateNumber Likelihood='{likelihood}'>{escape(text)}</tt:PlateNumber>"
                "</tt:LicensePlateInfo></tt:ElementItem>"
            )
        self.tell(topic, data, operation)

    def tell(self, topic: str, data: str, operation: str = "Changed") -> None:
        """Something has happened; every subscriber will hear of it."""
        moment = (self._clock.now() + self.drift).astimezone(UTC).isoformat(timespec="milliseconds")
        message = (
            f"<wsnt:NotificationMessage><wsnt:Topic Dialect='{DIALECT}'>{escape(topic)}"
            "</wsnt:Topic><wsnt:Message>"
            f"<tt:Message UtcTime='{moment.replace('+00:00', 'Z')}' "
            f"PropertyOperation='{operation}'><tt:Source>"
            "<tt:SimpleItem Name='VideoSource' Value='source'/>"
            "<tt:SimpleItem Name='Rule' Value='plates'/></tt:Source>"
            f"<tt:Data>{data}</tt:Data></tt:Message></wsnt:Message></wsnt:NotificationMessage>"
        )
        with self._news:
            for subscription in self.subscriptions.values():
                subscription.waiting.append(message)
            self._news.notify_all()

    def forget(self) -> None:
        """All subscriptions are gone, as after a camera's restart."""
        with self._news:
            self.subscriptions.clear()
            self._news.notify_all()

    def subscribe(self) -> str:
        """A new subscription; its path."""
        with self._news:
            path = f"/onvif/pullpoint?number={len(self.subscriptions) + 1}"
            self.subscriptions[path] = Subscription(self._clock.now() + self.life)
            return path

    def pull(self, path: str, wait: float, most: int) -> list[str] | None:
        """What a subscriber has not heard yet, waiting a while for it; None when there is no such
        subscription any more."""
        deadline = self._clock.monotonic() + wait
        with self._news:
            while True:
                subscription = self.subscriptions.get(path)
                if subscription is None or subscription.until < self._clock.now():
                    self.subscriptions.pop(path, None)
                    return None
                left = deadline - self._clock.monotonic()
                if subscription.waiting or left <= 0:
                    break
                self._news.wait(left)
            subscription.until = self._clock.now() + self.life
            count = min(most, len(subscription.waiting))
            return [subscription.waiting.popleft() for _ in range(count)]


def subscribed(base: str, path: str, now: datetime, life: timedelta) -> str:
    """The body of the answer to CreatePullPointSubscription."""
    return (
        f"<a:SubscriptionReference><wsa:Address xmlns:wsa='{ADDRESSING}'>{escape(base + path)}"
        f"</wsa:Address></a:SubscriptionReference>{_times(now, life, 'wsnt')}"
    )


def pulled(messages: list[str], now: datetime, life: timedelta) -> str:
    """The body of the answer to PullMessages."""
    space = f" xmlns:wsnt='{NOTIFICATION}' xmlns:tns1='{TOPICS}'"
    inner = "".join(
        message.replace("<wsnt:NotificationMessage>", f"<wsnt:NotificationMessage{space}>", 1)
        for message in messages
    )
    return f"{_times(now, life, 'a')}{inner}"


def _times(now: datetime, life: timedelta, prefix: str) -> str:
    space = f" xmlns:wsnt='{NOTIFICATION}'" if prefix == "wsnt" else ""
    return "".join(
        f"<{prefix}:{name}{space}>{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}</{prefix}:{name}>"
        for name, moment in (("CurrentTime", now), ("TerminationTime", now + life))
    )
