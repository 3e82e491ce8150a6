"""The parts of an address that come from a browser, held to what they can be."""

from werkzeug.routing import BaseConverter


class RowId(BaseConverter):
    """An id as the journal gives them: plain ASCII digits that fit SQLite's integers.

    Werkzeug's own `int` takes any script's digits and any number of them, and lets Python's
    ValueError for too many become an answer 500.
    """

    regex = "[1-9][0-9]{0,17}"

    def to_python(self, value: str) -> int:
        """The id as a number."""
        return int(value)
