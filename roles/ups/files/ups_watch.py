#!/usr/bin/python3
"""Look after the UPS: a driver that has gone stale, a battery that runs low, the daily figures.

    ups_watch.py watch --low 20
    ups_watch.py figures --watts 6000 --minutes 120

A driver that no longer answers is a common complaint of USB UPS; it is restarted, at once and then
every five minutes, and both its going and its coming back are recorded. The battery is judged here
besides by the UPS itself, since many call it low far too late.
"""

import argparse
import subprocess
import time
from pathlib import Path

from evidence import record

UPS = "ups@127.0.0.1"
DRIVER = "nut-driver@ups.service"
STALE = Path("/run/gatehouse-ups-stale")  # there while the driver is silent; its time: last restart
RESTART_EVERY_SECONDS = 300


def ask() -> dict[str, str] | str:
    """What the UPS says of itself by NUT's names; where it does not answer, upsd's reason."""
    answer = subprocess.run(
        ["/usr/bin/upsc", UPS], capture_output=True, text=True, timeout=20, check=False
    )
    if answer.returncode:
        said = [line for line in answer.stderr.splitlines() if line.startswith("Error: ")]
        return (said or ["Error: no answer"])[-1].removeprefix("Error: ")
    pairs = (line.split(": ", 1) for line in answer.stdout.splitlines() if ": " in line)
    return dict(pairs)


def watch(low: float) -> None:
    said = ask()
    if isinstance(said, str):
        _revive(said)
        return
    if STALE.exists():
        record("ups", "ups-driver", "answers again", ok=True)
        STALE.unlink()
    charge = _number(said.get("battery.charge"))
    on_battery = "OB" in said.get("ups.status", "").split()
    if on_battery and charge is not None and charge <= low:
        record("ups", "battery-charge", charge, ok=False)
        subprocess.run(["/usr/sbin/upsmon", "-c", "fsd"], check=True)


def _revive(reason: str) -> None:
    if not STALE.exists():
        record("ups", "ups-driver", f"silent: {reason}", ok=False)
    elif time.time() - STALE.stat().st_mtime < RESTART_EVERY_SECONDS:
        return
    STALE.touch()
    # upsd may be what is gone; starting what already runs does nothing.
    subprocess.run(["/usr/bin/systemctl", "restart", DRIVER], check=False)
    subprocess.run(["/usr/bin/systemctl", "start", "nut-server.service"], check=False)


def figures(watts: float, minutes: float) -> None:
    """Record runtime, load and rated power; a figure the UPS does not tell is null, not ill.

    The runtime is the UPS's own estimate at its present load; it is judged on a full battery only.
    """
    said = ask()
    if isinstance(said, str):
        record("ups", "ups-figures", said, ok=False)
        return
    runtime = _number(said.get("battery.runtime"))
    charge = _number(said.get("battery.charge"))
    rated = _number(said.get("ups.realpower.nominal"))
    full = charge is not None and charge >= 95
    told = {
        "runtime_minutes": None if runtime is None else round(runtime / 60, 1),
        "charge_percent": charge,
        "load_percent": _number(said.get("ups.load")),
        "rated_watts": rated,
        "status": said.get("ups.status"),
    }
    short = full and runtime is not None and runtime < minutes * 60
    weak = rated is not None and rated < watts
    record("ups", "ups-figures", told, ok=not short and not weak)


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def main() -> None:
    parser = argparse.ArgumentParser(description="Look after the UPS.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    watcher = verbs.add_parser("watch", help="restart a silent driver; shut down on a low battery")
    watcher.add_argument("--low", type=float, required=True, help="charge in percent")
    recorder = verbs.add_parser("figures", help="record the figures")
    recorder.add_argument("--watts", type=float, required=True, help="rated power demanded")
    recorder.add_argument("--minutes", type=float, required=True, help="runtime demanded")
    told = parser.parse_args()
    if told.verb == "watch":
        watch(told.low)
    else:
        figures(told.watts, told.minutes)


if __name__ == "__main__":
    main()
