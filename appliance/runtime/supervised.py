"""What a program owes to supervisord when that is what started it; by hand it is as without."""

import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from appliance.clock import SystemClock
from appliance.runtime.supervision import START_SECONDS, SUPERVISOR_PID, end_with_parent

log = logging.getLogger(__name__)


@contextmanager
def supervised(stop: threading.Event) -> Iterator[None]:
    """End with supervisord, and never sooner than it takes supervisord to count a start.

    A killed supervisord would leave programs without anybody to start them again. A program that
    dies within `startsecs` is started after a pause that grows at each try, without limit; one
    that dies later is started at once. A lane whose camera was off for a day must not wait hours.
    """
    if "SUPERVISOR_ENABLED" not in os.environ:
        yield
        return
    end_with_parent()
    if os.environ.get(SUPERVISOR_PID, str(os.getppid())) != str(os.getppid()):
        raise SystemExit("supervisord went before the kernel was asked")
    clock = SystemClock()
    earliest = clock.monotonic() + START_SECONDS + 0.5
    try:
        yield
    except (OSError, sqlite3.Error):
        log.exception("the program fails")  # the command prints a sentence only
        raise
    finally:
        stop.wait(max(0.0, earliest - clock.monotonic()))
