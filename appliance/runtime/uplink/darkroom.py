"""Photos made ahead, in a thread of their own, while earlier messages travel.

A photo depends on nothing but the stored pictures, their kinds and the limit, so whether it was
made ahead, at once or a second time, it is the same. OpenCV works outside the interpreter's lock;
the sender's loop goes on meanwhile.
"""

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from appliance.runtime.journal.values import PhotoKind, RecordedPassage, StoredPhoto
from appliance.runtime.uplink.cure import Finder
from appliance.runtime.uplink.photo import passage_photo

MOST_AHEAD = 8
"""Photos that are held for later, each of at most the limit; the oldest makes room.

Two messages of live ones and two of backfill, of two photos each.
"""

_Asked = tuple[tuple[StoredPhoto, ...], tuple[PhotoKind, ...], int]


class Darkroom:
    """Makes the photos of one dialect; `close` waits for the one under work."""

    def __init__(self, locate: Callable[[StoredPhoto], Path], finder: Finder | None) -> None:
        self._locate = locate
        self._finder = finder
        self._ahead: OrderedDict[_Asked, Future[bytes]] = OrderedDict()
        # Its thread begins with the first photo that is asked for ahead.
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="darkroom")

    def begin(self, passage: RecordedPassage, kinds: tuple[PhotoKind, ...], limit: int) -> None:
        """Have a photo made that will be asked for soon; a fault is kept for then."""
        asked = passage.photos, kinds, limit
        if asked in self._ahead:
            return
        self._ahead[asked] = self._worker.submit(self._make, passage, kinds, limit)
        while len(self._ahead) > MOST_AHEAD:
            self._ahead.popitem(last=False)[1].cancel()

    def photo(self, passage: RecordedPassage, kinds: tuple[PhotoKind, ...], limit: int) -> bytes:
        """The photo as `passage_photo` makes it. Raises Unsendable."""
        begun = self._ahead.pop((passage.photos, kinds, limit), None)
        return self._make(passage, kinds, limit) if begun is None else begun.result()

    def close(self) -> None:
        """Let go of what was made ahead, and of the thread."""
        self._worker.shutdown(cancel_futures=True)
        self._ahead.clear()

    def _make(self, passage: RecordedPassage, kinds: tuple[PhotoKind, ...], limit: int) -> bytes:
        return passage_photo(passage, self._locate, kinds=kinds, limit=limit, finder=self._finder)
