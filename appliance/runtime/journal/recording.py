"""Writing a passage once: photos first, then one transaction for all that speaks of it."""

from sqlite_utils import Database

from appliance.clock import Clock
from appliance.guideline.retention import Kind
from appliance.runtime.journal import owing, storage_state
from appliance.runtime.journal.chain import add_link
from appliance.runtime.journal.database import insert, writing
from appliance.runtime.journal.errors import StorageStopped, UnknownPassage
from appliance.runtime.journal.moments import to_text
from appliance.runtime.journal.photos import PhotoFiles
from appliance.runtime.journal.records import passage_of_key, passage_to_row
from appliance.runtime.journal.steps import Step, StepHook
from appliance.runtime.journal.values import Passage, RecordedPassage, StoredPhoto


class Recorder:
    """Writes passages; docs/durability.md argues why in this order."""

    def __init__(self, database: Database, clock: Clock, files: PhotoFiles, step: StepHook) -> None:
        self._database = database
        self._clock = clock
        self._files = files
        self._step = step

    def record(self, passage: Passage, hold: str | None) -> tuple[RecordedPassage, bool]:
        """See `Journal.record`."""
        # A repeat is the common case after a restart: answer it before touching the disk.
        earlier = passage_of_key(self._database, passage.key)
        if earlier is not None:
            return earlier, False
        fields = passage_to_row(passage)  # whatever is wrong with the values shows before a write
        self._heed_stop()
        photos = self._files.store(passage)
        with writing(self._database):
            self._step(Step.BEGUN)
            earlier = passage_of_key(self._database, passage.key)
            if earlier is None:
                self._add(fields, photos, hold)
        if earlier is not None:
            self._remove_unnamed(photos, earlier)
            return earlier, False
        self._step(Step.COMMITTED)
        recorded = passage_of_key(self._database, passage.key)
        if recorded is None:
            raise UnknownPassage(f"刚写入的进出厂记录 {passage.key} 不见了。")
        return recorded, True

    def _heed_stop(self) -> None:
        """满即停 (4.4.1-5): fail as on a full disk, but while receipts still find room."""
        state = storage_state.read(self._database)
        if state is not None and Kind.PHOTOS in state.stopped:
            raise StorageStopped("数据盘已满，按“满即停”策略停止记录。请腾出空间或更换磁盘。")

    def _add(
        self, fields: dict[str, object], photos: tuple[StoredPhoto, ...], hold: str | None
    ) -> None:
        now = self._clock.now()
        passage_id = insert(self._database, "passages", {**fields, "recorded_at": to_text(now)})
        for number, photo in enumerate(photos, start=1):
            insert(
                self._database,
                "photos",
                {
                    "passage_id": passage_id,
                    "number": number,
                    "kind": photo.kind.value,
                    "path": photo.path,
                    "sha256": photo.sha256,
                    "size": photo.size,
                },
            )
        self._step(Step.PASSAGE_ADDED)
        add_link(self._database, "passage", passage_id)
        self._step(Step.LINK_ADDED)
        owing.add_passage(self._database, now, passage_id, hold)
        self._step(Step.MESSAGE_ADDED)

    def _remove_unnamed(self, photos: tuple[StoredPhoto, ...], earlier: RecordedPassage) -> None:
        """Another process wrote this key while the photos were being written.

        Now it is certain that no row will ever name files that the earlier passage does not.
        After any other failure they stay: a file without a row is harmless, and another process
        may be about to name the very same file; a row without a file is a loss.
        """
        kept = {photo.path for photo in earlier.photos}
        for photo in photos:
            if photo.path not in kept:
                self._files.remove(photo)
