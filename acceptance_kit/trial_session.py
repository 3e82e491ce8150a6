"""The accuracy trial at the terminal: one passage after the other, kept after each answer.

It may be left at any time and goes on where it stopped. The steps are data (`Step`), so that a page
on a tablet can ask the same.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.panel import Panel

from acceptance_kit.evidence import EvidenceFolder
from acceptance_kit.passages import PassageFacts
from acceptance_kit.trial import Special, Truth, Truths, keep_truths, kept_truths, score
from appliance.guideline.dictionaries import PlateColour
from appliance.profile.model import Profile

QUIT, MISSED = "q", "m"
HELP = (
    "回车＝与识别一致；否则输入车牌和颜色，如 宁A12345 黄牌；"
    "?＝人也看不清；-＝没有车；m 辆数＝漏记的车；q＝暂停"
)


@dataclass(frozen=True, slots=True)
class Step:
    """One question of the trial: a passage with where to look, and how far the trial is."""

    passage: PassageFacts
    page: str
    answered: int
    needed: int

    @property
    def read(self) -> str:
        """What the gate read, for people."""
        return f"{self.passage.read_plate or '未识别'} {self.passage.read_colour}"


def steps(
    profile: Profile, passages: Sequence[PassageFacts], truths: Callable[[], Truths], host: str
) -> Iterator[Step]:
    """The passages that nobody has judged yet, oldest first; `truths` tells those judged so far.

    `host` is the box as the engineer's browser reaches it.
    """
    port = profile.network.status_page.port
    for passage in sorted(passages, key=lambda passage: passage.id):
        so_far = truths()
        if passage.id not in so_far.of:
            done = score(passages, so_far)
            page = f"http://{host}:{port}/passages/{passage.id}"
            yield Step(passage, page, done.vehicles, done.needed)


def answer_of(text: str, passage: PassageFacts) -> Truth:
    """What was typed, as a truth. Raises ValueError with a Chinese sentence."""
    text = text.strip()
    if text in {"", Special.AS_READ}:
        if passage.read_plate is None:
            raise ValueError("这辆车没有读出车牌，请输入车牌和颜色")
        return Truth(Special.AS_READ)
    if text in {"?", "？", Special.ILLEGIBLE}:
        return Truth(Special.ILLEGIBLE)
    if text in {"-", Special.NO_VEHICLE}:
        return Truth(Special.NO_VEHICLE)
    plate, _, colour = text.partition(" ")
    return Truth.of(plate, colour.strip() or passage.read_colour or PlateColour.OTHER)


def ask_in_terminal(
    folder: EvidenceFolder,
    profile: Profile,
    machine: str,
    passages: Sequence[PassageFacts],
    *,
    host: str,
    console: Console,
    read_line: Callable[[str], str] = input,
) -> Truths:
    """Ask until there is no further passage, or the engineer stops; every answer is kept."""
    truths = kept_truths(folder, machine)
    console.print(HELP)
    for step in steps(profile, passages, lambda: kept_truths(folder, machine), host):
        console.print(_panel(step))
        while True:
            try:
                said = read_line("> ").strip()
            except EOFError:
                return truths
            if said.lower() == QUIT:
                return truths
            try:
                if said.lower().startswith(f"{MISSED} "):
                    truths = Truths(truths.of, int(said[2:]))
                    keep_truths(folder, machine, truths)
                    console.print(f"漏记 {truths.missed} 辆。")
                    continue
                truths = truths.told(step.passage.id, answer_of(said, step.passage))
            except ValueError as error:
                console.print(
                    f"{error if not str(error).isascii() else '请写辆数，如 m 2'}。{HELP}"
                )
                continue
            keep_truths(folder, machine, truths)
            break
    return truths


def _panel(step: Step) -> Panel:
    passage = step.passage
    lines = [
        f"[bold]{step.read}[/bold]    道闸 {passage.barrier} {passage.direction}"
        f"    {passage.passed_at:%Y-%m-%d %H:%M:%S}",
        f"照片 {step.page}",
        *(f"     {path}" for path in passage.photos),
    ]
    left = f"其余全部正确时还需 {step.needed} 辆" if step.needed else "样本已够"
    return Panel(
        "\n".join(lines), title=f"记录 {passage.id}", subtitle=f"已核对 {step.answered}，{left}"
    )
