"""What is done to boxes on day 2: each action is a few steps and a judgement of the box."""

import json
import shlex
from pathlib import Path

from appliance.provisioning.fleet.waves import Step, Work

RELEASE_TOOL = "/opt/gatehouse/bin/gatehouse-release"
SECRETS = "/etc/gatehouse/secrets"
COLLECTED = "/run/gatehouse-support.tar.gz"
_STATUS: Step = {"run": f"{RELEASE_TOOL} status --json"}


def status() -> Work:
    """Which release each box runs, and whether it is well."""
    return Work((_STATUS,), unwell)


def upgrade(bundle: Path) -> Work:
    """Bring a bundle over and switch to its release; a box that is not well goes back by itself."""
    target = f"/var/tmp/{bundle.name}"  # noqa: S108 - on the box; put there by root with mode 600
    quoted = shlex.quote(target)
    # The bundle is removed in any case, and the install's own exit code tells.
    install = f"{RELEASE_TOOL} install --json {quoted}; code=$?; rm -f {quoted}; exit $code"
    return Work(({"put": str(bundle), "to": target}, {"run": install}, _STATUS), unwell)


def rollback() -> Work:
    """Go back to the release that ran well before."""
    return Work(({"run": f"{RELEASE_TOOL} rollback --json"}, _STATUS), unwell)


def rotate(name: str, value: str) -> Work:
    """Give one secret its new value; the release that runs starts anew with it, and is judged.

    A box that is not handed this secret has no file of it and is left as it is.
    """
    restart = f"{RELEASE_TOOL} switch --json"
    new, target = f"{SECRETS}/.{name}.new", f"{SECRETS}/{name}"
    # A cut leaves the old value or the new one, never half of one.
    write = (
        f"test -e {target} || exit 0; set -e; umask 077; cat >{new}; test -s {new}; "
        f"sync {new}; mv -f {new} {target}"
    )
    return Work(({"run": write, "stdin": value}, {"run": restart}, _STATUS), unwell)


def support(folder: Path) -> Work:
    """Collect what helps from afar into `folder`, a file a box; see `collecting`."""
    program = "/run/gatehouse-collecting.py"
    return Work(
        (
            {"put": str(Path(__file__).with_name("collecting.py")), "to": program},
            {"run": f"python3 {program} {COLLECTED}"},
            {"get": COLLECTED, "to": str(folder)},
            {"run": f"rm -f {COLLECTED} {program}"},
        )
    )


def unwell(outputs: tuple[str, ...]) -> str:
    """What is wrong with a box, by the status of its release tool in the last output; or ""."""
    try:
        told = json.loads(outputs[-1])
    except ValueError:
        return "gatehouse-release 没有说出状态"
    if told.get("current") is None:
        return "还没有安装运行程序"
    if not told.get("active"):
        return f"版本 {told['current']} 没有在运行"
    if not told.get("confirmed"):
        return f"版本 {told['current']} 没有通过健康检查"
    return ""


def release_of(outputs: tuple[str, ...]) -> str:
    """The release that a box runs, by the last output; "" when it did not say."""
    try:
        return str(json.loads(outputs[-1]).get("current") or "")
    except (ValueError, IndexError, AttributeError):
        return ""
