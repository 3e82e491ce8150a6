"""One acceptance: checks, questions, drills, trial, records, then forms and seal.

Every finding is on the disk before the next is asked for, so that whatever ends a run, the next
one goes on from there. What an earlier run has shown is not shown again, unless the site's profile
has changed or the folder has been touched since it was sealed.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from acceptance_kit import answers as answering
from acceptance_kit import parts
from acceptance_kit.checks.running import Target, run_checks
from acceptance_kit.evidence import FILES, FORMS, EvidenceFolder
from acceptance_kit.findings import KIT, Finding, Means, Verdict
from acceptance_kit.forms import write_forms
from acceptance_kit.passages import PassageFacts
from acceptance_kit.peers.platform.records import Received
from acceptance_kit.questions import Answer, Asked, asked, finding_of
from acceptance_kit.reaching import Site
from acceptance_kit.register import FORMS as FORMS_PROOF
from acceptance_kit.screen import Screen, Stage
from acceptance_kit.seal import fingerprint, key_file, seal, signing_key
from acceptance_kit.trial import Truths
from acceptance_kit.wanted import Choice, check_names, shown_before
from appliance.clock import Clock
from appliance.profile.model import Profile

Part = Callable[[Target, Profile, parts.Hand], Iterator[Finding]]
PROFILE = "profile.yaml"
"""The site profile as it was accepted, among the evidence's files."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the engineer asked for. `ask` is None when nobody is there to answer."""

    choice: Choice = field(default_factory=Choice)
    again: bool = False
    answers: Path | None = None
    by: str = ""
    ask: Callable[[Asked], Answer | None] | None = None
    confirm: Callable[[str], bool] = lambda _: False
    truths: Truths | None = None
    received: Callable[[], Iterable[Received]] | None = None
    ask_truths: Callable[[Profile, Target, tuple[PassageFacts, ...]], Truths] | None = None


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


class Session:
    """An acceptance under way in a folder."""

    def __init__(
        self, site: Site, folder: EvidenceFolder, options: Options, clock: Clock, screen: Screen
    ) -> None:
        self._site = site
        self._folder = folder
        self._options = options
        self._clock = clock
        self._screen = screen
        self._key = signing_key(key_file())
        self._fingerprint = fingerprint(self._key.public_key())
        self._kept: dict[str, Finding] = {}

    def run(self) -> Outcome:
        """All of it. What is interrupted keeps what it has, sealed."""
        self._begin()
        try:
            for stage in (self._check, self._question, self._drill, self._prove, self._fill_in):
                stage()
                self._seal()
        finally:
            self._seal()
        findings = self._folder.findings()
        missing = sorted(self._names() - {finding.name for finding in findings})
        return Outcome(findings, tuple(missing), self._fingerprint)

    def _names(self) -> set[str]:
        """Every finding that a whole acceptance of this site has."""
        profile = self._site.profile
        questions = {one.name for one in asked(profile)}
        proofs = parts.PROOFS
        if self._options.received is not None:
            proofs += parts.WITH_PLATFORM
        others = {name for proof in proofs for name in proof.names(profile)}
        return {*check_names(profile), *questions, *others, FORMS_PROOF.item}

    def _begin(self) -> None:
        """Decide what of an earlier run counts; a changed profile leaves the answers only."""
        self._options.choice.check()
        self._kept, changed = shown_before(self._folder)
        for file in changed:
            self._screen.note(f"{file} 在上次封存后有改动，不予采信，重新检查")
        text = self._site.profile_file.read_bytes()
        before = self._folder.path / FILES / PROFILE
        if not before.is_file() or before.read_bytes() != text:
            self._folder.forget_findings()
            self._kept = {}
            self._folder.keep_file(PROFILE, text)
        if self._options.again:
            self._kept = {}

    def _wanted(self, names: Iterator[str]) -> set[str]:
        return {
            name for name in names if self._options.choice.takes(name) and name not in self._kept
        }

    def _check(self) -> None:
        wanted = self._wanted(check_names(self._site.profile))
        for target in self._site.targets if wanted else ():
            log = self._folder.path / FILES / f"checks-{target.machine}.log"
            with self._screen.stage(f"检查 {target.machine}") as stage:
                for taken in run_checks(
                    target,
                    self._site.profile_file,
                    wanted=wanted,
                    by=KIT,
                    clock=self._clock,
                    log=log,
                    plan=stage.plan,
                ):
                    for name, content in taken.files.items():
                        self._folder.keep_file(name, content)
                    self._keep(taken.finding)
                    stage.step(taken.finding)

    def _question(self) -> None:
        profile, options = self._site.profile, self._options
        known = answering.kept(self._folder, profile)
        if options.answers is not None:
            known |= answering.given(
                options.answers, profile, options.by, self._clock.now(), self._folder
            )
            answering.keep(self._folder, known)
        with self._screen.stage("询问") as stage:
            chosen = [one for one in asked(profile) if options.choice.takes(one.name)]
            stage.plan(len(chosen))
            for one in chosen:
                answer = known.get(one.name)
                if answer is None and options.ask is not None:
                    with stage.paused():
                        answer = options.ask(one)
                    if answer is not None:
                        known[one.name] = answer
                        answering.keep(self._folder, known)
                finding = finding_of(one, answer, self._clock.now(), KIT)
                self._keep(finding)
                stage.step(finding)

    def _drill(self) -> None:
        for target in self._site.targets:
            self._part(f"演练 {target.machine}", target, parts.drills)

    def _prove(self) -> None:
        for target in self._site.targets:
            self._part(f"核对数据 {target.machine}", target, parts.records)
            self._part(f"识别试验 {target.machine}", target, parts.trial)
        self._part("数据测试", self._site.targets[0], parts.data)
        self._stage("核对参考平台", partial(parts.platform, self._site.targets))

    def _part(self, title: str, target: Target, part: Part) -> None:
        self._stage(title, partial(part, target, self._site.profile))

    def _stage(self, title: str, part: Callable[[parts.Hand], Iterator[Finding]]) -> None:
        with self._screen.stage(title) as stage:
            for finding in part(self._hand(stage)):
                self._keep(finding)
                stage.step(finding)

    def _hand(self, stage: Stage) -> parts.Hand:
        options = self._options

        def confirm(what: str) -> bool:
            with stage.paused():
                return options.confirm(what)

        def ask(profile: Profile, target: Target, passages: tuple[PassageFacts, ...]) -> Truths:
            with stage.paused():
                return options.ask_truths(profile, target, passages)  # type: ignore[misc]

        return parts.Hand(
            self._folder,
            self._wanted_item,
            confirm,
            self._clock,
            self._screen.note,
            options.truths,
            ask if options.ask_truths else None,
            options.received,
        )

    def _wanted_item(self, name: str) -> bool:
        return self._options.choice.takes(name) and name not in self._kept

    def _fill_in(self) -> None:
        """The forms, from the findings alone: the same findings give the same bytes."""
        findings = tuple(f for f in self._folder.findings() if f.item != FORMS_PROOF.item)
        if not findings or not self._options.choice.takes(FORMS_PROOF.item):
            return
        for old in (self._folder.path / FORMS).iterdir():
            old.unlink()
        at = max(finding.at for finding in findings)
        with self._screen.stage("填写表格"):
            names = write_forms(self._folder, self._site.profile, findings, at, self._fingerprint)
        self._keep(_forms_finding(names, at))

    def _keep(self, finding: Finding) -> None:
        self._folder.keep(finding)

    def _seal(self) -> None:
        seal(self._folder, self._key, self._clock.now())


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
