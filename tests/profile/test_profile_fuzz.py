"""Whatever lies in the file, a profile or faults come out, and nothing else."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.profile import ProfileFaults, format_faults, load_profile

GOOD = (Path(__file__).parents[2] / "site_profiles" / "demo.yaml").read_bytes()
FEW = settings(
    max_examples=120,
    # One file, written over.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
YAML_MARKS = st.text(alphabet="[]{}:-?,&*!|>'\"%@`#\\ \n\tab1~=<éü宁\ud800\u2028\x85", max_size=60)


def only_faults(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    try:
        load_profile(path)
    except ProfileFaults as error:
        faults = error.faults
    else:
        return  # the wound healed, or hit a comment
    assert faults
    assert all(fault.line >= 0 and fault.wrong and fault.allowed for fault in faults)
    format_faults(path, faults).encode("utf-8")


@FEW
@given(content=st.binary(max_size=300))
def test_random_bytes_make_faults_and_nothing_else(tmp_path, content):
    only_faults(tmp_path / "site.yaml", content)


@FEW
@given(text=YAML_MARKS)
def test_random_marks_of_yaml_make_faults_and_nothing_else(tmp_path, text):
    only_faults(tmp_path / "site.yaml", text.encode("utf-8", "surrogatepass"))


@FEW
@given(place=st.integers(0, len(GOOD)), cut=st.integers(0, 40), text=YAML_MARKS)
def test_a_good_profile_with_a_wound_makes_faults_and_nothing_else(tmp_path, place, cut, text):
    wound = text.encode("utf-8", "surrogatepass")
    only_faults(tmp_path / "site.yaml", GOOD[:place] + wound + GOOD[place + cut :])


@pytest.mark.slow
@FEW
@given(
    key=st.sampled_from([b"host: ", b"id: ", b"port: ", b"password: ", b"block:", b"root: "]),
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
        max_leaves=6,
    ),
)
def test_a_value_of_any_shape_makes_faults_and_nothing_else(tmp_path, key, value):
    written = repr(value).replace("None", "null").encode("utf-8", "surrogatepass")
    only_faults(tmp_path / "site.yaml", GOOD.replace(key, key + b" " + written + b" #"))
