#!/usr/bin/python3
"""The UPS's side of this box: its events, the orderly shutdown, a stale driver, the daily figures.

    ups.py event MESSAGE                      upsmon, through sudo, for each event
    ups.py shutdown UNIT                      upsmon, when the battery is nearly empty
    ups.py watch --low 20                     a timer, every minute
    ups.py figures --watts 6000 --minutes 120 every day

Standard library only: it runs on the box's own Python.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from evidence import record

UPS = "ups@127.0.0.1"
DRIVER = "nut-driver@ups.service"
STALE = Path("/run/gatehouse-ups-stale")  # there while the driver is silent; its time: last restart
RESTART_EVERY_SECONDS = 300
STOP_PATIENCE_SECONDS = 60
# NUT's own names of events; the caller is the account nut, so nothing else is taken.
WELL = {"ONLINE", "COMMOK"}
ILL = {"ONBATT", "LOWBATT", "FSD", "COMMBAD", "SHUTDOWN", "REPLBATT", "NOCOMM", "NOPARENT"}

Said = dict[str, str]


def event(message: str) -> None:
    """Record an event; NUT gives its name in `NOTIFYTYPE` and a sentence as the argument."""
    name = os.environ.get("NOTIFYTYPE", "")
    if name not in WELL | ILL:
        sys.exit(f"not an event of NUT: {name!r}")
    record("ups", name, message[:200], ok=name in WELL)


def shutdown(unit: str) -> None:
    """Stop `unit` (the runtime closes its journal while there is power), then power off.

    Whatever becomes of the unit, the box goes down. At the very end NUT's own hook in
    `/usr/lib/systemd/system-shutdown` has the UPS cut the power, so that mains coming back start
    the box.
    """
    try:
        record("ups", "orderly-shutdown", unit, ok=False)
        systemctl("stop", unit, timeout=STOP_PATIENCE_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as trouble:
        print(f"going down all the same: {trouble}", file=sys.stderr)
    os.sync()
    systemctl("poweroff")


def systemctl(*words: str, timeout: float | None = None) -> None:
    subprocess.run(["/usr/bin/systemctl", *words], timeout=timeout, check=False)


def ask() -> Said | str:
    """What the UPS says of itself by NUT's names; where it does not answer, upsd's reason."""
    answer = subprocess.run(
        ["/usr/bin/upsc", UPS], capture_output=True, text=True, timeout=20, check=False
    )
    if answer.returncode:
        reasons = [line for line in answer.stderr.splitlines() if line.startswith("Error: ")]
        return (reasons or ["Error: no answer"])[-1].removeprefix("Error: ")
    return dict(line.split(": ", 1) for line in answer.stdout.splitlines() if ": " in line)


def watch(low: float) -> None:
    """Restart a driver that no longer answers; shut down on battery at or below `low` percent.

    A stale driver is a common complaint of USB UPS: it is restarted at once and then every five
    minutes; its going and its coming back are recorded. The battery is judged here besides by
    the UPS itself, since many call it low far too late.
    """
    said = ask()
    if isinstance(said, str):
        _revive(said)
        return
    if STALE.exists():
        record("ups", "ups-driver", "answers again", ok=True)
        STALE.unlink()
    charge = _number(said, "battery.charge")
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
    systemctl("restart", DRIVER)
    systemctl("start", "nut-server.service")  # upsd may be what is gone


def figures(watts: float, minutes: float) -> None:
    """Record runtime, load and rated power; a figure the UPS does not tell is null, not ill.

    The runtime is the UPS's own estimate at its present load; it is judged on a full battery only.
    """
    said = ask()
    if isinstance(said, str):
        record("ups", "ups-figures", said, ok=False)
        return
    seconds = _number(said, "battery.runtime")
    charge = _number(said, "battery.charge")
    rated = _number(said, "ups.realpower.nominal")
    told = {
        "runtime_minutes": None if seconds is None else round(seconds / 60, 1),
        "charge_percent": charge,
        "load_percent": _number(said, "ups.load"),
        "rated_watts": rated,
        "status": said.get("ups.status"),
    }
    full = charge is not None and charge >= 95
    short = full and seconds is not None and seconds < minutes * 60
    weak = rated is not None and rated < watts
    record("ups", "ups-figures", told, ok=not short and not weak)


def _number(said: Said, name: str) -> float | None:
    try:
        return float(said[name])
    except (KeyError, ValueError):
        return None


def main() -> None:
    parser = argparse.ArgumentParser(description="The UPS's side of this box.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("event", help="record an event of upsmon").add_argument("message")
    verbs.add_parser("shutdown", help="shut down in order").add_argument("unit")
    watcher = verbs.add_parser("watch", help="restart a silent driver; shut down on a low battery")
    watcher.add_argument("--low", type=float, required=True, help="charge in percent")
    recorder = verbs.add_parser("figures", help="record the figures")
    recorder.add_argument("--watts", type=float, required=True, help="rated power demanded")
    recorder.add_argument("--minutes", type=float, required=True, help="runtime demanded")
    told = vars(parser.parse_args())
    {"event": event, "shutdown": shutdown, "watch": watch, "figures": figures}[told.pop("verb")](
        **told
    )


if __name__ == "__main__":
    main()
