"""The site's own particulars: numbers and Table 1 (4.6.1, 5.2), and the page for entry by hand."""

from acceptance_kit.checks.box import Box
from acceptance_kit.checks.demand import demand
from acceptance_kit.checks.finding import Observation
from acceptance_kit.subjects import About
from appliance.profile.model import Profile


@demand(
    "4.6.1",
    item="numbering.unique",
    title="企业、出入口、道闸编号合乎规则，互不重复",
    method="核对站点配置中的编号。",
    about=About.SITE,
    box=False,
)
def test_numbers_follow_the_rules(site: Profile, finding: Observation) -> None:
    entrances = [entrance.id for entrance in site.entrances]
    barriers = [lane.barrier.id for lane in site.lanes()]
    finding.saw(f"出入口 {'、'.join(entrances)}；道闸 {'、'.join(barriers)}")
    assert len(set(entrances)) == len(entrances), "出入口编号重复，请改站点配置。"
    assert len(set(barriers)) == len(barriers), "道闸编号重复，请改站点配置。"
    strange = [e.barrier.id for e in site.lanes() if not e.barrier.id.startswith(e.entrance.id)]
    assert not strange, f"道闸 {'、'.join(strange)} 的编号不以出入口编号开头，请改站点配置。"


@demand(
    "5.2-1…4",
    item="profile.table-1",
    title="企业基本信息（表 1）各项齐全",
    method="核对站点配置；是否与排污许可证一致由企业核对。",
    about=About.SITE,
    box=False,
)
def test_table_1_is_complete(site: Profile, finding: Observation) -> None:
    told = site.enterprise.model_dump()
    empty = [name for name, value in told.items() if value in {"", None}]
    finding.saw(f"{len(told)} 项，空缺 {len(empty)} 项")
    assert not empty, f"企业信息缺少 {'、'.join(empty)}，请填写站点配置。"


@demand(
    "4.5.1-1",
    "5.3.1",
    item="entry.page",
    title="识别不出的车辆可由门卫人工补录",
    method="查看站点配置中的门卫和补录程序的心跳。",
    box=False,
)
def test_gatekeepers_can_enter_plates(box: Box, profile: Profile, finding: Observation) -> None:
    keepers = len(profile.access.gatekeepers)
    finding.saw(f"可补录的人员 {keepers} 人")
    assert keepers, "没有可以补录的人员，请在站点配置 access.gatekeepers 中填写。"
    beat = next((b for b in box.journal["programs"] if b["program"] == "entry"), None)
    assert beat is not None, "补录程序没有运行过，请查看 gatehouse 服务。"
    assert beat["ok"], f"补录程序：{beat['detail']}。"
