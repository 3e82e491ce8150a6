"""The process that does one wave: pyinfra over ssh on several boxes at once.

A process of its own, because gevent has to change Python's sockets before anything uses them. A job
comes as JSON on standard input (so a secret in it is in no argument), the answers go out as JSON
lines on the descriptor named first on the command line. Steps are done in order; a box whose step
fails does no further one.
"""

from gevent import monkey

monkey.patch_all()

import json  # noqa: E402 - sockets first, see above
import os  # noqa: E402
import sys  # noqa: E402
from typing import Any  # noqa: E402

from pyinfra.api import Config, Inventory, State  # noqa: E402
from pyinfra.api.connect import connect_all, disconnect_all  # noqa: E402
from pyinfra.api.exceptions import PyinfraError  # noqa: E402
from pyinfra.api.operation import add_op  # noqa: E402
from pyinfra.api.operations import run_ops  # noqa: E402
from pyinfra.operations import files, server  # noqa: E402

LONGEST_SECONDS = 1800
"""A script that takes longer has hung, or its box is gone: TCP alone would take hours to notice."""


def main() -> None:
    """Do the job and tell how each box fared."""
    os.umask(0o077)  # what is fetched from a box is for whoever asked
    job = json.load(sys.stdin)
    with os.fdopen(int(sys.argv[1]), "w", encoding="utf-8") as out:
        for answer in work(job):
            out.write(json.dumps(answer, ensure_ascii=False) + "\n")


def work(job: dict[str, Any]) -> list[dict[str, Any]]:
    """An answer for each box: `{"box", "done", "outputs": [text of each step], "failed"}`."""
    boxes = [(box["id"], _connection(box)) for box in job["boxes"]]
    state = State(Inventory((boxes, {})), Config(FAIL_PERCENT=100), check_for_changes=False)
    metas: list[dict[Any, Any]] = []
    trouble = ""
    try:
        connect_all(state)
        metas += [_add(state, step, job) for step in job["steps"]]
        run_ops(state)
    except PyinfraError as error:  # also when every box failed; then each answer says why
        trouble = str(error)
    finally:
        if state.activated_hosts:
            disconnect_all(state)
    return [_answer(state, host, metas, trouble) for host in state.inventory]


def _connection(box: dict[str, Any]) -> dict[str, Any]:
    return {
        "ssh_hostname": box["name"],
        "ssh_config_file": box["ssh_config"],
        "ssh_known_hosts_file": box["known_hosts"],
        "ssh_strict_host_key_checking": "yes",
    }


def _add(state: State, step: dict[str, Any], job: dict[str, Any]) -> Any:
    """One step for all boxes: `put` a file, `run` a shell script (with `stdin`), `get` a file."""
    rights: dict[str, Any] = {"_sudo": True} if job["sudo"] else {}
    if job["sudo"] and job["sudo_password"] is not None:
        rights["_sudo_password"] = job["sudo_password"]
    match step:
        case {"put": source, "to": target}:
            return add_op(state, files.put, src=source, dest=target, mode="600", **rights)
        case {"run": script, **more}:
            # What a script reads stands in no argument and in no file that others could open.
            rights["_timeout"] = LONGEST_SECONDS
            if "stdin" in more:
                rights["_stdin"] = more["stdin"]
            return add_op(state, server.shell, commands=[script], **rights)
        case {"get": source, "to": folder}:
            return {
                host: meta
                for host in state.inventory.get_active_hosts()
                for meta in add_op(
                    state,
                    files.get,
                    src=source,
                    dest=f"{folder}/{host.name}.tar.gz",
                    host=host,
                    force=True,
                    **rights,
                ).values()
            }
    raise ValueError(f"no such step: {sorted(step)}")


def _answer(state: State, host: Any, metas: list[dict[Any, Any]], trouble: str) -> dict[str, Any]:
    outputs, failed = [], ""
    if host not in state.activated_hosts:
        failed = "连接不上"
    for meta in (metas_of_step[host] for metas_of_step in metas if host in metas_of_step):
        if not meta.is_complete():
            failed = failed or f"没有做完：{trouble or '前面的步骤失败'}"
            break
        outputs.append(meta.stdout)
        if meta.did_error():
            lines = [line for line in meta.stderr.splitlines() if line.strip()]
            failed = lines[-1] if lines else "连接中断，或命令没有说明原因"
            break
    done = not failed and len(outputs) == len(metas)
    return {"box": host.name, "done": done, "outputs": outputs, "failed": failed}


if __name__ == "__main__":
    main()
