"""An acceptance under way in a folder: its steps, what is shown already, and the doing of a step.

Every finding is on the disk before the next is asked for, so that whatever ends a run, the next
one goes on from there. What has been shown is not shown again, unless the site's profile has
changed or the folder has been touched since it was sealed.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from acceptance_kit import answers as answering
from acceptance_kit import parts
from acceptance_kit.checks.running import Target, run_checks
from acceptance_kit.evidence import FILES, FORMS, EvidenceFolder
from acceptance_kit.findings import KIT, Finding, Means, Verdict
from acceptance_kit.forms import write_forms
from acceptance_kit.parts import Hand, Work
from acceptance_kit.peers.platform.records import Received
from acceptance_kit.questions import Answer, Asked, asked, finding_of
from acceptance_kit.reaching import Site
from acceptance_kit.register import FORMS as FORMS_PROOF
from acceptance_kit.register import proofs
from acceptance_kit.seal import fingerprint, key_file, seal, signing_key
from acceptance_kit.steps import Kind, Step, steps
from acceptance_kit.wanted import Choice, check_names, shown_before
from appliance.clock import Clock
from appliance.profile.model import Profile

PROFILE = "profile.yaml"
"""The site profile as it was accepted, among the evidence's files."""

NOBODY = Hand()

LEFT_OUT = "这次没有进行这一项；再次运行，不加 --only 和 --skip。"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an acceptance stands; `missing` are names of findings that were never made."""

    findings: tuple[Finding, ...]
    missing: tuple[str, ...]
    fingerprint: str

    @property
    def open_points(self) -> tuple[Finding, ...]:
        """What keeps it from being complete (未完成项): every 否 and 未检."""
        return tuple(f for f in self.findings if f.verdict in {Verdict.NO, Verdict.UNTESTED})

    @property
    def complete(self) -> bool:
        """Whether all that applies is 是."""
        return not self.missing and not self.open_points

    def sentence(self, folder: Path) -> str:
        """How it stands, in one sentence."""
        if self.complete:
            return f"验收完成，全部项目为“是”。表格在 {folder / FORMS}。"
        counted = {v: sum(f.verdict is v for f in self.findings) for v in Verdict}
        rest = f"，另有 {len(self.missing)} 项没有进行" if self.missing else ""
        return (
            f"是 {counted[Verdict.YES]} 项，否 {counted[Verdict.NO]} 项，"
            f"未检 {counted[Verdict.UNTESTED]} 项{rest}。"
            f"处理后再次运行，只重做未完成的项目。结果在 {folder}。"
        )

    def as_dict(self) -> dict[str, object]:
        """For machines."""
        counted = {v.value: sum(f.verdict is v for f in self.findings) for v in Verdict}
        return {
            "complete": self.complete,
            "counts": counted,
            "missing": list(self.missing),
            "open": [f.as_dict() for f in self.open_points],
            "fingerprint": self.fingerprint,
        }


class Acceptance:
    """An acceptance of a site in a folder; `begin` comes first. May be used by several threads.

    `lock` is held while the folder is changed: who must compare before changing holds it, too.
    `received` reads what a reference platform has kept, where its file is at hand.
    """

    def __init__(
        self,
        site: Site,
        folder: EvidenceFolder,
        clock: Clock,
        choice: Choice | None = None,
        *,
        again: bool = False,
        received: Callable[[], Iterable[Received]] | None = None,
    ) -> None:
        self.site = site
        self.folder = folder
        self.clock = clock
        self.lock = threading.RLock()
        self._choice = choice or Choice()
        self._again = again
        self._received = received
        self._key = signing_key(key_file())
        self._kept: dict[str, Finding] = {}
        self._made: set[str] = set()

    @property
    def profile(self) -> Profile:
        """The site's."""
        return self.site.profile

    def begin(self) -> tuple[str, ...]:
        """Decide what of an earlier run counts; a changed profile leaves the answers only.

        Returns the files that somebody changed since the seal. Raises Trouble for a `Choice` of
        nothing.
        """
        self._choice.check()
        changed = self.look_again()
        text = self.site.profile_file.read_bytes()
        before = self.folder.path / FILES / PROFILE
        if not before.is_file() or before.read_bytes() != text:
            self.folder.forget_findings()
            self._kept = {}
            self.folder.keep_file(PROFILE, text)
        return changed

    def look_again(self) -> tuple[str, ...]:
        """Take what is shown by now for shown; what `--again` asks for counts once it is made."""
        with self.lock:
            kept, changed = shown_before(self.folder)
        if self._again:
            kept = {name: finding for name, finding in kept.items() if name in self._made}
        self._kept = kept
        return changed

    def steps(self) -> tuple[Step, ...]:
        """Those that make something which was asked for."""
        known = steps(self.site, platform=self._received is not None)
        return tuple(step for step in known if any(map(self._choice.takes, step.names)))

    def wanted(self, step: Step) -> set[str]:
        """The findings of a step that were asked for and are not shown yet; forms always are."""
        kept = () if step.kind is Kind.FORMS else self._kept
        return {name for name in step.names if self._choice.takes(name) and name not in kept}

    def do(self, step: Step, hand: Hand = NOBODY) -> Iterator[Finding]:
        """Do a step; each finding is kept before it is handed on. Raises what ends a run."""
        for finding in self._done(step, hand):
            self._keep(finding)
            yield finding

    def _done(self, step: Step, hand: Hand) -> Iterator[Finding]:
        if step.kind is Kind.QUESTION and step.asked:
            yield self._asked(step.asked, hand)
            return
        wanted = self.wanted(step)
        if not wanted:
            return
        work = Work(self.profile, self.folder, self.clock, hand)
        match step.kind:
            case Kind.CHECK:
                yield from self._checked(step.at, wanted, hand)
            case Kind.DRILL if step.drill:
                yield from parts.drill(step.at, step.drill, work)
            case Kind.RECORDS:
                yield from (each for each in parts.records(step.at, work) if each.name in wanted)
            case Kind.TRIAL:
                yield from parts.trial(step.at, work)
            case Kind.DATA:
                yield from parts.data(work)
            case Kind.PLATFORM if self._received is not None:
                yield from parts.platform(self.site.targets, self._received, work)
            case Kind.FORMS:
                yield from self._filled_in()

    def _checked(self, target: Target, wanted: set[str], hand: Hand) -> Iterator[Finding]:
        log = self.folder.path / FILES / f"checks-{target.machine}.log"
        for taken in run_checks(
            target,
            self.site.profile_file,
            wanted=wanted,
            by=KIT,
            clock=self.clock,
            log=log,
            plan=hand.plan,
        ):
            for name, content in taken.files.items():
                self.folder.keep_file(name, content)
            yield taken.finding

    def answers(self) -> dict[str, Answer]:
        """What people have answered so far."""
        return answering.kept(self.folder, self.profile)

    def take(self, file: Path, by: str) -> None:
        """Take over the answers of `--answers FILE`. Raises Trouble, a line for each fault."""
        given = answering.given(file, self.profile, by, self.clock.now(), self.folder)
        with self.lock:
            answering.keep(self.folder, self.answers() | given)

    def answer(self, one: Asked, answer: Answer) -> Finding:
        """Keep what somebody answered, in the place of an earlier answer, and what it shows."""
        with self.lock:
            finding = self._answered(one, answer)
            self._keep(finding)
            return finding

    def _answered(self, one: Asked, answer: Answer) -> Finding:
        with self.lock:
            answering.keep(self.folder, self.answers() | {one.name: answer})
        return finding_of(one, answer, self.clock.now(), KIT)

    def _asked(self, one: Asked, hand: Hand) -> Finding:
        known = self.answers().get(one.name)
        if known is None and hand.ask is not None and (said := hand.ask(one)) is not None:
            return self._answered(one, said)
        return finding_of(one, known, self.clock.now(), KIT)

    def _filled_in(self) -> Iterator[Finding]:
        """The forms, from the findings alone: the same findings give the same bytes."""
        with self.lock:
            made = tuple(f for f in self.folder.findings() if f.item != FORMS_PROOF.item)
            if not made:
                return
            for old in (self.folder.path / FORMS).iterdir():
                old.unlink()
            at = max(finding.at for finding in made)
            # What was left out would else be forgotten by a row that asks for it and for others.
            left_out = tuple(
                _not_made(name, at) for name in self._missing(made) if name != FORMS_PROOF.item
            )
            names = write_forms(self.folder, self.profile, made + left_out, at, self.fingerprint)
        yield _forms_finding(names, at)

    def outcome(self) -> Outcome:
        """How it stands now, against a whole acceptance of the site."""
        findings = self.folder.findings()
        return Outcome(findings, self._missing(findings), self.fingerprint)

    def _missing(self, findings: Iterable[Finding]) -> tuple[str, ...]:
        """What a whole acceptance of the site would make besides these, by name."""
        questions = {one.name for one in asked(self.profile)}
        others = parts.PROOFS
        if self._received is not None:
            others += parts.WITH_PLATFORM
        more = {name for proof in others for name in proof.names(self.profile)}
        names = {*check_names(self.profile), *questions, *more, FORMS_PROOF.item}
        return tuple(sorted(names - {finding.name for finding in findings}))

    @property
    def fingerprint(self) -> str:
        """Of the key that seals."""
        return fingerprint(self._key.public_key())

    def seal(self) -> None:
        """Seal what there is."""
        with self.lock:
            seal(self.folder, self._key, self.clock.now())

    def _keep(self, finding: Finding) -> None:
        with self.lock:
            self.folder.keep(finding)
            self._made.add(finding.name)


def changed_since(file: str) -> str:
    """What is said of a file that somebody changed since the seal."""
    return f"{file} 在上次封存后有改动，不予采信，重新检查"


def _not_made(name: str, at: datetime) -> Finding:
    """What the forms are told of a finding that nobody has asked for; it is no evidence."""
    item, _, subject = name.partition("@")
    proof = next(each for each in proofs() if each.item == item)
    return proof.untested(subject or None, LEFT_OUT, at)


def _forms_finding(names: tuple[str, ...], at: datetime) -> Finding:
    tables = [f"table-{number}" for number in range(5, 10)]
    missing = [table for table in tables if not any(name.startswith(table) for name in names)]
    verdict = Verdict.UNTESTED if missing else Verdict.YES
    return Finding(
        item=FORMS_PROOF.item,
        clauses=FORMS_PROOF.clauses,
        title=FORMS_PROOF.title,
        verdict=verdict,
        measured=f"{len(names)} 个文件",
        reason=f"没有生成 {'、'.join(missing)}。" if missing else "",
        means=Means.RECORDS,
        method="由本目录的验收结果和站点配置填写。",
        by=KIT,
        at=at,
    )
