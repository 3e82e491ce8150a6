"""What peers sent, or might: the corpus of hostile bytes, whole and cut in every way.

A file of `corpus/` that once broke something stays there for good.
"""

import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.runtime.uplink.frame import FrameDecoder, encode
from appliance.runtime.uplink.lines import decoded
from appliance.runtime.uplink.replies import FORMS, Reply
from appliance.runtime.uplink.reply_reader import LONGEST_ANSWER_BYTES, ReplyReader

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*.bin"))
ANSWER = encode("QN=20231116114325977;ST=91;CN=9014;MN=1;Flag=4;CP=&&QnRtn=1&&")
# Some of it is taken for the beginning of a frame that is still to come.
UNTIL_NOTHING_IS_OPEN = b"\r\n" + ANSWER + ANSWER


def test_the_corpus_is_there() -> None:
    assert len(CORPUS) > 20


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
@pytest.mark.parametrize("step", [1, 7, 1000, 1_000_000])
def test_hostile_bytes_never_raise_are_not_kept_and_a_later_answer_is_heard(
    path: Path, step: int
) -> None:
    data = path.read_bytes()
    if step == 1:
        data = data[:5_000]
    reader = ReplyReader(FORMS["tolerant"])
    for at in range(0, len(data), step):
        reader.feed(data[at : at + step])
        assert reader.pending <= 2 * LONGEST_ANSWER_BYTES + step
    reader.quiet()
    events = reader.feed(UNTIL_NOTHING_IS_OPEN)
    assert events[-1] == Reply("20231116114325977", 1)


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_hostile_bytes_do_not_break_the_decoder_or_the_command(path: Path) -> None:
    data = path.read_bytes()
    FrameDecoder(max_segment=1000).feed(data)
    for line in data.splitlines():
        json.dumps(decoded(line), ensure_ascii=False).encode()


pieces = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [b"##", b"#", b"##0001", b"1", b"\r\n", b"\r", b"{", b"}", ANSWER, ANSWER[:20]]
    ),
)


@given(st.lists(pieces, max_size=12), st.integers(1, 50))
@example([b"##", b"\0" * 14, b"0"], 16)
def test_how_a_stream_is_cut_does_not_change_its_replies(data: list[bytes], step: int) -> None:
    stream = b"".join(data) + UNTIL_NOTHING_IS_OPEN
    whole, cut = ReplyReader(FORMS["tolerant"]), ReplyReader(FORMS["tolerant"])
    expected = [event for event in whole.feed(stream) if isinstance(event, Reply)]
    got = [
        event
        for at in range(0, len(stream), step)
        for event in cut.feed(stream[at : at + step])
        if isinstance(event, Reply)
    ]
    assert got == expected
    assert got[-1] == Reply("20231116114325977", 1)


@given(st.binary(max_size=200))
def test_any_line_is_told_about(line: bytes) -> None:
    said = decoded(line)
    assert said["ok"] == (said["fault"] is None)
    assert all(isinstance(value, str) for value in said["fields"].values())
