#!/usr/bin/python3
"""Shut the box down in order, told by upsmon that the battery is nearly empty.

The named unit (the runtime) is stopped first, so that its journal is closed while there is power;
whatever becomes of that, the box goes down. At the very end NUT's own hook in
`/usr/lib/systemd/system-shutdown` has the UPS cut the power, so that mains coming back start the box.
"""

import os
import subprocess
import sys

from evidence import record

PATIENCE_SECONDS = 60


def stop(unit: str) -> None:
    try:
        subprocess.run(["/usr/bin/systemctl", "stop", unit], timeout=PATIENCE_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as trouble:
        print(f"{unit} did not stop: {trouble}", file=sys.stderr)


try:
    record("ups", "orderly-shutdown", f"{sys.argv[1]} first", ok=False)
except OSError as trouble:
    print(f"no evidence: {trouble}", file=sys.stderr)
stop(sys.argv[1])
os.sync()
os.execv("/usr/bin/systemctl", ["systemctl", "poweroff"])
