"""What a check sees while it looks, and how it says that it could not look."""

from dataclasses import dataclass, field
from typing import NoReturn

from _pytest.outcomes import Skipped


class Untested(Skipped):
    """It was not shown: something that the check needs is not there. The finding is 未检."""


class NotApplicable(Skipped):
    """It is not asked of this site. The finding is 不适用."""


class CouldNotAsk(Exception):
    """The box did not answer the question; one Chinese sentence. The finding is 未检."""


@dataclass
class Observation:
    """Fixture `finding`: the check writes here what it measured, before it asserts."""

    measured: str = ""
    bound: str = ""
    files: dict[str, bytes] = field(default_factory=dict)

    def saw(self, measured: str, bound: str = "") -> None:
        """What was seen, and what it is held against; each with its unit, in Chinese."""
        self.measured, self.bound = measured, bound

    def keep(self, name: str, content: str | bytes) -> None:
        """Put a file beside the finding; `name` is a bare file name."""
        self.files[name] = content.encode() if isinstance(content, str) else content

    def untested(self, why: str) -> NoReturn:
        """End the check as 未检; `why` is a Chinese sentence that says what to do."""
        raise Untested(why)

    def not_applicable(self, why: str) -> NoReturn:
        """End the check as 不适用; `why` is a Chinese sentence."""
        raise NotApplicable(why)
