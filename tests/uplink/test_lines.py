"""`gatehouse hj212 decode` and `encode`: messages as lines of text."""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.runtime.uplink.frame import encode
from appliance.runtime.uplink.lines import (
    LinesFault,
    decode_lines,
    decoded,
    encode_lines,
    encoded,
    read_lines,
    segment_of,
    unescaped,
)

VECTORS = Path(__file__).parents[3] / "shared" / "data" / "hj212_vectors.tsv"
ANNEX_A = (
    b"##0101QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;"
    b"Flag=5;CP=&&RtdInterval=30&&1C80"
)
ANNEX_A_FIELDS = {
    "QN": "20160801085857223",
    "ST": "32",
    "CN": "1062",
    "PW": "100000",
    "MN": "010000A8900016F000169DC0",
    "Flag": "5",
    "CP": "&&",
    "RtdInterval": "30",
}
GATE = (
    "QN=20231116114325977;ST=31;CN=60001;MN=9151011239691383331;F_JCWZ=模拟入口;"
    "Flag=5;CP=&&;RtdInterval=30&&"
)


def of(line: bytes | str) -> dict[str, Any]:
    return decoded(line.encode() if isinstance(line, str) else line)


def test_a_sound_message_is_told_with_the_fields_inside_cp_behind_cp() -> None:
    said = of(ANNEX_A)
    assert said == {"ok": True, "fault": None, "fields": ANNEX_A_FIELDS}
    assert list(said["fields"]) == list(ANNEX_A_FIELDS)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (ANNEX_A.replace(b"##", b"#"), "header"),
        (ANNEX_A.replace(b"##0101", b"##101"), "header"),
        (b"hello", "header"),
        (ANNEX_A.replace(b"0101", b"0100"), "length"),
        (ANNEX_A[:60], "length"),
        (ANNEX_A.replace(b"0101", b"0100").replace(b"1C80", b"FFFF"), "length"),
        (ANNEX_A.replace(b"1C80", b"FFFF"), "crc"),
        (ANNEX_A.replace(b"1C80", b""), "crc"),
        (encode("QN=1;ST=2"), "structure"),
        (encode("QN=1;CN;CP=&&&&"), "structure"),
    ],
)
def test_a_message_with_several_faults_is_told_the_first_of_header_length_crc_structure(
    line: bytes, fault: str
) -> None:
    said = of(line.rstrip())
    assert (said["ok"], said["fault"]) == (False, fault)


def test_fields_of_a_faulty_message_are_told_as_far_as_they_go() -> None:
    wrong = of(ANNEX_A.replace(b"1C80", b"1C81"))
    assert wrong["fields"] == ANNEX_A_FIELDS
    cut = of(ANNEX_A[:60])
    assert cut["fields"] == {**dict(list(ANNEX_A_FIELDS.items())[:4]), "MN": "010000"}


def test_length_in_characters_and_crc_in_small_letters_are_right() -> None:
    raw = encode(GATE).decode()
    characters = raw.replace(f"##{len(GATE.encode()):04}", f"##{len(GATE):04}")
    assert characters != raw
    assert of(characters.strip())["ok"]
    assert of(ANNEX_A[:-4] + b"1c80")["ok"]


def test_escapes_stand_for_their_bytes() -> None:
    assert unescaped(rb"a\r\n\0\xE4\xb8\xad\q\xZZ") == b"a\r\n\0\xe4\xb8\xad\\q\\xZZ"
    assert of(ANNEX_A + rb"\r\n")["ok"]


def test_garbage_and_a_cut_message_before_a_sound_one_are_passed_over_as_on_the_link() -> None:
    assert of(rb"xx#\0abc" + ANNEX_A + rb"\r\n") == of(ANNEX_A)
    assert of(b"##0101QN=2016" + ANNEX_A) == of(ANNEX_A)


def test_a_comma_parts_the_items_of_one_pollutant_and_no_other_text() -> None:
    said = of(encode("QN=1;CP=&&w01018-Rtd=1.5,w01018-Flag=N;A=x,y;001-Rtd=2,001-Flag=N&&").strip())
    assert said["fields"] == {
        "QN": "1",
        "CP": "&&",
        "w01018-Rtd": "1.5",
        "w01018-Flag": "N",
        "A": "x,y",
        "001-Rtd": "2",
        "001-Flag": "N",
    }


def fields_line(fields: dict[str, Any]) -> bytes:
    return json.dumps({"fields": fields}).encode()


def test_what_was_decoded_is_encoded_to_the_same_bytes() -> None:
    for raw in (ANNEX_A, encode(GATE).strip(), b"##0000FFFF"):
        assert encoded(json.dumps(of(raw)).encode()) == raw


def test_without_cp_only_the_names_of_hj_212_stand_before_it() -> None:
    assert segment_of({"A": "1", "QN": "2", "Flag": "5"}) == "QN=2;Flag=5;CP=&&A=1&&"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        b'{"fields": 1}',
        b'{"fields": {"A": null}}',
        b'{"fields": {"A": 1.5}}',
        b'{"fields": {"A": "\\ud800"}}',
        b"[" * 100_000,
        fields_line({"A": "1;B=2"}),
        fields_line({"A": "1\r\n2"}),
        fields_line({"A=": "1"}),
        fields_line({"A": "1&&2"}),
        fields_line({"A": "\\0"}),  # would be read from a log as another value
        b"\xff",
    ],
)
def test_what_cannot_become_a_frame_is_refused_with_the_number_of_its_line(line: bytes) -> None:
    source = io.BytesIO(b'{"fields": {"QN": "1"}}\n' + (line or b"x") + b"\n")
    made = encode_lines(source)
    assert next(made) == encode("QN=1;CP=&&&&").strip()
    with pytest.raises(LinesFault, match="第 2 行编不成报文"):
        next(made)


names = st.from_regex(r"[A-Z][A-Za-z0-9_]{0,8}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters=";&#=,\\"))


@given(st.dictionaries(names.filter(lambda name: name != "CP"), texts), st.booleans())
def test_any_fields_come_back_from_their_frame(fields: dict[str, str], has_cp: bool) -> None:
    given_fields = fields | ({"CP": "&&"} if has_cp else {})
    assert {"CP": "&&"} | of(encoded(fields_line(given_fields)))["fields"] == {
        "CP": "&&"
    } | given_fields


def test_a_line_longer_than_any_message_is_told_by_its_beginning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("appliance.runtime.uplink.lines._LONGEST_LINE", 200)
    source = io.BytesIO(b"#" * 1_000_000 + b"\n" + ANNEX_A + b"\n")
    assert [len(line) for line in read_lines(source)] == [200, len(ANNEX_A)]


def test_empty_lines_are_passed_over() -> None:
    assert list(decode_lines(io.BytesIO(b"\n" + ANNEX_A + b"\r\n\n"))) == [of(ANNEX_A)]


# One fault of a verdict that names several: the first that a reader comes to.
def owed(verdict: str, note: str) -> str | None:
    said = verdict.removeprefix("derived: ")
    if said == "see note":  # those that resynchronise give the sound frame, as on the link
        return "header" if note.startswith("length un-padded") else None
    if said.startswith("bad length") and note.startswith(
        "gate data, length = number of characters"
    ):
        return None  # right in characters
    kinds = {"valid": None, "malformed header": "header", "bad length": "length"}
    return kinds.get(said.split(";")[0], "crc")


@pytest.mark.shared
def test_every_collected_message_gets_its_verdict_and_is_encoded_again() -> None:
    if not VECTORS.exists():
        pytest.skip("the collected messages are not beside the clone")
    first, *rows = VECTORS.read_text(encoding="utf-8").splitlines()
    columns = first.split("\t")
    wrong, same = [], 0
    for number, row in enumerate(rows, start=2):
        cells = dict(zip(columns, row.split("\t"), strict=False))
        said = of(cells["message"])
        fault = owed(cells["verdict"], cells["note"])
        if (said["ok"], said["fault"]) != (fault is None, fault):
            wrong.append((number, cells["verdict"], cells["note"], said))
        if said["ok"]:
            again = encoded(json.dumps(said).encode())
            assert of(again) == said
            same += again.lower() in unescaped(cells["message"].encode()).lower()
    assert wrong == []
    assert len(rows) == 134
    # The five others hold a name twice, a stray comma, or a length in characters.
    assert same == 98


def gatehouse(*words: str, given_input: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "appliance", "hj212", *words]
    return subprocess.run(command, input=given_input, capture_output=True, check=False)


@pytest.mark.slow
def test_the_commands_read_a_file_or_the_input_and_undo_each_other(tmp_path: Path) -> None:
    messages = tmp_path / "messages.txt"
    messages.write_bytes(ANNEX_A + b"\\r\\n\nhello\n" + encode(GATE))
    told = gatehouse("decode", str(messages))
    assert told.returncode == 0
    lines = told.stdout.splitlines()
    assert [json.loads(line)["ok"] for line in lines] == [True, False, True]
    again = gatehouse("encode", given_input=lines[0] + b"\n" + lines[2] + b"\n")
    assert (again.returncode, again.stdout) == (0, ANNEX_A + b"\n" + encode(GATE).strip() + b"\n")
    assert gatehouse("decode", "-", given_input=ANNEX_A).stdout.splitlines() == lines[:1]


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["decode", "encode"])
def test_a_file_that_cannot_be_read_is_one_sentence_and_exit_code_2(
    verb: str, tmp_path: Path
) -> None:
    for path in (tmp_path / "absent", tmp_path):
        answer = gatehouse(verb, str(path))
        assert (answer.returncode, answer.stdout) == (2, b"")
        assert answer.stderr.decode().startswith(f"读不了文件 {path}：")
        assert len(answer.stderr.decode().splitlines()) == 1


@pytest.mark.slow
def test_the_constants_of_the_field_are_right_where_they_are_asked_for() -> None:
    field = b"##0325" + GATE.encode() + b"A9C1"
    assert json.loads(gatehouse("decode", "-", given_input=field).stdout)["fault"] == "length"
    constants = ("--length-field", "constant", "--crc", "constant")
    said = gatehouse("decode", "-", *constants, given_input=field).stdout
    assert json.loads(said)["ok"]
    assert gatehouse("encode", *constants, given_input=said).stdout.rstrip() == field
    computed = encode(GATE)
    told = gatehouse("decode", "-", "--length-field", "constant", given_input=computed).stdout
    assert json.loads(told)["fault"] == "length"
    told = gatehouse("decode", "-", "--crc", "constant", given_input=computed).stdout
    assert json.loads(told)["fault"] == "crc"
