"""What can go wrong with the journal; each message is a sentence an operator can act on."""

from appliance.trouble import Trouble


class JournalError(Trouble):
    """Base of every error of the journal that is not SQLite's or the file system's own."""


class JournalMissing(JournalError):
    """There is no journal below this root, and a read-only opening makes none."""


class NotAJournal(JournalError):
    """A file stands in the journal's place, but it is no journal of gatehouse."""


class JournalTooOld(JournalError):
    """The journal lacks migrations: it predates the first, or is read before being migrated."""


class JournalTooNew(JournalError):
    """The journal holds migrations this release does not know."""


class UnknownPassage(JournalError):
    """No passage of this id."""


class UnknownMessage(JournalError):
    """No outbox message of this id."""


class NothingToCorrect(JournalError):
    """A correction that would change nothing."""


class NotWaiting(JournalError):
    """The message is not waiting (any more), so its bytes must not leave."""


class UnsafePath(JournalError):
    """A photo path that leads out of the photo folder."""


class StorageStopped(JournalError):
    """The disk is full and the policy says stop (满即停): nothing more is taken in."""
