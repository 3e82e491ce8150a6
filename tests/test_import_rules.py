"""Who may know whom (docs/design.md): the rooms' imports are drawn here and checked."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# A room may import the rooms named here, and itself. Longest prefix names the room.
LEAVES = {
    "appliance",
    "appliance.caches",
    "appliance.clock",
    "appliance.fonts",
    "appliance.options",
    "appliance.trouble",
}
BELOW_JOURNAL = {"appliance.profile", "appliance.guideline", "appliance.runtime.journal"}
MAY_KNOW: dict[str, set[str]] = {
    "appliance": set(),
    "appliance.caches": set(),
    "appliance.clock": set(),
    "appliance.trouble": set(),
    "appliance.fonts": set(),
    "appliance.options": set(),
    "appliance.guideline": set(),
    "appliance.profile": {"appliance.guideline"},
    "appliance.models": {"appliance.profile"},
    "appliance.bundle": {"appliance.models", "appliance.bundle.release"},
    "appliance.cameras": {"appliance.profile"},
    # Copied to the box as one file, where no package is: it may know nobody.
    "appliance.bundle.release": set(),
    "appliance.provisioning": {"appliance.profile"},
    # The builder reads the recipe beside the playbook; nobody but the command line knows it.
    "appliance.imaging": {
        "appliance.profile",
        "appliance.bundle",
        "appliance.models",
        "appliance.provisioning",
    },
    # On the box, at its start: tells what the roles did in the installer's words.
    "appliance.firstboot": {"appliance.profile", "appliance.provisioning"},
    "appliance.runtime": set(),
    "appliance.runtime.supervision": {"appliance.profile"},
    "appliance.runtime.crashes": {"appliance.runtime.journal"},
    "appliance.runtime.supervised": {"appliance.runtime.supervision"},
    "appliance.runtime.alone": {"appliance.runtime.supervision"},
    "appliance.runtime.journal": {"appliance.profile", "appliance.guideline"},
    "appliance.runtime.vision": BELOW_JOURNAL | {"appliance.models"},
    # The books only read, and the status page shows them.
    "appliance.runtime.uplink.books": BELOW_JOURNAL,
    "appliance.runtime.uplink": BELOW_JOURNAL | {"appliance.runtime.uplink.books"},
    # What was missed is fetched from the cameras' own storage.
    "appliance.runtime.video": BELOW_JOURNAL | {"appliance.cameras"},
    "appliance.runtime.lane": BELOW_JOURNAL
    | {"appliance.runtime.vision", "appliance.models", "appliance.cameras"},
    "appliance.runtime.web": BELOW_JOURNAL
    | {"appliance.runtime.supervision", "appliance.runtime.uplink.books"},
    "appliance.__main__": {"appliance.cli"},
}
EVERYTHING = {"appliance.cli", "acceptance_kit"}
# Of the kit; each may know the appliance besides.
KIT_MAY_KNOW: dict[str, set[str]] = {
    "peers": set(),
    "onbox": {"peers"},
    "checks": {"findings", "subjects"},
    "forms": {"evidence", "findings", "register"},
    "drills": {"box", "days", "evidence", "findings", "proof", "subjects"},
    "demo": {"checks", "peers", "reaching"},
}
# Kept in the repository, not installed: they may know the appliance, nobody may know them.
WORKSHOP = {"training", "benchmarks"}
OURS = {"appliance", "acceptance_kit"} | WORKSHOP


def rooms() -> list[str]:
    return [*MAY_KNOW, *EVERYTHING]


def room_of(module: str) -> str:
    fitting = [room for room in rooms() if module == room or module.startswith(f"{room}.")]
    return max(fitting, key=len)


def modules() -> list[tuple[str, Path]]:
    found = []
    for package in ("appliance", "acceptance_kit"):
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found.append((".".join(parts).removesuffix(".__init__"), path))
    return found


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports by a relative name"
            names.add(node.module or "")
    return {name for name in names if name.split(".")[0] in OURS}


@pytest.mark.parametrize(("module", "path"), modules(), ids=str)
def test_a_module_knows_only_the_rooms_that_its_room_may_know(module: str, path: Path) -> None:
    room = room_of(module)
    if room in EVERYTHING:
        return
    allowed = MAY_KNOW[room] | LEAVES | {room}
    ours = {name for name in imports(path) if name.split(".")[0] not in WORKSHOP}
    strangers = {name for name in ours if room_of(name) not in allowed}
    assert not strangers, f"{module} ({room}) must not know {sorted(strangers)}"


@pytest.mark.parametrize("room", KIT_MAY_KNOW)
def test_a_room_of_the_kit_knows_only_what_it_may_know(room: str) -> None:
    inside = f"acceptance_kit.{room}"
    known = {
        name.split(".")[1]
        for module, path in modules()
        if module == inside or module.startswith(f"{inside}.")
        for name in imports(path)
        if name.startswith("acceptance_kit.")
    }
    assert known - {room} <= KIT_MAY_KNOW[room]


def test_the_appliance_knows_nothing_of_the_acceptance_kit_but_through_the_command_line() -> None:
    knowing = {
        module
        for module, path in modules()
        if module.startswith("appliance")
        and any(name.startswith("acceptance_kit") for name in imports(path))
    }
    assert {room_of(module) for module in knowing} == {"appliance.cli"}


def test_what_is_installed_knows_nothing_of_training_and_benchmarks() -> None:
    knowing = {
        (module, name)
        for module, path in modules()
        for name in imports(path)
        if name.split(".")[0] in WORKSHOP
    }
    assert not knowing


def test_every_room_has_a_docstring_that_says_what_it_is_for() -> None:
    silent = [
        module
        for module, path in modules()
        if not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert not silent
