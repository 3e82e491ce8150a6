"""A gate and the browsers that look at it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from web_gate import Gate, HandClock, site

from appliance.runtime.journal import Journal
from appliance.runtime.web import create_app


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    """A gate whose programs all beat just now; nothing is recorded yet."""
    clock = HandClock()
    root = tmp_path / "gatehouse"
    with Journal.open(root, clock) as journal:
        made = Gate(site(root), clock, journal)
        made.beat()
        yield made


@pytest.fixture
def app(gate: Gate) -> Flask:
    """The application of the gate."""
    return create_app(gate.profile, gate.clock, gate.readonly)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without a face."""
    return app.test_client()


@pytest.fixture
def bare_client(tmp_path: Path) -> FlaskClient:
    """A browser at a gate whose journal was never made."""
    clock = HandClock()
    profile = site(tmp_path)
    return create_app(
        profile, clock, lambda: Journal.open(tmp_path, clock, readonly=True)
    ).test_client()
