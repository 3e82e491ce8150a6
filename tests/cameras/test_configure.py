"""What is done at a camera, against a real SOAP server that checks every signature."""

from datetime import timedelta

import pytest

from acceptance_kit.peers.onvif import OnvifPeer, OnvifProfile, SimulatedSettings
from acceptance_kit.peers.onvif.camera import Osd
from appliance.cameras import CameraReport, State
from appliance.profile.model import Caption, Profile


def state_of(report: CameraReport, subject: str) -> State:
    return next(each.state for each in report.findings if each.subject == subject)


def detail_of(report: CameraReport, subject: str) -> str:
    return next(each.detail for each in report.findings if each.subject == subject)


def changed(site: Profile, **keys: object) -> Profile:
    raw = site.model_dump(mode="json")
    raw["cameras"][0] |= keys
    return Profile.model_validate(raw)


@pytest.mark.slow
@pytest.mark.parametrize("drift", [timedelta(0), timedelta(days=-3650), timedelta(hours=9)])
def test_a_fresh_camera_is_set_up_however_wrong_its_clock_and_a_second_run_changes_nothing(
    configure, settings: SimulatedSettings, drift: timedelta
) -> None:
    settings.drift = drift
    report = configure()
    assert report.state is State.CHANGED, report.as_text()
    assert abs(settings.drift) < timedelta(seconds=2)
    assert (settings.mode, settings.zone, settings.ntp) == ("NTP", "CST-8", ["10.41.8.10"])
    assert [(osd.kind, osd.text) for osd in settings.osds] == [
        ("DateAndTime", ""),
        ("Plain", "出入口A 道闸A01"),
    ]
    assert settings.refused == []
    done = list(settings.changes)
    again = configure()
    assert again.state is State.OK, again.as_text()
    assert settings.changes == done


def test_the_clock_is_read_before_anything_is_signed(
    configure, settings: SimulatedSettings
) -> None:
    configure()
    assert settings.requests[0] == "GetSystemDateAndTime"


def test_a_check_says_what_it_would_do_and_does_nothing(
    configure, settings: SimulatedSettings
) -> None:
    settings.drift = timedelta(minutes=5)
    settings.recording_jobs = {"job": "Idle"}
    report = configure(dry=True)
    assert report.state is State.CHANGED
    assert settings.changes == []
    assert settings.drift == timedelta(minutes=5)


def test_a_wrong_password_is_told_and_stands_nowhere_in_the_report(
    configure, settings: SimulatedSettings
) -> None:
    settings.password = "another"
    report = configure()
    assert report.state is State.FAILED
    assert "用户名或密码" in report.as_text()
    assert "q7-throw-away" not in f"{report}{report.as_text()}{report.as_dict()}"
    assert settings.changes == []


def test_a_camera_that_does_not_answer_is_left_for_hands(configure, site: Profile) -> None:
    report = configure(changed(site, onvif_port=1))
    assert report.state is State.LEFT
    assert report.hands() == [
        "相机 a01-plate（东门进厂道卡口，127.0.0.1）连接："
        "127.0.0.1:1 没有应答，请检查供电、网线和 ONVIF 端口，再运行一次。"
    ]


def test_an_older_text_of_ours_is_replaced_and_a_text_of_others_is_left_alone(
    configure, settings: SimulatedSettings
) -> None:
    settings.osds = [
        Osd("osd-1", "Plain", "1 号机", "UpperRight"),
        Osd("osd-2", "Plain", "出入口B 道闸B09", "LowerLeft"),
    ]
    configure()
    assert [osd.text for osd in settings.osds] == ["1 号机", "出入口A 道闸A01", ""]


def test_a_camera_without_text_service_is_left_for_hands_with_the_text_to_write(
    configure, settings: SimulatedSettings
) -> None:
    settings.osd_limit = None
    report = configure()
    assert state_of(report, "屏幕字符") is State.LEFT
    assert "出入口A 道闸A01" in detail_of(report, "屏幕字符")
    assert state_of(report, "时钟") is State.CHANGED


def test_a_camera_without_media_service_is_told_by_that_name_and_its_clock_is_set_all_the_same(
    configure, settings: SimulatedSettings
) -> None:
    settings.profiles = ()
    report = configure()
    assert "没有 ONVIF 服务 media" in detail_of(report, "设置")
    assert state_of(report, "时钟") is State.CHANGED


def test_a_text_that_is_left_to_the_clip_needs_no_hands(
    configure, site: Profile, settings: SimulatedSettings
) -> None:
    settings.osd_limit = None
    left = site.cameras[0].model_copy(update={"caption": Caption.CLIP})
    report = configure(site.model_copy(update={"cameras": (left, *site.cameras[1:])}))
    assert state_of(report, "屏幕字符") is State.OK


@pytest.mark.parametrize(
    ("keys", "stream", "subject", "said"),
    [
        ({"rtsp_path": "/other"}, {}, "主码流", "/main?unicast=true"),
        ({"rtsp_path": "/main?unicast=false"}, {}, "主码流", "没有路径"),
        ({"rtsp_port": 554}, {}, "主码流", "RTSP 端口是 18554"),
        ({"sub_rtsp_path": "/third"}, {}, "子码流", "/sub"),
        ({}, {"width": 1024, "height": 768}, "主码流", "1280×720"),
        ({}, {"codec": "JPEG"}, "主码流", "JPEG"),
    ],
    ids=str,
)
def test_a_stream_that_is_not_as_the_profile_says_is_told_with_what_there_is(
    *, configure, site: Profile, settings: SimulatedSettings, keys, stream, subject, said
) -> None:
    first, second = settings.profiles
    words = {"width": first.width, "height": first.height, "codec": first.codec} | stream
    settings.profiles = (OnvifProfile(first.token, first.path, **words), second)
    report = configure(changed(site, **keys))
    assert state_of(report, subject) is State.FAILED
    assert said in detail_of(report, subject)


def test_a_small_stream_that_the_profile_leaves_unused_is_named_and_is_no_fault(
    configure, site: Profile, settings: SimulatedSettings
) -> None:
    main, small = settings.profiles
    others = (("p3", "/large", 1280, 720), ("p4", "/tiny", 176, 144), ("p5", "/third", 704, 576))
    settings.profiles = (
        main,
        *(OnvifProfile(token, path, width=x, height=y) for token, path, x, y in others),
        small,
        OnvifProfile("p6", "/pictures", width=640, height=352, codec="JPEG"),
    )
    report = configure(changed(site, sub_rtsp_path=None))
    assert state_of(report, "子码流") is State.OK
    assert "/sub（H264 640×360）" in detail_of(report, "子码流")
    settings.profiles = (main,)
    told = configure(changed(site, sub_rtsp_path=None)).findings
    assert "子码流" not in [each.subject for each in told]


def test_the_profiles_path_may_leave_out_what_the_camera_adds(configure) -> None:
    report = configure()
    assert detail_of(report, "主码流") == "/main，H264 1920×1080"


@pytest.mark.parametrize(
    ("jobs", "state", "after"),
    [
        (None, State.OK, None),
        ({}, State.LEFT, {}),
        ({"job": "Idle", "other": "Active"}, State.CHANGED, {"job": "Active", "other": "Active"}),
        ({"job": "Active"}, State.OK, {"job": "Active"}),
    ],
)
def test_edge_recording_is_started_where_the_camera_has_it(
    configure, settings: SimulatedSettings, jobs, state, after
) -> None:
    settings.recording_jobs = jobs
    report = configure()
    assert state_of(report, "边缘存储") is state
    assert settings.recording_jobs == after


def test_an_address_that_leads_elsewhere_is_asked_at_the_cameras_own_host(
    configure, peer: OnvifPeer
) -> None:
    peer.operations.base = "http://192.0.2.9:9"
    assert configure().state is State.CHANGED
