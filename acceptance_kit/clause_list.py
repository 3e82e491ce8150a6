"""The register as a list, with the verdicts of an acceptance where one is given."""

from dataclasses import dataclass
from pathlib import Path

from acceptance_kit.acceptance import PROFILE
from acceptance_kit.evidence import FILES, FINDINGS, EvidenceFolder
from acceptance_kit.findings import Finding, Verdict
from acceptance_kit.register import Entry, register, verdict
from appliance.profile.loading import load_profile
from appliance.trouble import Trouble


@dataclass(frozen=True, slots=True)
class Row:
    """A clause, and how it came out; `verdict` is None without an acceptance."""

    entry: Entry
    verdict: Verdict | None

    def as_dict(self) -> dict[str, object]:
        """For machines."""
        clause = self.entry.clause
        return {
            "id": clause.id,
            "zh": clause.zh,
            "en": clause.en,
            "covers": list(clause.covers),
            "optional": clause.optional,
            "proofs": [
                {"item": each.item, "means": each.means.value, "title": each.title}
                for each in self.entry.proofs
            ],
            "verdict": self.verdict and self.verdict.value,
        }

    def as_text(self) -> str:
        """A line of the clause, and an indented one for what answers for it."""
        clause = self.entry.clause
        found = f"{self.verdict}  " if self.verdict else ""
        how = "、".join(f"{each.means} {each.item}" for each in self.entry.proofs)
        off = f"选配，站点配置有 {clause.optional} 时适用" if clause.optional else ""
        return f"{found}{clause.id}  {clause.zh}\n    {'；'.join(filter(None, (off, how)))}"


def listed(folder: Path | None) -> tuple[Row, ...]:
    """Every clause; raises Trouble for a folder that is no acceptance."""
    if folder is None:
        return tuple(Row(entry, None) for entry in register())
    file = folder / FILES / PROFILE
    if not file.is_file() or not (folder / FINDINGS).is_dir():
        raise Trouble(f"{folder} 不是验收目录；请先运行 gatehouse accept。")
    profile = load_profile(file)
    findings: tuple[Finding, ...] = EvidenceFolder(folder).findings()
    return tuple(Row(each, verdict(each.clause, findings, profile)) for each in register())
