"""The checks run against one machine: a pytest of their own, whose findings come one by one."""

import base64
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from acceptance_kit.checks import FOLDER, demands
from acceptance_kit.checks.place import Place
from acceptance_kit.findings import Finding, Means, Verdict
from appliance.clock import Clock
from appliance.trouble import Trouble, not_installed

PACKAGES = Path(__file__).parents[2]
UNREACHED = "检查中断，没有进行到这一项；请看检查日志，排除故障后再运行一次。"


@dataclass(frozen=True, slots=True)
class Target:
    """A machine to ask, and how testinfra reaches it: `spec` is its own word for a host."""

    machine: str
    spec: str = "local://"
    ssh_config: Path | None = None
    sudo: bool = False
    place: Place = field(default_factory=Place)

    @property
    def words(self) -> tuple[str, ...]:
        """The options of a pytest that asks it."""
        config = () if self.ssh_config is None else (f"--ssh-config={self.ssh_config}",)
        return (f"--hosts={self.spec}", *config, *(("--sudo",) if self.sudo else ()))

    @property
    def host(self) -> Any:
        """testinfra's host, for what is no check. Raises ImportError without testinfra."""
        from testinfra import get_host  # noqa: PLC0415 - a box has the module without it

        config = None if self.ssh_config is None else str(self.ssh_config)
        return get_host(self.spec, ssh_config=config, sudo=self.sudo)

    @property
    def own_host(self) -> Any:
        """The same for another thread: testinfra keeps one host a machine, which changes its
        account while it runs a command."""
        from testinfra.backend import get_backend  # noqa: PLC0415
        from testinfra.host import Host  # noqa: PLC0415

        config = None if self.ssh_config is None else str(self.ssh_config)
        backend = get_backend(self.spec, ssh_config=config, sudo=self.sudo)
        host = Host(backend)
        backend.set_host(host)
        return host


@dataclass(frozen=True, slots=True)
class Taken:
    """One finding, with the files that go with it."""

    finding: Finding
    files: dict[str, bytes]


def run_checks(
    target: Target,
    profile: Path,
    *,
    wanted: Collection[str] | None,
    by: str,
    clock: Clock,
    log: Path,
    plan: Callable[[int], None],
) -> Iterator[Taken]:
    """Check a machine; each finding is handed on when it is there.

    `wanted` are names of findings, None for all; `plan` is told how many there will be. What
    pytest says is added to `log`. Checks that were never reached end as 未检. Raises Trouble when
    pytest is not installed.
    """
    if find_spec("testinfra") is None:
        raise not_installed("验收工具")
    planned: list[str] | None = None
    with _process(target, profile, wanted, by, log) as lines:
        for line in lines:
            told = json.loads(line)
            if "plan" in told:
                planned = list(told["plan"])
                plan(len(planned))
                continue
            finding = Finding.from_dict(told["finding"])
            if planned is not None:
                planned.remove(finding.name)
            files = {name: base64.b64decode(raw) for name, raw in told["files"].items()}
            yield Taken(finding, files)
    known = {each.item: each for each in demands()}
    if planned is None:
        last = log.read_text("utf-8", "replace").strip().splitlines()[-1:] or [""]
        raise Trouble(f"工控机 {target.machine} 的检查没有运行起来：{last[0]}。日志：{log}")
    for name in planned:
        item, _, subject = name.partition("@")
        demand = known[item]
        yield Taken(
            Finding(
                item=item,
                subject=subject or None,
                clauses=demand.clauses,
                title=demand.title,
                verdict=Verdict.UNTESTED,
                reason=UNREACHED,
                means=Means.CHECK,
                method=demand.method,
                by=by,
                at=clock.now(),
            ),
            {},
        )


@contextmanager
def _process(
    target: Target, profile: Path, wanted: Collection[str] | None, by: str, log: Path
) -> Iterator[Iterator[str]]:
    """The checks' pytest; its lines, as they come. It is ended with the block."""
    answers, teller = os.pipe()
    with tempfile.TemporaryDirectory(prefix="gatehouse-") as folder, log.open("ab") as said:
        words = [sys.executable, "-m", "pytest", "-q", "-c", str(FOLDER / "pytest.ini")]
        words += ["--rootdir", str(FOLDER), f"--profile={profile}", f"--by={by}"]
        words += ["--machine", target.machine, "--place", target.place.as_json(), *target.words]
        if wanted is not None:
            names = Path(folder) / "wanted"
            names.write_text("".join(f"{name}\n" for name in sorted(wanted)), "utf-8")
            words += [f"--wanted={names}"]
        path = os.pathsep.join(filter(None, [str(PACKAGES), os.environ.get("PYTHONPATH")]))
        try:
            process = subprocess.Popen(  # noqa: S603 - no shell
                [*words, str(FOLDER)],
                env=os.environ | {"GATEHOUSE_FINDINGS": str(teller), "PYTHONPATH": path},
                pass_fds=(teller,),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is the kit's to handle
            )
        finally:
            os.close(teller)
        try:
            with os.fdopen(answers, encoding="utf-8") as lines:
                yield lines
        finally:
            process.terminate()
            process.wait()
