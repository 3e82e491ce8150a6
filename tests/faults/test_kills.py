"""500 times `kill -9` under load: nothing lost, nothing doubled beyond repeats of the same QN.

Two lanes record and correct, the real uplink sends, the reference platform judges. One of the
three is killed at a random moment and started again, over and over.
"""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sites import DEMO, demo_profile, secrets_folder
from waiting import PATIENCE, until

from acceptance_kit.peers.platform import ReferencePlatform
from appliance.clock import SystemClock
from appliance.runtime.journal import Journal

TESTS = Path(__file__).parents[1]
SEED = 500
KILLS = 500
FEW_KILLS = 30

pytestmark = pytest.mark.slow


class Nursery:
    """The other end of `faults.nursery`."""

    def __init__(self, secrets: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "faults.nursery"],
            cwd=TESTS,
            env=os.environ | {"GATEHOUSE_SECRETS": str(secrets)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, *words: str) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate(timeout=30)


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[Nursery]:
    made = Nursery(secrets_folder(tmp_path / "secrets"))
    yield made
    made.close()


def profile_file(folder: Path, root: Path, port: int) -> Path:
    """The demo's site with quick retries, as the file that `gatehouse run uplink` reads."""
    text = DEMO.read_text("utf-8")
    for old, new in {
        "port: 19212": f"port: {port}",
        "acknowledge_seconds: 5": "acknowledge_seconds: 2",
        "retry_pause_seconds: 0.5": "retry_pause_seconds: 0.1\n  retry_pause_limit_seconds: 1",
        "root: /var/lib/gatehouse": f"root: {root}",
    }.items():
        assert old in text
        text = text.replace(old, new)
    path = folder / "site.yaml"
    path.write_text(text, "utf-8")
    return path


def wait_for_all_sent(root: Path) -> None:
    with Journal.open(root, SystemClock(), readonly=True) as journal:
        until(lambda: journal.outbox_counts().waiting == 0)


@contextmanager
def killed_under_load(
    folder: Path, nursery: Nursery, kills: int, *broken: str
) -> Iterator[tuple[ReferencePlatform, list[Path]]]:
    """A platform to which all was sent in the end, and what the lanes reported meanwhile.

    `broken` may name a break for the uplink.
    """
    root = folder / "storage"
    dice = random.Random(SEED)  # noqa: S311  # instants, not secrets
    with ReferencePlatform(
        database=folder / "platform.sqlite3", known_mn={demo_profile(root).mn}
    ) as platform:
        profile = profile_file(folder, root, platform.address[1])
        reports = {name: folder / f"{name}.txt" for name in ("A01", "A02")}
        programs = {
            name: ("lane", str(root), name, str(report)) for name, report in reports.items()
        } | {"uplink": ("uplink", str(profile), *broken)}
        running = {name: nursery.ask(*words) for name, words in programs.items()}
        arrived = 0
        for _ in range(kills):
            time.sleep(dice.uniform(0, 0.16))
            name = dice.choice(("A01", "A02", "uplink", "uplink"))
            if broken and name == "uplink":
                # So few kills must not be spent on an uplink that has not begun.
                assert platform.wait_for(lambda held: len(held.records()) > arrived, PATIENCE)  # noqa: B023
                time.sleep(dice.uniform(0, 0.16))
                arrived = len(platform.records())
            # Negative when it had ended by itself: then it was no kill.
            assert nursery.ask("kill", str(running[name])) == running[name]
            running[name] = nursery.ask(*programs[name])
        for name in reports:
            nursery.ask("kill", str(running[name]))
        wait_for_all_sent(root)
        nursery.ask("kill", str(running["uplink"]))
        yield platform, list(reports.values())


def test_500_kills_under_load_lose_and_double_nothing(tmp_path: Path, nursery: Nursery) -> None:
    with killed_under_load(tmp_path, nursery, KILLS) as (platform, reports):
        check_that_both_sides_agree(tmp_path / "storage", platform, reports)


@pytest.mark.parametrize(
    ("broken", "verdict"),
    [
        ("done-when-it-leaves", "done and lost"),
        ("new-qns-at-a-start", "doubled under another QN"),
    ],
)
def test_the_kills_find_an_uplink_that_is_broken(
    tmp_path: Path, nursery: Nursery, broken: str, verdict: str
) -> None:
    with (
        killed_under_load(tmp_path, nursery, FEW_KILLS, broken) as (platform, reports),
        pytest.raises(AssertionError, match=verdict),
    ):
        check_that_both_sides_agree(tmp_path / "storage", platform, reports)


def check_that_both_sides_agree(
    root: Path, platform: ReferencePlatform, reports: list[Path]
) -> None:
    told = [line.split() for report in reports for line in report.read_text().splitlines()]
    with Journal.open(root, SystemClock()) as journal:
        assert journal.verify().fault is None
        passages = journal.passages_after(0, 1_000_000)
        by_key = {passage.key: passage for passage in passages}
        assert len(by_key) == len(passages)
        assert {key for _, key in told} <= set(by_key), "reported and lost"
        assert all(by_key[key].corrected for said, key in told if said == "corrected")
        owed = {passage.key: journal.messages(passage.id) for passage in passages}
        counts = journal.outbox_counts()
        assert (counts.waiting, counts.held, counts.aside) == (0, 0, 0)
    assert all(record.code == 1 for record in platform.records())
    # Cameras and state (60002, 60003) are told beside the passages.
    kept = {record.qn: record for record in platform.records() if record.cn == "60001"}
    # One message a passage, one more where a correction came after the first had left; the
    # platform has these QNs and no other, and of each passage the plate it was corrected to.
    sent = {message.qn for owing in owed.values() for message in owing}
    assert sent <= set(kept), f"done and lost: {sorted(sent - set(kept))}"
    assert set(kept) <= sent, f"doubled under another QN: {sorted(set(kept) - sent)}"
    for key, owing in owed.items():
        assert len(owing) <= 1 + by_key[key].corrected
        assert kept[owing[-1].qn].plate == by_key[key].plate
    repeats = sum(record.times_received - 1 for record in kept.values())
    print(  # noqa: T201
        f"seed {SEED}: {len(owed)} passages, {len(kept)} messages, "
        f"{repeats} repeats of a QN, {len(platform.faults())} cut frames"
    )
    assert repeats + len(platform.faults()) > 0, "no kill fell into a sending"
