"""`gatehouse platform` plays any platform: its options against real clients."""

import dataclasses
import itertools
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from typer.testing import CliRunner
from uplink.samples import MN, passage, recorded, site

from acceptance_kit.peers.platform import LAX, STRICT, ReplyStyle, Variant
from acceptance_kit.peers.platform.command import PlatformFault, variant_of
from appliance.cli import app
from appliance.clock import SystemClock
from appliance.profile.model import Dialect
from appliance.runtime.uplink.compose import Composer
from appliance.runtime.uplink.dialect import HJ212Dialect
from appliance.runtime.uplink.replies import Reply

NUMBERS = itertools.count()
PATIENCE = 20.0  # seconds that no working test comes near


@contextmanager
def played(root: Path, *words: str) -> Iterator[tuple[str, int]]:
    """The command as its own process; gives its address."""
    command = [sys.executable, "-m", "appliance", "platform", "--mn", MN, "--port", "0"]
    process = subprocess.Popen(
        [*command, "--database", str(root / "platform.sqlite3"), *words],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    try:
        assert process.stdout is not None
        found = re.search(r"(127\.0\.0\.1):(\d+)", process.stdout.readline())
        assert found is not None
        yield found[1], int(found[2])
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)


def answers(root: Path, address: tuple[str, int], **choices: str) -> list[int] | None:
    """What a gate that speaks a dialect gets for a passage; None when nothing comes in a second."""
    now = SystemClock().now()
    dialect = HJ212Dialect.of(Dialect(**choices))
    composer = Composer(site(dialect=Dialect(**choices)), lambda at: root / "s" / at.path)
    made = recorded(root / "s", passage(passed_at=now - timedelta(seconds=10)))
    packets = composer.passage(
        made,
        lambda count: tuple(f"{now:%Y%m%d%H%M%S}{next(NUMBERS) % 1000:03}" for _ in range(count)),
    )
    codes = []
    with socket.create_connection(address, timeout=PATIENCE) as wire:
        for packet in packets:
            reader = dialect.reply_reader()
            wire.sendall(packet.raw)
            wire.settimeout(1.0)
            events = []
            while not events:
                try:
                    events = reader.feed(wire.recv(65536))
                except TimeoutError:
                    return None
            codes += [event.code for event in events if isinstance(event, Reply)]
    return codes


@pytest.mark.slow
def test_as_it_stands_it_is_strict(tmp_path: Path) -> None:
    with played(tmp_path) as address:
        assert answers(tmp_path, address) == [1]
        assert answers(tmp_path, address, dictionary="names") == [2]
        assert answers(tmp_path, address, length_field="constant") is None


def test_lax_it_takes_what_a_client_of_the_field_sends(tmp_path: Path) -> None:
    with played(tmp_path, "--lax") as address:
        assert answers(tmp_path, address, length_field="constant", crc="constant") == [1]
        assert set(answers(tmp_path, address, length="packets", body="cp") or []) == {1}


def test_each_point_can_be_chosen_by_itself(tmp_path: Path) -> None:
    words = ("--length", "constant", "--body", "cp", "--reply", "json", "--version", "2025")
    with played(tmp_path, *words) as address:
        spoken = {"length_field": "constant", "body": "cp", "version": "2025", "replies": "json"}
        assert answers(tmp_path, address, **spoken) == [1]
        assert answers(tmp_path, address, **{**spoken, "version": "2017"}) == [2]


def test_what_is_not_chosen_stays_as_the_strict_or_the_lax_platform_has_it() -> None:
    nothing = dict.fromkeys((field.name for field in dataclasses.fields(Variant)), None)
    assert variant_of(lax=False, **nothing) == STRICT
    assert variant_of(lax=True, **nothing) == LAX
    chosen = variant_of(lax=True, **{**nothing, "packets": False, "reply": "text"})
    assert chosen == dataclasses.replace(LAX, packets=False, reply=ReplyStyle.TEXT)


def test_a_style_of_reply_that_there_is_none_of_is_one_sentence() -> None:
    with pytest.raises(PlatformFault, match="没有应答形式“pigeon”，只有：9014、"):
        variant_of(lax=False, reply="pigeon")


def test_every_setting_of_a_variant_is_an_option_with_its_values() -> None:
    told = "".join(CliRunner().invoke(app, ["platform", "--help"]).stdout.split())
    for name, kind in get_type_hints(Variant).items():
        values = [value for value in get_args(kind) if isinstance(value, str)]
        shown = f"<{'|'.join(values)}>" if values else ""
        assert f"--{name.replace('_', '-')}{shown}" in told
    assert all(style in told for style in ReplyStyle)
