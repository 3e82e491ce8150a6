"""What must happen inside a fresh tree besides the roles, by pyinfra over `@chroot`.

A process of its own (`python -m appliance.imaging.furnishing ROOT`), because gevent has to change
Python's sockets before anything uses them.
"""

from gevent import monkey

monkey.patch_all()

import os  # noqa: E402 - sockets first, see above
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

from pyinfra.api import Config, Inventory, State  # noqa: E402
from pyinfra.api.connect import connect_all, disconnect_all  # noqa: E402
from pyinfra.api.exceptions import PyinfraError  # noqa: E402
from pyinfra.api.operation import add_op  # noqa: E402
from pyinfra.api.operations import run_ops  # noqa: E402
from pyinfra.operations import files, server  # noqa: E402

ENABLED = (
    "systemd-networkd.service",
    "systemd-resolved.service",
    "ssh.service",
    "gatehouse-first-boot.service",
)
MASKED = (
    "systemd-firstboot.service",  # it asks at the keyboard
    "systemd-networkd-wait-online.service",  # it would hold up a start without a cable
)


def main() -> int:
    """Furnish the tree; returns the exit code, what failed is said on standard error."""
    root = Path(sys.argv[1]).resolve()
    os.umask(0o022)
    state = State(Inventory(([f"@chroot/{root}"], {})), Config(FAIL_PERCENT=0))
    try:
        connect_all(state)
        for unit in MASKED:
            path = f"/etc/systemd/system/{unit}"
            add_op(state, files.link, path=path, target="/dev/null")
        add_op(state, server.shell, commands=[f"systemctl enable --quiet {' '.join(ENABLED)}"])
        run_ops(state)
    except PyinfraError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        if state.activated_hosts:
            disconnect_all(state)
    return 0


if __name__ == "__main__":
    sys.exit(main())
