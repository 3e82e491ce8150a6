"""A simulated UPS (dummy-ups) is told that the mains are off, or on again.

    python -m acceptance_kit.onbox.simulated_mains off

The password of the box's own UPS service goes to `upsrw` on its standard input, in no argument.
"""

import argparse
import subprocess
from pathlib import Path

UPS = "ups@127.0.0.1"
PASSWORD = Path("/etc/gatehouse/secrets/ups-monitor")
STATUS = {"off": "OB", "on": "OL"}


def say(status: str) -> None:
    """Have the UPS say so; raises CalledProcessError when it does not take it."""
    with PASSWORD.open("rb") as password:
        # In a session of its own there is no terminal that upsrw would ask for the password.
        subprocess.run(  # noqa: S603
            ["/usr/bin/upsrw", "-s", f"ups.status={status}", "-u", "gatehouse", UPS],
            stdin=password,
            start_new_session=True,
            check=True,
        )


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description="Play the mains of a simulated UPS.")
    parser.add_argument("mains", choices=sorted(STATUS))
    say(STATUS[parser.parse_args().mains])


if __name__ == "__main__":
    main()
