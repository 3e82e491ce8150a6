"""The Chinese typeface."""

from pathlib import Path

import pytest

from appliance import fonts


def test_a_missing_typeface_names_its_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(fonts, "PLACES", (tmp_path / "absent.ttc",))
    with pytest.raises(fonts.FontMissing, match="fonts-noto-cjk"):
        fonts.chinese_font(17)


def test_the_typeface_has_mainland_glyphs() -> None:
    assert fonts.chinese_font(20).getname()[0] == "Noto Sans CJK SC"
