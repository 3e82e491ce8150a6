"""What answers for clauses: declared once, where it is done, and joined in the register."""

from dataclasses import dataclass
from datetime import datetime

from acceptance_kit.findings import KIT, Finding, Means, Verdict, name_of
from acceptance_kit.subjects import About, subjects
from appliance.profile.model import Profile


@dataclass(frozen=True, slots=True)
class Proof:
    """Something that answers for clauses: a check, a question, a drill, the trial, the records.

    `about` is what each of its findings is about.
    """

    item: str
    clauses: tuple[str, ...]
    title: str
    means: Means
    about: About = About.SITE

    def names(self, profile: Profile) -> tuple[str, ...]:
        """The names of its findings in a site."""
        return tuple(name_of(self.item, each) for each in subjects(profile, self.about))

    def untested(self, subject: str | None, why: str, at: datetime, method: str = "") -> Finding:
        """未检, with its reason."""
        return Finding(
            item=self.item,
            subject=subject,
            clauses=self.clauses,
            title=self.title,
            verdict=Verdict.UNTESTED,
            means=self.means,
            by=KIT,
            at=at,
            reason=why,
            method=method,
        )
