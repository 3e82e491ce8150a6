#!/usr/bin/python3
"""Suricata's side of this box: renewing its rules, and seeing that it is there.

    intrusion.py update et/open …    ask the sources; on success the rules are taken over
    intrusion.py watch --queue 0     record when inspection stops, and when it is back
    intrusion.py present --queue 0   exit code 0 while packets are inspected

Standard library only: it runs on the box's own Python.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from evidence import record

SURICATA_CONFIG = "/etc/suricata/gatehouse.yaml"
SOURCES = Path("/var/lib/suricata/update/sources")
RENEWED = Path("/var/lib/gatehouse-intrusion/renewed")
QUEUES = Path("/proc/net/netfilter/nfnetlink_queue")
LAST_SEEN = Path("/run/gatehouse-intrusion")


def update(sources: list[str]) -> None:
    """Renew the rules from `sources` and no others; a failure leaves the old rules in force.

    suricata-update tries the new rules with Suricata before it takes them over. `RENEWED` is
    touched on success even where nothing was new: then the rules are the newest there are.
    """
    _run("suricata-update", "update-sources")
    for source in sources:
        _run("suricata-update", "enable-source", source)
    for file in SOURCES.glob("*.yaml"):
        if file.stem not in {source.replace("/", "-") for source in sources}:
            file.unlink()
    _run(
        "suricata-update",
        "update",
        "--fail",
        "--no-reload",
        "--suricata-conf",
        SURICATA_CONFIG,
        "--drop-conf",
        "/etc/suricata/gatehouse-drop.conf",
    )
    RENEWED.touch()
    _run("systemctl", "reload", "suricata.service")


def _run(*words: str) -> None:
    done = subprocess.run(words, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(words[:2])} ended with {done.returncode}; the old rules stay")


def present(queue: int | None) -> bool:
    """Whether Suricata runs and, where there is a queue, has bound it."""
    active = subprocess.run(
        ["/usr/bin/systemctl", "is-active", "--quiet", "suricata.service"], check=False
    )
    if active.returncode or queue is None:
        return active.returncode == 0
    bound = QUEUES.read_text().splitlines() if QUEUES.exists() else []
    return any(line.split()[0] == str(queue) for line in bound)


def watch(queue: int | None) -> None:
    """Record on a change, and once after each start of the system."""
    there = "inspecting" if present(queue) else "not inspecting"
    if LAST_SEEN.exists() and LAST_SEEN.read_text() == there:
        return
    record("intrusion", "suricata-inline", there, ok=there == "inspecting")
    LAST_SEEN.write_text(there)


def main() -> None:
    parser = argparse.ArgumentParser(description="Suricata's side of this box.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    updater = verbs.add_parser("update", help="renew the rules")
    updater.add_argument("sources", nargs="+", help="suricata-update's names")
    for verb, what in (("watch", "record a change"), ("present", "tell by the exit code")):
        looker = verbs.add_parser(verb, help=what)
        looker.add_argument("--queue", type=int, help="the queue that must be bound")
    told = parser.parse_args()
    if told.verb == "update":
        update(told.sources)
    elif told.verb == "watch":
        watch(told.queue)
    else:
        sys.exit(0 if present(told.queue) else 1)


if __name__ == "__main__":
    main()
