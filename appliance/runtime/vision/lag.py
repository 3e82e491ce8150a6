"""Is a live stream still live? What a busy machine does not decode waits in the sockets, and then
the newest picture to be had shows what was before the camera many seconds ago.

The stream's own time stamps tell: they go on as fast as the clock while pictures are taken as they
come, and more slowly while pictures pile up.
"""

import math

BEHIND_SECONDS, FOR_SECONDS = 3.0, 3.0
"""So far behind for so long: what merely stood still for a moment has caught up by then."""

DRIFT = 5e-4
"""A camera's clock may be slower than ours by this share."""


class Lag:
    """Follows one connection."""

    def __init__(self) -> None:
        self._least = math.inf
        self._stamp = self._instant = -math.inf
        self._since: float | None = None

    def hopeless(self, stamp: float, instant: float) -> bool:
        """Whether the stream is behind for good, so that it is better called anew.

        `stamp` is a picture's own time, `instant` when it was taken out, both in seconds; a stream
        whose stamps stand still, because it has none, is never behind.
        """
        if stamp == self._stamp:
            return False
        apart = instant - stamp
        passed = instant - self._instant if self._instant > -math.inf else 0.0
        self._least = min(self._least + DRIFT * passed, apart)
        self._stamp, self._instant = stamp, instant
        if apart - self._least < BEHIND_SECONDS:
            self._since = None
            return False
        if self._since is None:
            self._since = instant
        return instant - self._since > FOR_SECONDS
