"""What every role's `verify/test_ROLE.py` may ask for: `host`, `profile`, `machine`.

`gatehouse verify PROFILE` runs them against boxes; by hand, on one box:

    pytest -c roles/pytest.ini roles/base/verify --hosts ssh://root@10.0.0.5 \
        --profile site_profiles/x.yaml --machine gate

`host` is pytest-testinfra's. A test's name is a sentence of what must hold; a first docstring line
in Chinese stands in its place in the table that the installer sees.
"""

import json
import os
from collections.abc import Generator

import pytest

from appliance.profile.box import Machine
from appliance.profile.loading import load_profile
from appliance.profile.model import Profile


def pytest_addoption(parser: pytest.Parser) -> None:
    """The site, and which of its machines `host` is."""
    parser.addoption("--profile", help="site profile (YAML)")
    parser.addoption("--machine", help="name of the machine; the profile's first unless given")


@pytest.fixture(scope="session")
def profile(request: pytest.FixtureRequest) -> Profile:
    """The site profile that the box must follow."""
    file = request.config.getoption("--profile")
    if file is None:
        pytest.fail("these tests need --profile FILE", pytrace=False)
    return load_profile(file)


@pytest.fixture(scope="session")
def machine(request: pytest.FixtureRequest, profile: Profile) -> Machine:
    """The box's own entry in the profile."""
    name = request.config.getoption("--machine")
    return profile.machines[0] if name is None else profile.machine(name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell `gatehouse verify` how each test ended: a JSON line to the descriptor it names."""
    report = yield
    handle = os.environ.get("GATEHOUSE_VERIFY")
    # A test that was run says so in `call`; one that could not be, in `setup`.
    if handle is not None and (report.when == "call" or not report.passed):
        function = getattr(item, "function", None)
        line = {
            "role": item.path.parents[1].name,
            "name": getattr(function, "__name__", item.name),
            "said": (getattr(function, "__doc__", None) or "").strip(),
            "outcome": report.outcome,
            "reason": _reason(report),
        }
        os.write(int(handle), (json.dumps(line, ensure_ascii=False) + "\n").encode("utf-8"))
    return report


def _reason(report: pytest.TestReport) -> str:
    """Why a test failed or was skipped, without the traceback."""
    told = report.longrepr
    if isinstance(told, tuple):  # skipped: file, line, reason
        return str(told[2])
    crash = getattr(told, "reprcrash", None)
    return str(crash.message if crash else told or "")[:2000]
