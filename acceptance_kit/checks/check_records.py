"""What the gate records of a passage: photos, stamp, items, plate, vehicle (4.5.1, 5.2)."""

from acceptance_kit.checks.checked_box import CheckedBox
from acceptance_kit.checks.demand import demand
from acceptance_kit.checks.finding import Observation
from acceptance_kit.checks.records import listed, passages_of
from acceptance_kit.checks.stamp import missing_from_stamp
from acceptance_kit.subjects import About
from appliance.guideline.dictionaries import RaiseMethod
from appliance.profile.model import Lane

NEWEST = "查看该道闸最近的通行记录（gatehouse journal newest）。"


@demand(
    "4.5.1-2",
    "4.3-1",
    item="records.photos",
    title="每次通行有车头、车身照片，文件完好",
    method=f"{NEWEST}核对照片文件与记录的 SHA-256。",
    about=About.BARRIER,
    box=False,
)
def test_every_passage_has_both_photos(box: CheckedBox, lane: Lane, finding: Observation) -> None:
    passages = passages_of(box, lane.barrier.id, finding)
    lacking = [
        each
        for each in passages
        if {photo["kind"] for photo in each["photos"] if photo["whole"]} != {"front", "body"}
    ]
    finding.saw(f"最近 {len(passages)} 次通行，{len(passages) - len(lacking)} 次照片齐全")
    assert not lacking, f"通行记录 {listed(lacking)} 缺照片或照片文件损坏，请检查数据盘。"


@demand(
    "4.5.1-2",
    item="records.stamp",
    title="照片上印有车牌号码、进出时间、出入口编号和道闸编号",
    method="取该道闸最近一次通行的车头照片，核对印在照片下方的文字；照片附后。",
    about=About.BARRIER,
    box=False,
)
def test_the_photo_is_stamped(box: CheckedBox, lane: Lane, finding: Observation) -> None:
    newest = passages_of(box, lane.barrier.id, finding)[0]
    fronts = [each for each in newest["photos"] if each["kind"] == "front" and each["whole"]]
    if not fronts:
        finding.untested(f"通行记录 {newest['id']} 没有完好的车头照片，无从查看。")
    jpeg = box.host.file(fronts[0]["path"]).content
    finding.keep(f"photo-{lane.barrier.id}.jpg", jpeg)
    lacking = missing_from_stamp(jpeg, newest)
    finding.saw(f"通行记录 {newest['id']}：{'，'.join(lacking) or '四项齐全'}")
    assert not lacking, f"通行记录 {newest['id']} 的照片：{'，'.join(lacking)}。"


@demand(
    "5.2-1…4",
    "6.2.2–3",
    "6.2.4",
    "6.2.5",
    "8.1–3",
    item="records.items",
    title="记录的数据项、长度、代码合乎指南，没有高危字符",
    method=f"{NEWEST}由程序按 7.3.1 的字段表和第 8 章字典逐项判定。",
    about=About.BARRIER,
    box=False,
)
def test_no_record_has_to_be_refused(box: CheckedBox, lane: Lane, finding: Observation) -> None:
    passages = passages_of(box, lane.barrier.id, finding)
    bad = [each for each in passages if each["refusal"]]
    finding.saw(f"最近 {len(passages)} 次通行，{len(passages) - len(bad)} 次合格")
    assert not bad, f"通行记录 {listed(bad)}：{bad[0]['refusal']}。"


@demand(
    "4.5.1-1",
    item="records.plates",
    title="车牌颜色和号码已识别，未识别的已人工补录",
    method=NEWEST,
    about=About.BARRIER,
    box=False,
)
def test_what_was_not_read_was_entered(box: CheckedBox, lane: Lane, finding: Observation) -> None:
    passages = passages_of(box, lane.barrier.id, finding)
    waiting = [each for each in passages if each["awaits_entry"]]
    finding.saw(f"最近 {len(passages)} 次通行，待补录 {len(waiting)} 次")
    assert not waiting, f"通行记录 {listed(waiting)} 没有车牌，请在补录页上补录。"


@demand(
    "4.5.1-3",
    "5.3.2",
    item="records.vehicles",
    title="号牌已登记的，每次通行的记录都带有排放标准、燃料类型、VIN 等八项车辆信息",
    method=f"{NEWEST}监管系统的查询接口未公布，车辆信息取自企业登记的车辆；"
    "八项为 4.5.1 所列而表 2 也有的各项。",
    box=False,
)
def test_vehicles_are_known(box: CheckedBox, finding: Observation) -> None:
    # The clause says: by colour and number, get the particulars. So the bound is every passage of
    # which the register has the plate, and all that the clause lists. A plate that is not in the
    # register has nothing to be got: it is told here, for it is the enterprise that confirms and
    # enters its vehicles (5.3.2), which `site.vehicle-papers` asks.
    assert box.journal["vehicles"], "没有登记车辆，请用 gatehouse vehicles import 导入。"
    read = [each for each in box.journal["passages"] if each["plate"]]
    due = [each for each in read if each["registered"]]
    strangers = [each for each in read if not each["registered"]]
    lacking = [each for each in due if each["particulars_lacking"]]
    told = f"，未登记的通行记录：{listed(strangers)}" if strangers else ""
    finding.saw(
        f"登记 {box.journal['vehicles']} 辆；最近识别 {len(read)} 次通行，"
        f"号牌已登记的 {len(due)} 次，其中信息齐全的 {len(due) - len(lacking)} 次{told}",
        "号牌已登记的全部齐全",
    )
    if not due:
        finding.untested("还没有号牌已登记的通行记录，请让登记过的车辆通过后重查。")
    assert not lacking, (
        f"通行记录 {listed(lacking)} 的车辆已登记，"
        f"记录缺 {'、'.join(lacking[0]['particulars_lacking'])}；"
        "请补全登记，待最近的通行中不再有这些记录后重查。"
    )


@demand(
    "4.5.1-10",
    item="records.manual",
    title="手动抬杆的通行标记为“手动”并上报",
    method=f"{NEWEST}看手动抬杆的一次及其上报。",
    box=False,
)
def test_a_raise_by_hand_is_marked(box: CheckedBox, finding: Observation) -> None:
    by_hand = [e for e in box.journal["passages"] if e["raise_method"] == RaiseMethod.MANUAL]
    if not by_hand:
        finding.untested("最近没有手动抬杆的通行，请手动抬杆放行一辆车后重查。")
    owed = [e for e in by_hand if not e["messages"] or e["messages"][-1]["state"] != "done"]
    finding.saw(f"手动抬杆 {len(by_hand)} 次，未上报 {len(owed)} 次")
    assert not owed, f"手动抬杆的通行记录 {listed(owed)} 没有上报，请查看 gatehouse uplink aside。"
