#!/usr/bin/python3
"""Compare the box's clock with standard time and leave the difference as evidence (6.2.1).

    clock_check.py --tolerance 1.0 ntp.ntsc.ac.cn

The sources are asked afresh (`chronyd -Q` measures and sets nothing): that the running chrony
believes itself in step is no proof. The evidence is the first answer, in seconds, positive when the
box is behind; null when no source answers, which is an alarm as well.
"""

import argparse
import re
import subprocess

from evidence import record

PATIENCE_SECONDS = 20
_MEASURED = re.compile(r"System clock wrong by (-?[0-9.]+) seconds")


def offset(server: str) -> float | None:
    """Seconds to add to the box's clock to have the server's time; None without an answer."""
    said = subprocess.run(
        ["/usr/sbin/chronyd", "-Q", "-t", str(PATIENCE_SECONDS), f"server {server} iburst"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS * 2,
        check=False,
    )
    measured = _MEASURED.search(said.stdout + said.stderr)
    return float(measured[1]) if measured else None


def main() -> None:
    """Ask until one answers, and record."""
    parser = argparse.ArgumentParser(description="Compare the clock with standard time.")
    parser.add_argument("--tolerance", type=float, required=True, help="seconds")
    parser.add_argument("servers", nargs="+", help="sources of standard time, the best first")
    told = parser.parse_args()
    answers = ((server, offset(server)) for server in told.servers)
    server, seconds = next(
        ((server, seconds) for server, seconds in answers if seconds is not None), (None, None)
    )
    record(
        "clock",
        "clock-offset",
        {"seconds": seconds, "server": server},
        ok=seconds is not None and abs(seconds) <= told.tolerance,
    )


if __name__ == "__main__":
    main()
