"""Plates told over ONVIF: a real client, a real SOAP server, whatever the camera's habits."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from acceptance_kit.peers.onvif import EventService, OnvifPeer, SimulatedSettings
from appliance.cameras.channel import CameraRefused, Channel
from appliance.cameras.events import REPLAY_SECONDS, PullPoint
from appliance.cameras.transport import Untrustworthy
from appliance.clock import Clock, SystemClock
from appliance.profile.model import Camera, Profile
from appliance.runtime.vision.grammar import spelled

PASSWORD = "q7-throw-away"


@pytest.fixture
def events(settings: SimulatedSettings) -> EventService:
    """The camera reads plates by itself."""
    settings.events = EventService(settings.clock)
    return settings.events


@pytest.fixture
def subscribe(site: Profile) -> Callable[..., PullPoint]:
    def subscribed(clock: Clock | None = None) -> PullPoint:
        camera: Camera = site.lane("A01").camera
        point = PullPoint(Channel(camera, PASSWORD, clock or SystemClock()))
        point.open()
        return point

    return subscribed


def test_a_plate_told_by_the_standard_topic_is_heard_with_its_likelihood(
    events: EventService, subscribe: Callable[..., PullPoint]
) -> None:
    point = subscribe()
    events.tell_plate("宁A58D21", 0.87)
    (event,) = point.pull()
    assert (event.text, event.likelihood) == ("宁A58D21", 0.87)


def test_a_plate_told_in_simple_items_of_a_topic_of_the_makers_own_is_heard(
    events: EventService, subscribe: Callable[..., PullPoint]
) -> None:
    point = subscribe()
    events.tell_plate("宁A58D21", 0.87, topic="tns1:RuleEngine/ANPR", simple=True)
    (event,) = point.pull()
    assert (event.text, event.likelihood) == ("宁A58D21", 0.87)


def test_other_events_and_a_plate_that_is_taken_back_are_passed_over(
    events: EventService, subscribe: Callable[..., PullPoint]
) -> None:
    point = subscribe()
    motion = "<tt:SimpleItem Name='Plate' Value='宁A58D21'/>"
    events.tell("tns1:RuleEngine/CellMotionDetector/Motion", motion)
    events.tell_plate("宁A58D21", operation="Deleted")
    events.tell("tns1:RuleEngine/Recognition/LicensePlate", "<tt:SimpleItem Name='X' Value='1'/>")
    assert point.pull() == []


def test_what_happens_between_two_questions_is_not_lost(
    events: EventService, subscribe: Callable[..., PullPoint]
) -> None:
    point = subscribe()
    for number in range(3):
        events.tell_plate(f"宁A0000{number}")
    assert [event.text for event in point.pull()] == ["宁A00000", "宁A00001", "宁A00002"]


def test_the_time_of_a_camera_whose_clock_is_wrong_is_told_by_ours(
    settings: SimulatedSettings, events: EventService, subscribe: Callable[..., PullPoint]
) -> None:
    settings.drift = events.drift = timedelta(hours=-8)
    point = subscribe()
    events.tell_plate("宁A58D21")
    (event,) = point.pull()
    assert event.at is not None
    assert abs(event.at - SystemClock().now()) < timedelta(seconds=4)


def test_a_camera_s_last_plate_of_before_the_subscription_is_no_news(
    events: EventService, subscribe: Callable[..., PullPoint]
) -> None:
    point = subscribe()
    events.tell_plate("宁A58D21", operation="Initialized")
    events.tell_plate("宁A58D22")
    assert [event.text for event in point.pull()] == ["宁A58D22"]


def test_a_plate_that_a_camera_first_tells_long_after_the_subscription_is_news_whatever_it_says(
    events: EventService, subscribe: Callable[..., PullPoint]
) -> None:
    class Later(SystemClock):
        ahead = 0.0

        def monotonic(self) -> float:
            return super().monotonic() + self.ahead

    clock = Later()
    point = subscribe(clock)
    clock.ahead = REPLAY_SECONDS
    events.tell_plate("宁A58D21", operation="Initialized")
    assert [event.text for event in point.pull()] == ["宁A58D21"]


def test_a_plate_of_an_hour_ago_is_not_told_as_one_of_now(
    events: EventService, subscribe: Callable[..., PullPoint]
) -> None:
    point = subscribe()
    events.drift = timedelta(hours=-1)
    events.tell_plate("宁A58D21")
    events.drift = timedelta(0)
    events.tell_plate("宁A58D22")
    assert [event.text for event in point.pull()] == ["宁A58D22"]


def test_plates_of_a_camera_whose_clock_was_set_since_it_was_subscribed_to_are_heard(
    settings: SimulatedSettings, events: EventService, subscribe: Callable[..., PullPoint]
) -> None:
    settings.window_seconds = 86_400  # a strict camera refuses the old time: it is opened anew
    point = subscribe()
    settings.drift = events.drift = timedelta(hours=-8)
    events.tell_plate("宁A58D21")
    (event,) = point.pull()
    assert event.at is not None
    assert abs(event.at - SystemClock().now()) < timedelta(seconds=4)


def test_a_subscription_that_the_camera_forgot_is_refused_and_opened_anew(
    events: EventService, subscribe: Callable[..., PullPoint]
) -> None:
    point = subscribe()
    events.forget()
    with pytest.raises(CameraRefused):
        point.pull()
    point.open()
    events.tell_plate("宁A58D21")
    assert [event.text for event in point.pull()] == ["宁A58D21"]


def test_a_camera_without_events_says_so(subscribe: Callable[..., PullPoint]) -> None:
    with pytest.raises(Untrustworthy, match="没有 ONVIF 事件服务"):
        subscribe()


def test_a_subscription_at_another_host_is_asked_at_the_camera_all_the_same(
    peer: OnvifPeer, events: EventService, subscribe: Callable[..., PullPoint]
) -> None:
    peer.operations.base = "http://192.0.2.1"
    point = subscribe()
    events.tell_plate("宁A58D21")
    assert [event.text for event in point.pull()] == ["宁A58D21"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("宁" * 5000, ["宁" * 32]),
        ("", [""]),
        ("'; drop table --", ["'; drop table --"]),
        ("\u202e宁A58D21", ["\u202e宁A58D21"]),
    ],
    ids=["long", "empty", "quote", "right to left"],
)
def test_a_hostile_plate_is_bounded_and_left_to_the_lane_which_takes_it_for_none(
    text: str, told: list[str], events: EventService, subscribe: Callable[..., PullPoint]
) -> None:
    point = subscribe()
    events.tell_plate(text)
    assert [event.text for event in point.pull()] == told
    assert [spelled(each) for each in told] == [None] * len(told)
