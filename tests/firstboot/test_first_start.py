"""Who has the status page's place: the gate where it runs, else the box's start."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.firstboot.page import NoticePage
from appliance.firstboot.starting import open_unless_gate


@pytest.fixture
def page() -> Iterator[NoticePage]:
    opened = NoticePage(("127.0.0.1", 0))
    yield opened
    opened.close()


@pytest.mark.parametrize(("answer", "opens"), [(0, False), (3, True)])
def test_the_page_opens_only_where_the_gates_unit_does_not_run(
    page: NoticePage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: int, opens: bool
) -> None:
    systemctl = tmp_path / "systemctl"
    systemctl.write_text(f'#!/bin/sh\n[ "$3" = gatehouse.service ] && exit {answer}\nexit 9\n')
    systemctl.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    open_unless_gate(page)
    assert bool(page.port) is opens
