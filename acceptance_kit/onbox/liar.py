"""A platform on the box's own loopback that answers everything, and nothing rightly.

    python -m acceptance_kit.onbox.liar --port 49212 --seconds 180

It never answers 1 to a QN that it was sent, nor an answer without a QN, so no message can be taken
for delivered; nor 2 or 3, which would set a message aside. What it gets is thrown away. A line on
standard output for each lie.
"""

import argparse
import itertools
import tempfile
import threading
from pathlib import Path

from acceptance_kit.peers.platform import ReferencePlatform
from acceptance_kit.peers.platform.behaviour import Act, Answer, HalfAnswer, Reset, Silent
from acceptance_kit.peers.platform.variant import LAX
from appliance.guideline.messages import Result

FOREIGN_QN = "19990101000000000"
LIES: dict[str, Act] = {
    "another message is received": Answer(Result.RECEIVED, FOREIGN_QN),
    "its time is in the future": Answer(Result.FUTURE_TIME),
    "half an answer": HalfAnswer(),
    "a number that 7.4 does not know": Answer(77),
    "nothing": Silent(),
    "the connection is reset": Reset(),
}


def lie(port: int, seconds: float, mn: str) -> None:
    """Listen for so long and lie in turn."""
    turns = itertools.cycle(LIES.items())
    lock = threading.Lock()

    def behave(_nth: int) -> Act:
        with lock:
            name, act = next(turns)
            print(f"lied: {name}", flush=True)  # noqa: T201
        return act

    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder, "platform.sqlite3")
        with ReferencePlatform(
            port=port, database=database, known_mn={mn}, behaviour=behave, variant=LAX
        ):
            threading.Event().wait(seconds)


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description="Answer wrongly, for a drill.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--mn", required=True, help="the enterprise that sends")
    told = parser.parse_args()
    lie(told.port, told.seconds, told.mn)


if __name__ == "__main__":
    main()
