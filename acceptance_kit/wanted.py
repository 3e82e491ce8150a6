"""Which findings a run makes: what is asked for, less what an earlier run has shown already."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from acceptance_kit.checks import demands
from acceptance_kit.evidence import FINDINGS, MANIFEST, EvidenceFolder
from acceptance_kit.findings import Finding, Verdict, name_of
from acceptance_kit.register import proofs
from acceptance_kit.seal import inspect
from acceptance_kit.subjects import About, subjects
from appliance.profile.model import Profile
from appliance.trouble import Trouble

SETTLED = {Verdict.YES, Verdict.NOT_APPLICABLE}


@dataclass(frozen=True, slots=True)
class Choice:
    """`--only` and `--skip`: patterns such as `camera.*`, of items or of names with a subject."""

    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()

    def check(self) -> None:
        """Raises Trouble for a pattern that means nothing."""
        items = [proof.item for proof in proofs()]
        for pattern in (*self.only, *self.skip):
            item = pattern.partition("@")[0]
            if not any(fnmatchcase(each, item) for each in items):
                raise Trouble(
                    f"没有名称为“{pattern}”的验收项目；可用 * 号，如 camera.*。"
                    "全部项目见 gatehouse clauses。"
                )

    def takes(self, name: str) -> bool:
        """Whether a finding of that name is to be made."""
        if self.only and not _any(name, self.only):
            return False
        return not _any(name, self.skip)


def _any(name: str, patterns: Iterable[str]) -> bool:
    item = name.partition("@")[0]
    return any(fnmatchcase(name, each) or fnmatchcase(item, each) for each in patterns)


def check_names(profile: Profile) -> Iterator[str]:
    """The names of all findings that the checks make of a site."""
    for demand in demands():
        for subject in subjects(profile, demand.about, demand.role):
            yield name_of(demand.item, subject)


def check_names_of(profile: Profile, machine: str) -> Iterator[str]:
    """Those that are asked of one machine; what concerns the site is the first one's."""
    one = profile.machine(machine)
    part = profile.part_of(one)
    for demand in demands():
        if demand.about is not About.SITE or one == profile.machines[0]:
            for subject in subjects(part, demand.about, demand.role):
                yield name_of(demand.item, subject)


def shown_before(folder: EvidenceFolder) -> tuple[dict[str, Finding], tuple[str, ...]]:
    """Findings of earlier runs that may be kept, by name, and files that were changed since.

    A finding is kept when it says 是 or 不适用 and the seal covers it as it is: what somebody
    has written into the folder is looked at again, not believed.
    """
    if not (folder.path / MANIFEST).is_file():
        return {}, ()
    seen = inspect(folder.path)
    changed = tuple(fault.file for fault in seen.faults)
    if MANIFEST in changed:
        return {}, changed
    kept = {}
    for finding in folder.findings():
        if finding.verdict in SETTLED and f"{FINDINGS}/{finding.name}.json" not in changed:
            kept[finding.name] = finding
    return kept, changed
