"""The conformance page, made from the clause register: `python -m acceptance_kit.conformance`."""

import sys

from acceptance_kit.findings import Means
from acceptance_kit.register import Entry, register

HEAD = """\
# Conformance

<!-- Generated: python -m acceptance_kit.conformance > docs/conformance.md -->

Every demand of the guideline (宁夏, February 2025), and what answers for it when a site is accepted
([acceptance.md](acceptance.md)). `gatehouse clauses DIR` tells the verdict of each for one site. A
demand marked *optional* is off unless the site profile has that part.

| Clause | Demand | 要求 | Answered by |
|---|---|---|---|
"""
KINDS = {
    Means.CHECK: "check",
    Means.DRILL: "drill",
    Means.QUESTION: "question",
    Means.TRIAL: "trial",
    Means.RECORDS: "records",
}


def page() -> str:
    """The whole page."""
    return HEAD + "".join(_row(entry) for entry in register())


def _row(entry: Entry) -> str:
    clause = entry.clause
    how = "; ".join(f"{KINDS[proof.means]} `{proof.item}`" for proof in entry.proofs)
    if clause.optional is not None:
        how = f"*optional: `{clause.optional}`*" + (f"; {how}" if how else "")
    return f"| {clause.id} | {clause.en} | {clause.zh} | {how or '—'} |\n"


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr] # a real stdout here
    sys.stdout.write(page())
