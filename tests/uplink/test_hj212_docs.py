"""The page on the silent points tells of every setting, value and default there is."""

from pathlib import Path
from typing import get_args

import pytest

from appliance.profile.model import Dialect

PAGE = Path(__file__).parents[2] / "docs" / "hj212.md"


@pytest.mark.parametrize("name", Dialect.model_fields)
def test_every_setting_stands_there_with_its_values_the_default_first(name: str) -> None:
    field = Dialect.model_fields[name]
    values = get_args(field.annotation)
    assert values[0] == field.default
    row = f"| `{name}` | " + ", ".join(f"`{value}`" for value in values) + " |"
    text = PAGE.read_text("utf-8")
    assert row in text
    assert f"**`{name}`.**" in text
