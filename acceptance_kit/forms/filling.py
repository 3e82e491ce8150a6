"""Profile and findings become the forms' data: each fact is taken from where it is known."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from acceptance_kit.findings import Finding, Verdict
from acceptance_kit.forms.judging import Judgement, about, demands, judge, shortened, together
from acceptance_kit.forms.model import (
    DOES_NOT_FIT,
    FAILED,
    FITS,
    PASSED,
    Answer,
    Device,
    Table5,
    Table6,
    Table7,
    Table8,
    Table9,
)
from appliance.profile.model import Camera, CameraRole, Lane, Profile


@dataclass(frozen=True, slots=True)
class Judged:
    """One row as judged: the form it stands in (`表 6`), the barrier or none, its name."""

    form: str
    barrier: str
    row: str
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class Filled:
    """The five forms of a site, and how each of their rows was judged."""

    table5: Table5
    table6: tuple[Table6, ...]
    table7: Table7
    table8: Table8
    table9: Table9
    rows: tuple[Judged, ...]


def fill(profile: Profile, findings: tuple[Finding, ...]) -> Filled:
    """Everything that stands in Tables 5 to 9 of a site."""
    table5 = registration(profile)
    barriers = [
        (lane, _judged("表 6", lane.barrier.id, "table-6", about(profile, lane, findings)))
        for lane in profile.lanes()
    ]
    applied = _judged("表 7", "", "table-7", findings)
    confirmed = _judged("表 9", "", "table-9", findings)
    return Filled(
        table5,
        tuple(confirmation(profile, lane, rows) for lane, rows in barriers),
        application(profile, applied, tuple(row for _, rows in barriers for row in rows.values())),
        filing(profile),
        agreement(profile, table5, confirmed),
        tuple(row for _, rows in barriers for row in rows.values())
        + tuple(applied.values())
        + tuple(confirmed.values()),
    )


def registration(profile: Profile) -> Table5:
    """Table 5 (9.2.1)."""
    firm, papers = profile.enterprise, profile.acceptance
    return Table5(
        name=firm.name,
        city=papers.city or "",
        county=papers.county or "",
        credit_code=firm.credit_code,
        permit=papers.permit_number or firm.number,
        industry=f"{firm.industry}（{firm.industry_branch}）",
        grade=str(firm.performance_grade),
        legal_representative=firm.legal_representative,
        legal_phone=papers.legal_phone or "",
        contact=firm.contact,
        contact_phone=firm.contact_phone,
        region_code=papers.region_code or "",
        longitude=f"{firm.longitude:.6f}",
        latitude=f"{firm.latitude:.6f}",
        entrance_count=str(len(profile.entrances)),
        barrier_count=str(len(profile.lanes())),
        gate_count=_gates(profile),
        gate_maker=papers.gate_maker or "",
        construction=str(papers.construction or ""),
        completed=_day(papers.completed),
        entrances="、".join(f"{each.id}（{each.name}）" for each in profile.entrances),
        barriers="、".join(lane.barrier.id for lane in profile.lanes()),
    )


def confirmation(profile: Profile, lane: Lane, rows: dict[str, Judged]) -> Table6:
    """Table 6 (9.2.2) of one barrier; 验收合格 only when every row is 是."""
    answers = {field: row.judgement.answer for field, row in rows.items()}
    machine, ups = profile.machine_of(lane), profile.ups
    watching = [
        camera
        for camera in profile.cameras
        if camera.role is CameraRole.SURVEILLANCE and lane.barrier in profile.barriers_of(camera)
    ]
    power = f"{ups.model}（{ups.rated_watts} W，{ups.runtime_minutes} min）" if ups.model else ""
    place = f"{machine.position}（{machine.name}）" if machine and machine.position else ""
    return Table6(
        name=profile.enterprise.name,
        address=profile.enterprise.address,
        entrance=lane.entrance.id,
        barrier=lane.barrier.id,
        plate_camera=_cameras([lane.camera], answers.pop("plate_camera")),
        surveillance=_cameras(watching, answers.pop("surveillance")),
        machine=Device(
            "1" if machine else "0",
            (machine.maker or "") if machine else "",
            (machine.model or "") if machine else "",
            answers.pop("machine"),
        ),
        ups=Device("1", ups.maker or "", power, answers.pop("ups")),
        software_count="1",
        software_place=place,
        conclusion=_conclusion(together(row.judgement for row in rows.values()), PASSED, FAILED),
        supplier=profile.acceptance.supplier or "",
        installer=profile.acceptance.installer or "",
        **answers,
    )


def application(profile: Profile, rows: dict[str, Judged], gates: tuple[Judged, ...]) -> Table7:
    """Table 7 (9.2.3); its first condition holds when every Table 6 is 验收合格 as well."""
    firm, papers = profile.enterprise, profile.acceptance
    own = rows["functions"].judgement
    functions = Answer(together((own, *(row.judgement for row in gates))), own.answer.reason)
    failing = sorted({row.barrier for row in gates if row.judgement.answer.verdict is Verdict.NO})
    if failing:
        what = f"表 6（{'、'.join(failing)}）验收不合格"
        functions = Answer(
            Verdict.NO, shortened("；".join(filter(None, (what, own.answer.reason))))
        )
    return Table7(
        name=firm.name,
        address=firm.address,
        credit_code=firm.credit_code,
        permit=papers.permit_number or firm.number,
        legal_representative=firm.legal_representative,
        legal_phone=papers.legal_phone or "",
        contact=firm.contact,
        contact_phone=firm.contact_phone,
        gate_count=_gates(profile),
        gate_maker=papers.gate_maker or "",
        functions=functions,
        networking=rows["networking"].judgement.answer,
        promise=rows["promise"].judgement.answer,
    )


def filing(profile: Profile) -> Table8:
    """Table 8 (9.2.4); its dates and opinions are others'."""
    firm, papers = profile.enterprise, profile.acceptance
    return Table8(
        name=firm.name,
        address=firm.address,
        credit_code=firm.credit_code,
        permit=papers.permit_number or firm.number,
        legal_representative=firm.legal_representative,
        authorised_signatory=papers.authorised_signatory or "",
        contact=firm.contact,
        contact_phone=firm.contact_phone,
        gate_count=_gates(profile),
        gate_maker=papers.gate_maker or "",
    )


def agreement(profile: Profile, table5: Table5, rows: dict[str, Judged]) -> Table9:
    """Table 9 (9.2.5); the registration is complete when no cell of Table 5 is blank."""
    complete = all(getattr(table5, name) for name in Table5.__dataclass_fields__)
    registered = Answer(Verdict.YES if complete else Verdict.UNTESTED)
    answers = {field: row.judgement.answer for field, row in rows.items()}
    every = (*answers.values(), registered)
    return Table9(
        name=profile.enterprise.name,
        mn=profile.mn,
        connection=str(profile.acceptance.connection or ""),
        registered=registered,
        conclusion=_conclusion(
            together(Judgement(answer, ()) for answer in every), FITS, DOES_NOT_FIT
        ),
        **answers,
    )


def beijing(at: datetime) -> str:
    """A time as it is written in a form; `at` is aware, in Beijing time."""
    return f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}"


def _judged(form: str, barrier: str, name: str, findings: tuple[Finding, ...]) -> dict[str, Judged]:
    return {
        row.field: Judged(form, barrier, row.row, judge(row, findings)) for row in demands(name)
    }


def _conclusion(verdict: Verdict, good: str, bad: str) -> str:
    return {Verdict.YES: good, Verdict.NO: bad}.get(verdict, "")


def _cameras(cameras: list[Camera], holds: Answer) -> Device:
    return Device(
        str(len(cameras)),
        _each(camera.maker for camera in cameras),
        _each(camera.model for camera in cameras),
        holds,
    )


def _each(names: Iterable[str | None]) -> str:
    """Different names, each once; empty when any is not known; a stroke where there is nothing."""
    known = list(names)
    told = "、".join(dict.fromkeys(name for name in known if name))
    return "" if None in known else told or "/"


def _gates(profile: Profile) -> str:
    """智能门禁: a set is a barrier with its camera and program, as Table 6 counts them."""
    return str(len(profile.lanes()))


def _day(day: str | None) -> str:
    if day is None:
        return ""
    year, month, number = (int(part) for part in day.split("-"))
    return f"{year}年{month}月{number}日"
