"""The site's own particulars: numbers and Table 1 (4.6.1, 5.2), and the page for entry by hand."""

from acceptance_kit.checks.checked_box import CheckedBox
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
    title="工控机上的企业基本信息（表 1）与验收所用的一致",
    method="读取工控机上的站点配置，逐项比较表 1；工控机上的表 1 附后，供企业与排污许可证核对。",
    box=False,
)
def test_the_box_has_the_same_table_1(box: CheckedBox, site: Profile, finding: Observation) -> None:
    there, here = _table_1(box.own_profile), _table_1(site)
    lines = (f"{number} {title}：{there[title]}\n" for number, title in enumerate(there, 1))
    finding.keep(f"table-1-{box.machine.name}.txt", "".join(lines))
    different = [title for title in here if there[title] != here[title]]
    finding.saw(f"{len(here)} 项，{len(here) - len(different)} 项一致")
    assert not different, (
        f"工控机上的{'、'.join(different)}不是这一份，请执行 gatehouse provision 后再验收。"
    )


def _table_1(profile: Profile) -> dict[str, str]:
    """Its rows by title, in the guideline's order; two are counted (rows 13 and 14)."""
    enterprise = profile.enterprise
    told = {
        str(field.title): str(getattr(enterprise, name))
        for name, field in type(enterprise).model_fields.items()
    }
    vehicles = ("运输车辆数量", "厂内运输车辆数量", "非道路移动机械数量")
    counted = {
        "载货出入口数量": str(len(profile.entrances)),
        "道闸数量": str(len(list(profile.lanes()))),
    }
    rows = {title: text for title, text in told.items() if title not in vehicles}
    return rows | counted | {title: told[title] for title in vehicles}


@demand(
    "4.5.1-1",
    "5.3.1",
    item="entry.page",
    title="识别不出的车辆可由门卫人工补录",
    method="查看站点配置中的门卫和补录程序的心跳。",
    box=False,
)
def test_gatekeepers_can_enter_plates(
    box: CheckedBox, profile: Profile, finding: Observation
) -> None:
    keepers = len(profile.access.gatekeepers)
    finding.saw(f"可补录的人员 {keepers} 人")
    assert keepers, "没有可以补录的人员，请在站点配置 access.gatekeepers 中填写。"
    beat = next((b for b in box.journal["programs"] if b["program"] == "entry"), None)
    assert beat is not None, "补录程序没有运行过，请查看 gatehouse 服务。"
    assert beat["ok"], f"补录程序：{beat['detail']}。"
