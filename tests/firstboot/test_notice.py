"""What is seen: on the screen as a picture, on the page as text."""

import urllib.error
import urllib.request

import numpy as np
import pytest

from appliance.firstboot.notice import Notice
from appliance.firstboot.page import NoticePage
from appliance.firstboot.screen import BAD, GOOD, Geometry, picture, pixels

FAULT = Notice("站点配置需要处理", ("profile.yaml:64  ups.rated_watts",), well=False)


def colours(notice: Notice, width: int = 800, height: int = 600) -> set[str]:
    image = np.asarray(picture(notice, width, height)).reshape(-1, 3)
    return {"#" + bytes(each.tolist()).hex() for each in np.unique(image, axis=0)}


@pytest.mark.slow
def test_a_fault_is_red_and_what_is_well_is_green() -> None:
    assert BAD in colours(FAULT)
    assert GOOD not in colours(FAULT)
    assert GOOD in colours(Notice("门禁已启动"))


def test_chinese_letters_are_drawn_each_differently() -> None:
    one, two = (np.asarray(picture(Notice(text), 800, 600)) for text in ("门", "闸"))
    assert (one != two).any()


@pytest.mark.parametrize(("width", "height"), [(640, 480), (1920, 1080), (320, 200)])
def test_a_long_text_stays_within_the_picture_and_says_what_is_left_out(
    width: int, height: int
) -> None:
    long = Notice("站点配置需要处理", ("错" * 500,) * 40, well=False)
    image = np.asarray(picture(long, width, height))
    edge = image[-3:].reshape(-1, 3)
    assert (edge == edge[0]).all(), "nothing is cut by the lower edge"


@pytest.mark.parametrize("depth", [32, 24, 16])
def test_pixels_fill_a_framebuffer_whose_lines_are_longer_than_the_picture(depth: int) -> None:
    geometry = Geometry(101, 60, depth, 101 * depth // 8 + 12)
    assert len(pixels(picture(FAULT, 101, 60), geometry)) == geometry.stride * geometry.height


def test_the_page_shows_the_fault_and_does_not_pass_for_a_healthy_gate() -> None:
    page = NoticePage(("127.0.0.1", 0))
    assert page.open()
    try:
        page.notice = Notice("站点配置需要处理", ("<script>",), well=False)
        with urllib.request.urlopen(f"http://127.0.0.1:{page.port}/") as answer:
            text = answer.read().decode("utf-8")
        assert "站点配置需要处理" in text
        assert "&lt;script&gt;" in text
        with pytest.raises(urllib.error.HTTPError, match="503") as refused:
            urllib.request.urlopen(f"http://127.0.0.1:{page.port}/healthz")
        refused.value.close()
    finally:
        page.close()


def test_where_the_gate_has_the_port_the_page_stays_away() -> None:
    gate = NoticePage(("127.0.0.1", 0))
    assert gate.open()
    try:
        assert not NoticePage(("127.0.0.1", gate.port)).open()
    finally:
        gate.close()
