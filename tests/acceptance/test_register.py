"""The clause register: complete, joined without loose ends, and printed in the docs."""

import ast
import re
from pathlib import Path

import pytest

from acceptance_kit.checks import FOLDER, demands
from acceptance_kit.conformance import page
from acceptance_kit.findings import ITEM
from acceptance_kit.questions import questions
from acceptance_kit.register import clause_of, clauses, proofs, register

ROOT = Path(__file__).parents[2]
GUIDE = ROOT.parent / "shared" / "guide" / "clauses.md"


@pytest.mark.shared
def test_no_demand_of_the_guideline_is_missing_and_none_is_invented() -> None:
    if not GUIDE.is_file():
        pytest.skip(f"no {GUIDE}")
    rows = re.findall(r"^\| (\d[^|]*?) \|", GUIDE.read_text("utf-8"), re.MULTILINE)
    assert [clause.id for clause in clauses()] == rows


def test_every_demand_is_proved_or_asked_or_optional() -> None:
    bare = {
        entry.clause.id for entry in register() if not entry.proofs and not entry.clause.optional
    }
    assert bare == set()


def test_nothing_answers_for_a_demand_that_the_guideline_does_not_have() -> None:
    named = {name for proof in proofs() for name in proof.clauses}
    assert {clause_of(name).id for name in named} <= {clause.id for clause in clauses()}
    with pytest.raises(KeyError):
        clause_of("4.1-7")


def test_a_demand_that_stands_for_several_is_found_by_each_of_them() -> None:
    assert clause_of("5.2-3") is clause_of("5.2-1…4")
    assert clause_of("8.2") is clause_of("8.1–3")


def test_every_proof_has_a_name_of_its_own() -> None:
    items = [proof.item for proof in proofs()]
    assert len(set(items)) == len(items)
    assert not [item for item in items if not ITEM.fullmatch(item)]


def test_every_proof_says_in_chinese_what_must_hold() -> None:
    for proof in proofs():
        assert re.search(r"[一-鿿]", proof.title), proof.item


def test_the_conformance_page_is_what_the_register_says() -> None:
    stale = "run: python -m acceptance_kit.conformance > docs/conformance.md"
    assert (ROOT / "docs/conformance.md").read_text("utf-8") == page(), stale


def test_a_check_asserts_with_a_chinese_sentence_and_never_by_testinfras_own_assertion() -> None:
    """testinfra's `check_output` asserts: an answer that did not come would be called 否."""
    for file in FOLDER.glob("*.py"):
        text = file.read_text("utf-8")
        assert "check_output" not in text, file.name
    for file in FOLDER.glob("check_*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Assert):
                assert node.msg is not None, f"{file.name}:{node.lineno} says no sentence"


def test_every_check_and_question_says_how_it_is_asked() -> None:
    assert all(demand.method for demand in demands())
    assert all(question.text.endswith("？") for question in questions())
