"""The data test before the filing: a site's own profile against the reference platform."""

from pathlib import Path

import pytest
from sites import DEMO, demo_profile

from acceptance_kit.data_test import finding, send_each_kind
from acceptance_kit.findings import Verdict
from appliance.clock import SystemClock
from appliance.profile.loading import load_profile

pytestmark = pytest.mark.slow

CLOCK = SystemClock()


def test_each_kind_of_message_of_the_demo_site_is_taken() -> None:
    test = send_each_kind(load_profile(DEMO), CLOCK)
    found = finding(test, "kit", CLOCK)
    assert (found.verdict, found.reason) == (Verdict.YES, "")
    assert found.measured == "参考平台接收通行记录 2 条、视频信息 2 条、企业状态 1 条"


@pytest.mark.parametrize(
    "dialect",
    [
        {"body": "cp", "crc": "constant", "dictionary": "names", "dates": "dashed"},
        {"length": "packets"},
        {"photos": "two-messages", "version": "2025"},
    ],
    ids=str,
)
def test_the_platform_speaks_the_dialect_of_the_profile(
    tmp_path: Path, dialect: dict[str, str]
) -> None:
    profile = demo_profile(tmp_path, uplink__dialect=dialect)
    found = finding(send_each_kind(profile, CLOCK), "kit", CLOCK)
    assert (found.verdict, found.reason) == (Verdict.YES, "")


def test_a_text_that_the_platform_refuses_is_told(tmp_path: Path) -> None:
    """The profile's own check refuses it as well; here it is slipped past it."""
    profile = demo_profile(tmp_path)
    camera = profile.cameras[0].model_copy(update={"position": "东门 and 西门"})
    faulty = profile.model_copy(update={"cameras": (camera, *profile.cameras[1:])})
    found = finding(send_each_kind(faulty, CLOCK), "kit", CLOCK)
    assert found.verdict is Verdict.NO
    assert "and" in found.reason
