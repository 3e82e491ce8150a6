"""The HJ 212 frame codec: exact bytes, field captures, hostile streams."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.runtime.uplink.frame import (
    CrcFault,
    Frame,
    FrameDecoder,
    FrameFault,
    HeaderFault,
    LengthFault,
    StructureFault,
    crc16,
    decode,
    encode,
)

ANNEX_A = (
    b"##0101QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;"
    b"Flag=5;CP=&&RtdInterval=30&&1C80\r\n"
)
ANSWER = (
    b"##0087QN=20160801085857534;ST=91;CN=9014;PW=123456;MN=010000A8900016F000169DC0;"
    b"Flag=4;CP=&&&&5B40\r\n"
)
GATE = (
    "QN=20231116114325977;ST=31;CN=60001;MN=9151011239691383331;DATE=20231116114320;"
    "F_JCWZ=模拟入口;F_CPHM=闽PA0001;F_CPYS=蓝牌;F_JCLX=进;Flag=5;CP=&&;RtdInterval=30&&"
)
README_SAMPLE = (
    "ST=32;CN=2011;PW=123456;MN=LD130133000015;CP=&&DataTime=20160824003817;B01-Rtd=36.91;"
    "011-Rtd=231.0,011-Flag=N;060-Rtd=1.803,060-Flag=N&&"
)


def frames(events: list[Frame | FrameFault]) -> list[Frame]:
    return [event for event in events if isinstance(event, Frame)]


def faults(events: list[Frame | FrameFault]) -> list[FrameFault]:
    return [event for event in events if isinstance(event, FrameFault)]


def slow_crc(data: bytes) -> int:
    """Annex A word for word."""
    r = 0xFFFF
    for byte in data:
        r = (r >> 8) ^ byte
        for _ in range(8):
            low = r & 1
            r >>= 1
            if low:
                r ^= 0xA001
    return r


class TestCrc:
    """The CRC is annex A's, not Modbus."""

    def test_annex_a_gives_1c80(self) -> None:
        assert crc16(ANNEX_A[6:-6]) == 0x1C80

    def test_the_copied_readme_sample_gives_3c00_and_not_4980(self) -> None:
        assert crc16(README_SAMPLE.encode()) == 0x3C00

    def test_the_gate_message_of_the_field_gives_0f00(self) -> None:
        assert crc16(GATE.encode()) == 0x0F00

    @given(st.binary(max_size=200) | st.binary(min_size=16, max_size=64))
    def test_the_table_equals_annex_a_word_for_word(self, data: bytes) -> None:
        assert crc16(data) == slow_crc(data)


class TestEncode:
    """Frames as they go out."""

    def test_annex_a_is_encoded_to_its_exact_bytes(self) -> None:
        assert encode(ANNEX_A[6:-6].decode()) == ANNEX_A

    def test_the_length_counts_bytes_of_utf_8(self) -> None:
        assert encode(GATE) == b"##0170" + GATE.encode() + b"0F00\r\n"

    def test_a_crc_can_be_given_as_a_constant(self) -> None:
        assert encode(GATE, crc="A9C1").endswith(b"RtdInterval=30&&A9C1\r\n")

    def test_a_crc_keeps_its_leading_zeros(self) -> None:
        data = ANNEX_A[6:-6].decode().replace("RtdInterval=30", "RtdInterval=5")
        assert encode(data).endswith(b"&&0CC0\r\n")

    def test_the_length_grows_beyond_four_digits_for_a_photo(self) -> None:
        photo = "QN=1;F_JCZP=" + "A" * 400_000 + ";CP=&&&&"
        raw = encode(photo)
        assert raw.startswith(b"##400020QN=1;")
        assert decode(raw).data == photo


class TestDecode:
    """What one frame says, or what is wrong with it."""

    def test_pairs_are_split_before_and_inside_cp(self) -> None:
        frame = decode(ANNEX_A)
        assert frame.get("QN") == "20160801085857223"
        assert frame.parameter("RtdInterval") == "30"
        assert frame.get("RtdInterval") is None

    def test_the_literal_body_has_its_fields_at_the_top_level(self) -> None:
        frame = decode(encode(GATE))
        assert frame.get("F_CPHM") == "闽PA0001"
        assert frame.parameter("RtdInterval") == "30"

    def test_a_value_may_hold_an_equals_sign(self) -> None:
        assert decode(encode("F_JCZP=QUI=;CP=&&&&")).get("F_JCZP") == "QUI="

    def test_a_length_in_characters_is_accepted(self) -> None:
        raw = f"##{len(GATE):04d}{GATE}0F00\r\n".encode()
        assert decode(raw).data == GATE

    def test_a_crc_in_lower_case_is_accepted(self) -> None:
        assert decode(ANNEX_A.replace(b"1C80", b"1c80")).raw.endswith(b"1c80")

    @pytest.mark.parametrize("tail", [b"", b"\r", b"\n", b"\r\n"])
    def test_the_end_of_line_may_be_missing(self, tail: bytes) -> None:
        assert decode(ANNEX_A.removesuffix(b"\r\n") + tail).get("CN") == "1062"

    @pytest.mark.parametrize("crc", [b"801C", b"0759", b"FFFF", b"A9C1"])
    def test_swapped_modbus_and_constant_crcs_are_refused(self, crc: bytes) -> None:
        with pytest.raises(CrcFault, match="where 1C80 is right"):
            decode(ANNEX_A.replace(b"1C80", crc))

    def test_a_crc_without_its_leading_zero_is_refused(self) -> None:
        with pytest.raises(CrcFault, match="3 digits instead of 4"):
            decode(ANNEX_A.replace(b"1C80", b"C80"))

    @pytest.mark.parametrize("length", [b"0100", b"0102", b"0215"])
    def test_a_wrong_length_is_refused(self, length: bytes) -> None:
        with pytest.raises(LengthFault, match="is not that of the 105 bytes that came"):
            decode(ANNEX_A.replace(b"0101", length))

    def test_a_length_beyond_the_limit_is_refused_at_once(self) -> None:
        with pytest.raises(LengthFault, match="length 9999 is beyond 1000"):
            decode(b"##9999QN=1", max_segment=1000)

    def test_half_a_frame_is_not_complete(self) -> None:
        with pytest.raises(LengthFault, match="is not that of the 54 bytes"):
            decode(ANNEX_A[:60])

    @pytest.mark.parametrize("header", [b"##101", b"##01A1", b"##00101", b"##", b"##0101;", b""])
    def test_a_malformed_header_is_refused(self, header: bytes) -> None:
        with pytest.raises(HeaderFault):
            decode(ANNEX_A.replace(b"##0101", header))

    @pytest.mark.parametrize(
        ("segment", "sentence"),
        [
            (b"QN=1;CP=&&A=1", "not closed"),
            (b"QN=1;ST=2", "no CP"),
            (b"QN=1;ST;CP=&&&&", "no NAME=value pair"),
            (b"QN=1;A=\xc3\xf7;CP=&&&&", "not UTF-8"),
        ],
    )
    def test_a_broken_structure_is_refused_though_its_crc_is_right(
        self, segment: bytes, sentence: str
    ) -> None:
        raw = b"##%04d%s%04X\r\n" % (len(segment), segment, crc16(segment))
        with pytest.raises(StructureFault, match=sentence):
            decode(raw)


class TestStream:
    """Streams as TCP and bad peers deliver them."""

    def test_sticky_frames_are_told_apart(self) -> None:
        events = FrameDecoder().feed(ANNEX_A + ANSWER)
        assert [frame.get("CN") for frame in frames(events)] == ["1062", "9014"]
        assert faults(events) == []

    def test_garbage_before_a_frame_is_one_fault(self) -> None:
        events = FrameDecoder().feed(b"xx#\0abc##12####ab" + ANNEX_A)
        assert [type(event) for event in events] == [HeaderFault, Frame]

    def test_a_cut_frame_is_dropped_and_the_good_one_behind_it_is_kept(self) -> None:
        decoder = FrameDecoder()
        events = decoder.feed(ANNEX_A[:40] + ANSWER[:20])
        events += decoder.feed(ANSWER[20:])
        assert [type(event) for event in events] == [LengthFault, Frame]

    def test_a_good_frame_behind_a_cut_one_is_found_without_waiting_for_an_end_of_line(
        self,
    ) -> None:
        events = FrameDecoder().feed(ANNEX_A[:40] + ANSWER.removesuffix(b"\r\n"))
        assert [type(event) for event in events] == [LengthFault, Frame]

    def test_a_crc_found_wrong_is_not_computed_again_for_every_byte_that_follows(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        computed = []

        def counted(data: bytes) -> int:
            computed.append(len(data))
            return crc16(data)

        monkeypatch.setattr("appliance.runtime.uplink.frame.crc16", counted)
        decoder = FrameDecoder()
        decoder.feed(ANNEX_A.removesuffix(b"1C80\r\n") + b"1C81")
        for _ in range(1000):
            decoder.feed(b"x")
        assert computed == [101]

    def test_a_photo_frame_cut_short_does_not_swallow_what_follows(self) -> None:
        decoder = FrameDecoder()
        photo = encode("QN=1;F_JCZP=" + "A" * 400_000 + ";CP=&&&&")
        assert decoder.feed(photo[:5000]) == []
        assert len(frames(decoder.feed(ANSWER))) == 1

    def test_an_endless_stream_of_garbage_is_not_kept(self) -> None:
        decoder = FrameDecoder(max_segment=1000)
        for _ in range(100):
            decoder.feed(b"#9" * 5_000 + b"##0999QN=" + b"\xff" * 50_000)
        assert decoder.pending <= 1000 + 20

    @given(st.lists(st.binary(max_size=60), max_size=8))
    def test_hostile_bytes_never_raise_and_a_later_frame_is_found(
        self, pieces: list[bytes]
    ) -> None:
        decoder = FrameDecoder(max_segment=200)
        for piece in pieces:
            decoder.feed(piece)
        found = frames(decoder.feed(b"\r\n" + ANSWER + ANSWER))
        assert found[-1].get("QN") == "20160801085857534"

    @given(
        st.lists(st.sampled_from([b"##", b"0101", b"QN=1;", ANNEX_A, ANSWER, b"\r", b"#"])),
        st.integers(1, 40),
    )
    def test_how_a_stream_is_cut_does_not_change_its_frames(
        self, pieces: list[bytes], step: int
    ) -> None:
        stream = b"".join(pieces) + b"\r\n"
        decoder = FrameDecoder()
        cut = [
            event
            for at in range(0, len(stream), step)
            for event in decoder.feed(stream[at : at + step])
        ]
        whole = FrameDecoder().feed(stream)
        assert frames(cut) == frames(whole)
        assert [type(fault) for fault in faults(cut)] == [type(fault) for fault in faults(whole)]

    text = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters=";&#=\n\r"))
    names = st.from_regex(r"[A-Z][A-Za-z0-9_]{0,8}", fullmatch=True).filter(lambda n: n != "CP")

    @given(st.lists(st.tuples(names, text), min_size=1), st.integers(1, 50))
    def test_what_is_encoded_comes_back_however_it_is_cut(
        self, pairs: list[tuple[str, str]], step: int
    ) -> None:
        head = ";".join(f"{name}={value}" for name, value in pairs)
        raw = encode(head + ";CP=&&&&")
        decoder = FrameDecoder()
        events = [
            event for at in range(0, len(raw), step) for event in decoder.feed(raw[at : at + step])
        ]
        assert [frame.head for frame in frames(events)] == [tuple(pairs)]
        assert faults(events) == []


VECTORS = Path(__file__).parents[3] / "shared" / "data" / "hj212_vectors.tsv"


@dataclass(frozen=True)
class Vector:
    line: int
    raw: bytes
    verdict: str
    note: str


def unescape(text: str) -> bytes:
    marks = {r"\r": b"\r", r"\n": b"\n", r"\0": b"\0"}
    parts = re.split(r"(\\r|\\n|\\0|\\x[0-9A-Fa-f]{2})", text)
    return b"".join(
        marks.get(part) or (bytes.fromhex(part[2:]) if part[:2] == r"\x" else part.encode())
        for part in parts
    )


def read_vectors() -> list[Vector]:
    if not VECTORS.exists():
        return []
    first, *rows = VECTORS.read_text(encoding="utf-8").splitlines()
    columns = first.split("\t")
    found = []
    for number, row in enumerate(rows, start=2):
        cells = dict(zip(columns, row.split("\t"), strict=False))
        raw = unescape(cells["message"])
        derived = cells["source"] == "derived"
        raw += b"" if derived else b"\r\n"
        found.append(Vector(number, raw, cells["verdict"], cells["note"]))
    return found


# What a decoder owes to the derived vectors whose verdict needs their note.
BY_NOTE: dict[str, tuple[int, type[FrameFault] | None]] = {
    "sticky:": (2, None),
    "half packet": (0, None),
    "half packet cut between CR and LF": (1, None),
    "leading garbage": (1, HeaderFault),
    "false ##": (1, HeaderFault),
    "truncated frame": (1, LengthFault),
    "no tail at all": (2, None),
    "length un-padded": (0, HeaderFault),
    "gate data, length = number of characters": (1, None),
    "CRC printed without leading zero": (0, CrcFault),
}


def owed(vector: Vector) -> tuple[int, type[FrameFault] | None]:
    by_note = [note for note in BY_NOTE if vector.note.startswith(note)]
    if by_note:
        return BY_NOTE[max(by_note, key=len)]
    verdict = vector.verdict.removeprefix("derived: ")
    if verdict.startswith("valid"):
        return 1, None
    if verdict.startswith("bad length"):
        return 0, LengthFault
    if verdict.startswith("bad crc"):
        return 0, CrcFault
    assert verdict == "malformed header"
    return 0, HeaderFault


@pytest.mark.shared
def test_every_collected_message_gets_its_verdict() -> None:
    vectors = read_vectors()
    if not vectors:
        pytest.skip("the collected messages are not beside the clone")
    wrong = []
    for vector in vectors:
        for step in (len(vector.raw), 1):
            decoder = FrameDecoder()
            events = [
                event
                for at in range(0, len(vector.raw), step)
                for event in decoder.feed(vector.raw[at : at + step])
            ]
            count, fault = owed(vector)
            got = len(frames(events)), [type(f) for f in faults(events)]
            if got != (count, [fault] if fault else []):
                wrong.append((vector.line, vector.verdict, vector.note, got))
    assert wrong == []
    assert len(vectors) == 134


class TestUncheckedLength:
    """Where nobody counts, a frame goes to its end of line, and a right length still ends it."""

    FIELD = b"##0325" + GATE.encode() + b"A9C1\r\n"

    def decoder(self, **choices: bool) -> FrameDecoder:
        return FrameDecoder(check_length=False, **choices)

    @pytest.mark.parametrize("step", [1, 7, 64, 1000])
    def test_frames_of_the_field_come_out_whole_however_they_are_cut(self, step: int) -> None:
        decoder = self.decoder(check_crc=False)
        stream = self.FIELD * 2 + ANSWER + self.FIELD
        events = [e for at in range(0, len(stream), step) for e in decoder.feed(stream[at:][:step])]
        assert [type(event) for event in events] == [Frame] * 4
        assert frames(events)[0].data == GATE
        assert decoder.pending == 0

    def test_a_right_length_needs_no_end_of_line(self) -> None:
        whole = encode(GATE).rstrip(b"\r\n")
        assert [frame.data for frame in frames(self.decoder(check_crc=False).feed(whole))] == [GATE]

    def test_the_crc_may_be_checked_all_the_same(self) -> None:
        right = b"##0325" + GATE.encode() + b"0F00\r\n"
        assert [type(event) for event in self.decoder().feed(right)] == [Frame]
        assert not frames(self.decoder().feed(self.FIELD))

    def test_a_frame_without_an_end_is_not_held_for_ever(self) -> None:
        decoder = FrameDecoder(check_length=False, check_crc=False, max_segment=1000)
        events = decoder.feed(b"##0325QN=" + b"A" * 5000)
        assert faults(events)
        assert decoder.pending <= 1010


@given(st.binary(max_size=300))
def test_garbage_never_raises_where_no_length_is_checked(data: bytes) -> None:
    decoder = FrameDecoder(check_length=False, check_crc=False, max_segment=100)
    decoder.feed(data + b"##0325" + data + b"\r\n")
