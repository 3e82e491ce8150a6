"""What an image's start left to be said stands on the gate's own status page."""

from pathlib import Path

from appliance.firstboot.notice import Notice
from appliance.firstboot.starting import LEFT, leave
from appliance.runtime.web import starting
from appliance.runtime.web.starting import findings_of_the_start
from appliance.runtime.web.verdict import Level


def test_a_fault_of_the_start_is_left_for_the_page_and_goes_when_it_is_mended(
    tmp_path: Path,
) -> None:
    file = tmp_path / "notice.txt"
    assert not list(findings_of_the_start(file))
    leave(Notice("站点配置需要处理", ("profile.yaml:7  ups", "错误：太小"), well=False), file)
    (finding,) = findings_of_the_start(file)
    assert finding.level is Level.ATTENTION
    assert finding.sentence == "站点配置需要处理：profile.yaml:7  ups 错误：太小"
    leave(Notice("门禁已启动"), file)
    assert not list(findings_of_the_start(file))


def test_writer_and_reader_mean_the_same_file() -> None:
    assert starting.LEFT == LEFT
