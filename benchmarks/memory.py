"""Memory of the uplink process at growing backlogs, its platform taking message after message.

The backlog's rows are put into the journal's file by SQL, since recording 200,000 passages with
photos would take an hour; each names the photos of the first passage.

Run: python benchmarks/memory.py [ROWS …]
"""

import sqlite3
import sys
import tempfile
import time
from pathlib import Path

from acknowledger import Acknowledger
from loads import profile_file, record, rss, say_load, uplink

from appliance.clock import SystemClock
from appliance.runtime.journal import Journal
from appliance.runtime.journal.database import FILE_NAME

SECONDS = 10.0

ROWS = """
WITH RECURSIVE n (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM n WHERE n < :rows)
"""
PASSAGES = """
INSERT INTO passages SELECT n, key || n, entrance, barrier, position, direction, passed_at,
    recorded_at, plate, plate_colour, confidence, decision, rule, reason, raise_method, vehicle,
    seen
FROM passages, n WHERE id = 1
"""
# A path stands in one row only; this one leads to the same file by another way.
PHOTOS = """
INSERT INTO photos SELECT n, number, kind, replace(path, 'photos/', 'photos/' || n || '/../'),
    sha256, size FROM photos, n WHERE passage_id = 1
"""
# The QNs grow up to the first passage's, which is the newest that was given out, but they are no
# moments; the platform of this benchmark does not look.
MESSAGES = """
INSERT INTO outbox (cn, qn, passage_id, state, queued_at, next_try_at)
SELECT cn, CAST(CAST(qn AS INTEGER) - :rows + n - 1 AS TEXT), n, state, queued_at, next_try_at
FROM outbox, n WHERE passage_id = 1
"""


def fill(root: Path, rows: int) -> None:
    """A journal that owes so many messages."""
    record(root, 1)
    with sqlite3.connect(root / FILE_NAME) as database:
        for statement in (PASSAGES, PHOTOS, MESSAGES):
            database.execute(ROWS + statement, {"rows": rows})
    database.close()


def main() -> None:
    """Print one line a backlog."""
    say_load()
    for rows in map(int, sys.argv[1:] or ("1000", "50000", "200000")):
        with tempfile.TemporaryDirectory() as name, Acknowledger() as platform:
            root = Path(name) / "storage"
            fill(root, rows)
            with uplink(profile_file(Path(name), root, platform.port)) as process:
                most = 0.0
                with Journal.open(root, SystemClock(), readonly=True) as journal:
                    while not journal.outbox_counts().done:  # it has begun
                        time.sleep(0.2)
                    ends = time.monotonic() + SECONDS
                    while time.monotonic() < ends:
                        most = max(most, rss(process.pid))
                        time.sleep(0.05)
                    counts = journal.outbox_counts()
        print(f"{rows} rows: {most:.0f} MB at most, {counts.done} sent, {counts.aside} aside")


if __name__ == "__main__":
    main()
