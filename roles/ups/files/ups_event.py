#!/usr/bin/python3
"""Record an event of the UPS as an evidence line; upsmon runs it through sudo.

NUT gives the event's name in `NOTIFYTYPE` and a sentence as the argument. The caller is the
account `nut`, so nothing but NUT's own names is taken, and the sentence is cut short.
"""

import os
import sys

from evidence import record

WELL = {"ONLINE", "COMMOK"}
ILL = {"ONBATT", "LOWBATT", "FSD", "COMMBAD", "SHUTDOWN", "REPLBATT", "NOCOMM", "NOPARENT"}

event = os.environ.get("NOTIFYTYPE", "")
if event not in WELL | ILL:
    sys.exit(f"not an event of NUT: {event!r}")
record("ups", event, " ".join(sys.argv[1:])[:200], ok=event in WELL)
