"""The box's clock goes back by some seconds, and is put right again.

    python -m acceptance_kit.onbox.clock_shift away --seconds 3
    python -m acceptance_kit.onbox.clock_shift back

`away` stops chrony, notes what the true time was at which reading of the kernel's monotonic clock,
and sets the clock. `back` reckons the true time from the note, sets it and starts chrony; without a
note it only sees that chrony runs. The note lies in /run, so it does not outlive a reboot.
"""

import argparse
import json
import subprocess
import time
from pathlib import Path

NOTE = Path("/run/gatehouse-drill-clock")
MOST_SECONDS = 60.0


def away(seconds: float, note: Path = NOTE) -> None:
    """Set the clock back; more than a minute is refused, and so is a second time."""
    if not 0 < seconds <= MOST_SECONDS:
        raise SystemExit(f"not between 0 and {MOST_SECONDS:g} seconds: {seconds}")
    with note.open("x") as file:
        chrony("stop")
        json.dump({"true": time.time(), "monotonic": time.clock_gettime(_BOOT)}, file)
    try:
        time.clock_settime(time.CLOCK_REALTIME, time.time() - seconds)
    except OSError:  # a container may not
        note.unlink()
        chrony("start")
        raise


def back(note: Path = NOTE) -> None:
    """Put it right, once."""
    try:
        told = json.loads(note.read_text())
        true_now = told["true"] + time.clock_gettime(_BOOT) - told["monotonic"]
        time.clock_settime(time.CLOCK_REALTIME, true_now)
    except (FileNotFoundError, ValueError):
        pass  # nothing was set, or it was put right before
    finally:
        note.unlink(missing_ok=True)
        chrony("start")


def chrony(verb: str) -> None:
    """Stop or start the time service."""
    subprocess.run(["/usr/bin/systemctl", verb, "chrony.service"], check=True)  # noqa: S603


_BOOT = time.CLOCK_BOOTTIME


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description="Set the clock back for a drill.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("away").add_argument("--seconds", type=float, required=True)
    verbs.add_parser("back")
    told = parser.parse_args()
    if told.verb == "away":
        away(told.seconds)
    else:
        back()


if __name__ == "__main__":
    main()
