"""The roles' own checks, asked of real boxes: `roles/*/verify/test_*.py` by pytest-testinfra.

Each box gets a pytest of its own, so that several are asked at once and one that goes away takes
no other with it.
"""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from appliance.provisioning.places import private_file, python_path, source_tree
from appliance.provisioning.reach import Box, Reach
from appliance.provisioning.remedies import role_name
from appliance.trouble import Trouble

_OUTCOMES = {"passed": "通过", "failed": "不通过", "skipped": "不适用", "error": "无法核对"}
_PYTEST_ALL_PASSED, _PYTEST_SOME_FAILED, _PYTEST_NONE = 0, 1, 5


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a role on a machine.

    `outcome` is passed, failed or skipped; `error` when a machine's checks could not all be asked.
    """

    machine: str
    role: str
    what: str
    outcome: str
    reason: str

    @property
    def ok(self) -> bool:
        """Whether it does not fail; what does not concern a machine is no failure."""
        return self.outcome not in {"failed", "error"}


def verify(
    reach: Reach, profile_file: Path, log: Path, roles: tuple[str, ...] = ()
) -> tuple[Check, ...]:
    """Every check of `roles` (all roles unless named) on every box, in their order.

    What pytest said goes to `log`. A box that could not be asked to the end has one more check,
    `error`, that says why; the others' answers stand. Raises Trouble when there is no such role.
    """
    folders = _folders(roles)
    with ThreadPoolExecutor(max(1, min(8, len(reach.boxes)))) as pool:
        answers = list(pool.map(lambda box: _ask(reach, box, profile_file, folders), reach.boxes))
    with os.fdopen(private_file(log), "w", encoding="utf-8") as file:
        file.writelines(f"{said}\n" for _, said in answers)
    return tuple(check for checks, _ in answers for check in checks)


def _folders(roles: tuple[str, ...]) -> list[Path]:
    found = {path.parent.name: path for path in (source_tree() / "roles").glob("*/verify")}
    strangers = [role for role in roles if role not in found]
    if strangers or not found:
        known = "、".join(sorted(found))
        raise Trouble(f"没有角色 {'、'.join(strangers)} 的检查。可选：{known}。")
    return [found[role] for role in (roles or sorted(found))]


def _ask(
    reach: Reach, box: Box, profile_file: Path, folders: list[Path]
) -> tuple[list[Check], str]:
    answers, teller = os.pipe()
    words = [sys.executable, "-m", "pytest", "-q", "-c", str(source_tree() / "roles/pytest.ini")]
    words += ["--rootdir", str(source_tree() / "roles"), f"--hosts=ssh://{box.name}"]
    words += ["--ssh-config", str(reach.ssh_config), f"--profile={profile_file.resolve()}"]
    words += ["--machine", box.name]
    words += [] if reach.account.user == "root" else ["--sudo"]
    try:
        process = subprocess.Popen(  # noqa: S603 - no shell
            [*words, *map(str, folders)],
            cwd=source_tree(),
            env=os.environ | {"GATEHOUSE_VERIFY": str(teller), "PYTHONPATH": python_path()},
            pass_fds=(teller,),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    finally:
        os.close(teller)
    with ThreadPoolExecutor(1) as reader:  # two pipes: neither may fill while the other is read
        lines = reader.submit(_lines_of, answers)
        said, _ = process.communicate()
    checks = [_check(box, json.loads(line)) for line in lines.result()]
    if process.returncode not in {_PYTEST_ALL_PASSED, _PYTEST_SOME_FAILED, _PYTEST_NONE}:
        last = next((line for line in reversed(said.splitlines()) if line.strip()), "没有说明")
        checks.append(Check(box.name, "", "检查没有运行完", "error", last.strip()))
    return checks, f"===== {box.name}\n{said}"


def _lines_of(handle: int) -> list[str]:
    with os.fdopen(handle, encoding="utf-8") as lines:
        return lines.readlines()


def _check(box: Box, told: dict[str, str]) -> Check:
    sentence = told["said"].partition("\n")[0] or told["name"][5:].replace("_", " ")
    reason = told["reason"].strip().splitlines()
    return Check(box.name, told["role"], sentence, told["outcome"], reason[0] if reason else "")


def exit_code(checks: tuple[Check, ...]) -> int:
    """0 nothing failed, 1 something did, 2 a box could not be asked to the end."""
    if any(check.outcome == "error" for check in checks):
        return 2
    return 0 if all(check.ok for check in checks) else 1


def as_table(checks: tuple[Check, ...]) -> Table:
    """For the installer; why one failed stands below it."""
    table = Table("工控机", "角色", "检查", "结果")
    for check in checks:
        what = check.what if check.outcome == "passed" else f"{check.what}\n  {check.reason}"
        table.add_row(check.machine, role_name(check.role), escape(what), _OUTCOMES[check.outcome])
    return table


def as_dicts(checks: tuple[Check, ...]) -> list[dict[str, object]]:
    """For `--json`."""
    return [asdict(check) | {"ok": check.ok} for check in checks]
