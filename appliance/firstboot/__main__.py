"""`python -m appliance.firstboot`: what the image's unit runs, and its builder."""

import argparse
import sys
from pathlib import Path

from appliance.firstboot.applying import apply
from appliance.firstboot.starting import start
from appliance.provisioning.outcome import summed_up
from appliance.provisioning.remedies import fault_lines


def main() -> int:
    """`start`, or `apply PROFILE --machine NAME --release RELEASE --log FILE`."""
    parser = argparse.ArgumentParser(description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("start")
    part = verbs.add_parser("apply")
    part.add_argument("profile", type=Path)
    part.add_argument("--machine", required=True)
    part.add_argument("--release")
    part.add_argument("--log", type=Path, required=True)
    told = parser.parse_args()
    if told.verb == "start":
        return start()
    outcome = summed_up([told.machine], apply(told.profile, told.machine, told.log, told.release))
    machine = outcome.machines[told.machine]
    if machine.fault is not None:
        sys.stdout.write("\n".join(fault_lines(told.machine, "本机", machine.fault)) + "\n")
    elif not outcome.ok and outcome.ended is not None:
        sys.stdout.write("\n".join(outcome.ended.lines[-12:]) + "\n")
    return 0 if outcome.ok else 1


if __name__ == "__main__":
    sys.exit(main())
