"""What every role's `verify/test_ROLE.py` may ask for: `host`, `profile`, `machine`.

`gatehouse verify PROFILE` runs them against boxes; by hand, on one box:

    pytest -c roles/pytest.ini roles/base/verify --hosts ssh://root@10.0.0.5 \
        --profile site_profiles/x.yaml --machine gate

`host` is pytest-testinfra's. A test's name is a sentence of what must hold; a first docstring line
in Chinese stands in its place in the table that the installer sees.
"""

import json
import os
from collections.abc import Iterator

import pytest

from appliance.profile.box import Machine
from appliance.profile.loading import load_profile
from appliance.profile.model import Profile


def pytest_addoption(parser: pytest.Parser) -> None:
    """The site, and which of its machines `host` is."""
    parser.addoption("--profile", help="site profile (YAML)")
    parser.addoption("--machine", help="name of the machine; the only one unless given")


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
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Tell `gatehouse verify` each test's end as a JSON line, on the descriptor it names."""
    report = yield
    handle = os.environ.get("GATEHOUSE_VERIFY")
    # A test that passes says so in `call`; one that cannot be asked, in `setup`.
    if handle is not None and (report.when == "call" or not report.passed):
        said = report.longrepr
        reason = str(said[-1] if isinstance(said, tuple) else getattr(said, "reprcrash", said or ""))
        doc = (getattr(item, "function", None).__doc__ or "").strip().splitlines()
        line = {
            "role": item.path.parents[1].name,
            "name": item.name,
            "said": doc[0] if doc else "",
            "outcome": report.outcome,
            "reason": reason,
        }
        os.write(int(handle), (json.dumps(line, ensure_ascii=False) + "\n").encode("utf-8"))
    return report
