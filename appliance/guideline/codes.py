"""The three dictionaries of chapter 8, each a code and its name; the data is in `codes.toml`."""

import tomllib
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType


@dataclass(frozen=True, slots=True, eq=False)
class Codes:
    """One dictionary: `names` gives the name of each code, in the guideline's order."""

    clause: str
    title: str
    names: MappingProxyType[str, str]

    def code_of(self, text: str) -> str | None:
        """The code that `text` is or names; None when the dictionary has neither."""
        if text in self.names:
            return text
        return next((code for code, name in self.names.items() if name == text), None)


def _read(name: str, clause: str, title: str) -> Codes:
    return Codes(clause, title, MappingProxyType(_CHAPTER_8[name]))


_CHAPTER_8: dict[str, dict[str, str]] = tomllib.loads(
    resources.files("appliance.guideline").joinpath("codes.toml").read_text("utf-8")
)

FUELS = _read("fuel", "8.1", "燃料类型")
USES = _read("use", "8.2", "使用性质")
VEHICLE_TYPES = _read("vehicle_type", "8.3", "车辆类型")
