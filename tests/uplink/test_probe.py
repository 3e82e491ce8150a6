"""The probe finds the dialect that a platform speaks, against real platforms of many kinds."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from acceptance_kit.peers.platform import ReferencePlatform, Silent
from acceptance_kit.peers.platform.replies import ReplyStyle
from acceptance_kit.peers.platform.variant import Variant
from appliance.clock import SystemClock
from appliance.guideline.messages import Result
from appliance.profile.model import Dialect
from appliance.runtime.uplink.probe import (
    FRAME_POINTS,
    TEST_MARK,
    Trial,
    field_dialects,
    frame_dialects,
    probe,
)
from appliance.runtime.uplink.probe_report import as_dict, conclusion, fragment, trial_line

from .samples import MN, site

pytestmark = pytest.mark.slow  # to many a frame a platform says nothing, and silence is waited for

SOON = 2.0  # an answer that does come is never so late


@contextmanager
def platform(folder: Path, variant: Variant, **settings: Any) -> Iterator[ReferencePlatform]:
    known = settings.pop("known_mn", {MN})
    with ReferencePlatform(
        database=folder / "platform.sqlite3", known_mn=known, variant=variant, **settings
    ) as running:
        yield running


def probed(
    running: ReferencePlatform, seconds: float = SOON
) -> tuple[Dialect | None, tuple[Trial, ...]]:
    host, port = running.address
    profile = site(host=host, port=port, acknowledge_seconds=seconds)
    return probe(profile, SystemClock(), lambda _: None)


@pytest.mark.parametrize(
    ("variant", "wanted"),
    [
        pytest.param(
            Variant(), {"body": "literal", "length": "bytes", "crc": "computed"}, id="literal"
        ),
        pytest.param(
            Variant(body="cp", packets=True, longest_segment=1024),
            {"body": "cp", "length": "packets"},
            id="cp-packets",
        ),
        pytest.param(
            Variant(longest_segment=9999), {"body": "literal", "length": "shrink"}, id="four-digits"
        ),
        pytest.param(
            Variant(crc="constant"), {"body": "literal", "crc": "constant"}, id="constant"
        ),
        pytest.param(
            Variant(length="constant"), {"length_field": "constant", "crc": "computed"}, id="length"
        ),
        pytest.param(
            Variant(length="constant", crc="constant"),
            {"body": "literal", "length_field": "constant", "crc": "constant"},
            id="field",
        ),
        pytest.param(Variant(version="2025"), {"body": "literal", "version": "2025"}, id="2025"),
        pytest.param(
            Variant(dictionary="names"), {"body": "literal", "dictionary": "names"}, id="names"
        ),
        pytest.param(
            Variant(dates="dashed", dictionary="names"),
            {"dates": "dashed", "dictionary": "names"},
            id="names-dashed",
        ),
    ],
)
def test_the_dialect_of_a_strict_platform_is_found(
    variant: Variant, wanted: dict[str, str], tmp_path: Path
) -> None:
    with platform(tmp_path, variant) as running:
        found, trials = probed(running)
    assert found is not None
    assert {point: getattr(found, point) for point in wanted} == wanted
    assert trials[-1].code == Result.RECEIVED
    assert not any(trial.fits for trial in trials[:-1])


@pytest.mark.parametrize("style", list(ReplyStyle), ids=str)
def test_an_answer_in_any_form_is_understood(style: ReplyStyle, tmp_path: Path) -> None:
    with platform(tmp_path, Variant(reply=style)) as running:
        found, trials = probed(running)
    assert found is not None
    assert found.body == "literal"
    assert trials[-1].raw


def test_a_platform_that_only_misses_the_filing_has_understood(tmp_path: Path) -> None:
    with platform(tmp_path, Variant(), known_mn=set()) as running:
        found, trials = probed(running)
    assert found is not None
    assert trials[-1].code == Result.WRONG_MN
    assert not trials[-1].fits
    assert "备案" in conclusion(found, trials)


def test_every_record_that_the_platform_keeps_is_marked_as_a_test(tmp_path: Path) -> None:
    with platform(tmp_path, Variant()) as running:
        probed(running)
        kept = [record for record in running.records() if record.code == Result.RECEIVED]
    assert kept
    assert all(record.plate == TEST_MARK for record in kept)
    assert len({record.qn for record in kept}) == len(kept)


def test_a_platform_that_never_answers_is_told_as_such(tmp_path: Path) -> None:
    with platform(tmp_path, Variant(), behaviour=lambda _: Silent()) as running:
        found, trials = probed(running, seconds=0.05)
    assert found is None
    assert len(trials) == len(list(frame_dialects()))
    assert "没有应答" in conclusion(found, trials)


def test_a_platform_that_is_not_there_is_told_as_such() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    found, trials = probe(site(port=port), SystemClock(), lambda _: None)
    assert found is None
    assert "连接失败" in trials[0].sentence


def test_the_most_standard_frame_comes_first_and_none_twice() -> None:
    dialects = list(frame_dialects())
    assert dialects[0].body == "cp"
    assert dialects[0].length == "packets"
    assert len(set(map(str, dialects))) == len(dialects)
    departures = [
        sum(values.index(getattr(each, point)) for point, values in FRAME_POINTS.items())
        for each in dialects
    ]
    assert departures == sorted(departures)
    assert {each.length for each in dialects if each.length_field == "constant"} == {"bytes"}
    fields = list(field_dialects([Dialect(), Dialect(body="cp")]))
    assert len(set(map(str, fields))) == len(fields)


def test_the_fragment_is_a_dialect_of_the_profile() -> None:
    chosen = Dialect(body="cp", version="2025", replies="9014")
    read = yaml.safe_load(fragment(chosen))["uplink"]["dialect"]
    assert Dialect.model_validate(read) == chosen


def test_a_trial_is_told_in_one_line_and_as_json() -> None:
    trial = Trial(Dialect(dictionary="names"), 2, "答复2：执行失败", "raw", 1.25)
    assert "\n" not in trial_line(3, trial)
    assert "dictionary=names" in trial_line(3, trial)
    lenient = Trial(Dialect(length_field="constant", crc="constant"), None, "没有应答", "", 10.0)
    assert "length_field=constant" in trial_line(4, lenient)
    assert "length_field" not in trial_line(3, trial)
    told = as_dict(None, [trial])
    assert told["fits"] is None
    assert told["trials"][0]["code"] == 2
