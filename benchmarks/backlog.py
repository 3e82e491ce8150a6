"""72 h of backlog through a line of 20 Mbit/s, and live passages meanwhile.

The ratio is to the seconds that the bytes of the backlog's frames take on such a line; the live
ones' delay is from their recording to their arrival at the platform.

Run: python benchmarks/backlog.py [--records 6000] [--mbit 20] [--layout front-only]
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from acknowledger import Acknowledger
from loads import passages, profile_file, record, say_load, uplink

from appliance.clock import SystemClock
from appliance.runtime.journal import Journal

HOURS = 72
SECONDS_BETWEEN_LIVE = 2.0
FIRST_LIVE = 10_000_000


def drain(root: Path, profile: Path) -> dict[str, float]:
    """Let the uplink work until nothing waits, recording meanwhile; time.time() by live QN."""
    make, clock = passages(), SystemClock()
    live: dict[str, float] = {}
    with uplink(profile), Journal.open(root, clock) as lane:
        while lane.outbox_counts().done == 0:
            time.sleep(0.05)
        while lane.outbox_counts().waiting:
            passage, _ = lane.record(make(FIRST_LIVE + len(live), clock.now()))
            live[lane.messages(passage.id)[0].qn] = time.time()
            for _ in range(20):
                time.sleep(SECONDS_BETWEEN_LIVE / 20)
                if not lane.outbox_counts().waiting:
                    break
    return live


def main() -> None:
    """Print the figures of one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=6000)
    parser.add_argument("--mbit", type=float, default=20)
    parser.add_argument("--layout", default="front-only")
    given = parser.parse_args()
    say_load()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "storage"
        record(root, given.records, HOURS)
        with Acknowledger(mbit=given.mbit) as platform:
            profile = profile_file(Path(name), root, platform.port, layout=given.layout)
            live = drain(root, profile)
            sent = platform.figures()
    limit = sent.octets * 8 / (given.mbit * 1e6)
    delays = sorted(sent.first[qn] - at for qn, at in live.items() if qn in sent.first)
    print(
        f"{sent.frames} frames, {sent.octets / 1e6:.0f} MB in {sent.seconds:.1f} s through "
        f"{given.mbit:g} Mbit/s, whose limit is {limit:.1f} s: ratio {sent.seconds / limit:.2f}"
    )
    print(
        f"{len(delays)} of {len(live)} live passages arrived, after "
        f"{statistics.median(delays):.2f} s (median), {delays[-1]:.2f} s at most"
    )


if __name__ == "__main__":
    main()
