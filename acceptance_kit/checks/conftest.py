"""What every check may ask for: `box`, `profile`, `machine`, its subject, and `finding`.

`profile` is the machine's part of the site, `site` the whole of it. A check that takes `barrier`,
`camera` or `entrance` is run once for each. Each check's finding goes as a JSON line to the
descriptor that `GATEHOUSE_FINDINGS` names; the first line is the plan, so that what was never
reached is known.
"""

import base64
import json
import os
from collections.abc import Generator
from typing import Any

import pytest
from _pytest.outcomes import Skipped
from testinfra.host import Host

from acceptance_kit.checks.checked_box import CheckedBox
from acceptance_kit.checks.demand import demand_of
from acceptance_kit.checks.finding import CouldNotAsk, NotApplicable, Observation
from acceptance_kit.checks.place import Place
from acceptance_kit.findings import Finding, Means, Verdict, name_of
from acceptance_kit.subjects import About, subjects
from appliance.clock import SystemClock
from appliance.profile.box import Machine
from appliance.profile.loading import load_profile
from appliance.profile.model import Camera, Entrance, Lane, Profile

IN_A_DEMO = "演示站点没有装成工控机，看不到系统的这一项；请在实际的工控机上检查。"
SUBJECT = {About.BARRIER: "lane", About.CAMERA: "camera", About.ENTRANCE: "entrance"}
"""The fixture by which a check is handed its subject."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The site, which of its machines `host` is, and how it is laid out."""
    parser.addoption("--profile", help="site profile (YAML)")
    parser.addoption("--machine", help="name of the machine; the profile's first unless given")
    parser.addoption("--place", help="what the machine is, as JSON (place.py)")
    parser.addoption("--by", default="gatehouse", help="who answers for the findings")
    parser.addoption("--wanted", help="file of names of findings to make, one a line; else all")


def pytest_configure(config: pytest.Config) -> None:
    """Read the site once; collection needs it already."""
    site = load_profile(config.getoption("--profile"))
    name = config.getoption("--machine")
    machine = site.machine(name) if name else site.machines[0]
    told = config.getoption("--place")
    config.stash[SITE] = site
    config.stash[MACHINE] = machine
    config.stash[PLACE] = Place.from_json(told) if told else Place()


SITE = pytest.StashKey[Profile]()
MACHINE = pytest.StashKey[Machine]()
PLACE = pytest.StashKey[Place]()
BOX = pytest.StashKey[CheckedBox]()
NAME = pytest.StashKey[tuple[str, str | None]]()
SEEN = pytest.StashKey[Observation]()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ask about each thing that the machine looks after."""
    demand = demand_of(metafunc.function)
    if demand is None or demand.about not in SUBJECT:
        return
    site, machine = metafunc.config.stash[SITE], metafunc.config.stash[MACHINE]
    names = [str(each) for each in subjects(site.part_of(machine), demand.about, demand.role)]
    metafunc.parametrize("subject", names, ids=names)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is not wanted, and tell the plan."""
    site, machine = config.stash[SITE], config.stash[MACHINE]
    file = config.getoption("--wanted")
    wanted = set(_read(file).splitlines()) if file else None
    chosen = []
    for item in items:
        demand = demand_of(getattr(item, "function", None))
        if demand is None or (demand.about is About.SITE and machine != site.machines[0]):
            continue
        subject = {About.SITE: None, About.MACHINE: machine.name}.get(demand.about, _param(item))
        item.stash[NAME] = (demand.item, subject)
        if wanted is None or _name(item) in wanted:
            chosen.append(item)
    items[:] = chosen
    _say({"plan": [_name(item) for item in items]})


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest) -> Profile:
    """The whole site's profile."""
    return request.config.stash[SITE]


@pytest.fixture(scope="session")
def machine(request: pytest.FixtureRequest) -> Machine:
    """The box's own entry in the profile."""
    return request.config.stash[MACHINE]


@pytest.fixture(scope="session")
def profile(site: Profile, machine: Machine) -> Profile:
    """The machine's part of the site."""
    return site.part_of(machine)


@pytest.fixture(scope="module")
def box(
    host: Host, profile: Profile, machine: Machine, request: pytest.FixtureRequest
) -> CheckedBox:
    """The machine, and the command `gatehouse` on it; the same for all modules, as it remembers."""
    stash = request.config.stash
    return stash.setdefault(BOX, CheckedBox(host, profile, machine, stash[PLACE]))


@pytest.fixture
def camera(profile: Profile, subject: str) -> Camera:
    """The camera that is asked about."""
    return next(each for each in profile.cameras if each.id == subject)


@pytest.fixture
def lane(profile: Profile, subject: str) -> Lane:
    """The barrier that is asked about, with its entrance and plate camera."""
    return profile.lane(subject)


@pytest.fixture
def entrance(profile: Profile, subject: str) -> Entrance:
    """The entrance that is asked about."""
    return next(each for each in profile.entrances if each.id == subject)


@pytest.fixture(autouse=True)
def finding(request: pytest.FixtureRequest) -> Observation:
    """What the check saw."""
    seen: Observation = request.node.stash.setdefault(SEEN, Observation())
    demand = demand_of(request.node.function)
    if demand is not None and demand.box and request.config.stash[PLACE].is_demo:
        seen.untested(IN_A_DEMO)
    return seen


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: "pytest.CallInfo[None]"
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell the finding: once, in `call`, or in `setup` when it came no further."""
    report = yield
    demand = demand_of(getattr(item, "function", None))
    if demand is not None and (report.when == "call" or (report.when == "setup" and call.excinfo)):
        verdict, reason = _judged(call.excinfo.value if call.excinfo else None)
        seen = item.stash.get(SEEN, Observation())
        finding = Finding(
            item=demand.item,
            subject=item.stash[NAME][1],
            clauses=demand.clauses,
            title=demand.title,
            verdict=verdict,
            measured=seen.measured,
            bound=seen.bound,
            reason=reason,
            means=Means.CHECK,
            method=demand.method,
            by=item.config.getoption("--by"),
            at=SystemClock().now(),
            files=tuple(seen.files),
        )
        files = {name: base64.b64encode(raw).decode() for name, raw in seen.files.items()}
        _say({"finding": finding.as_dict(), "files": files})
    return report


def _judged(error: BaseException | None) -> tuple[Verdict, str]:
    """The verdict that the end of a check stands for, and why."""
    if error is None:
        return Verdict.YES, ""
    said = next(iter(str(error).splitlines()), "").removeprefix("AssertionError: ").strip()
    match error:
        case NotApplicable():
            return Verdict.NOT_APPLICABLE, str(error.msg)
        case Skipped():
            return Verdict.UNTESTED, str(error.msg)
        case AssertionError():
            return Verdict.NO, said or "不符合要求。"
        case CouldNotAsk():
            return Verdict.UNTESTED, said
    return Verdict.UNTESTED, f"检查没有做成（{type(error).__name__}：{said[:200]}），请看检查日志。"


def _param(item: pytest.Item) -> str | None:
    call = getattr(item, "callspec", None)
    return call.params.get("subject") if call else None


def _name(item: pytest.Item) -> str:
    return name_of(*item.stash[NAME])


def _read(file: str) -> str:
    with open(file, encoding="utf-8") as stream:  # noqa: PTH123 - pytest hands a text
        return stream.read()


def _say(line: dict[str, Any]) -> None:
    handle = os.environ.get("GATEHOUSE_FINDINGS")
    if handle is None:
        return
    raw = (json.dumps(line, ensure_ascii=False) + "\n").encode("utf-8")
    while raw:  # photos are longer than a pipe holds
        raw = raw[os.write(int(handle), raw) :]
