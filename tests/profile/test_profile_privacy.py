"""Nothing that could be a password is ever printed, whatever is wrong with the file."""

import pytest

from appliance.profile import ProfileFaults, faults_as_json, format_faults, load_profile

HIDDEN = "Geheim2024"
SECRET = "!secret camera-a01"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (SECRET, HIDDEN),
        (SECRET, f'"{HIDDEN}"'),
        (SECRET, f"[{HIDDEN}]"),
        (SECRET, f"{{{HIDDEN}: {HIDDEN}}}"),
        (SECRET, f"{{name: {HIDDEN}}}"),
        (SECRET, f"!secret {HIDDEN}"),
        (SECRET, f"!secret [{HIDDEN}]"),
        (SECRET, f"!{HIDDEN}"),
        (SECRET, f"!{HIDDEN} x"),
        (SECRET, f"!!{HIDDEN} x"),
        (SECRET, f"*{HIDDEN}"),
        (SECRET, f"&{HIDDEN}"),
        (SECRET, f"@{HIDDEN}"),
        (SECRET, f"%{HIDDEN}"),
        (SECRET, f'"{HIDDEN}'),
        (SECRET, f"a: {HIDDEN}"),
        (f"password: {SECRET}", f"pasword: {HIDDEN}"),
        (f"password: {SECRET}", f"password:{HIDDEN}"),
        (f"password: {SECRET}", f"password：{HIDDEN}"),
        (f"password: {SECRET}", f"password {HIDDEN}"),
        (f"password: {SECRET}", f"  password {HIDDEN}{'x' * 20}"),
        (f"password: {SECRET}", f"password: {SECRET}\n    password: {HIDDEN}"),
        ("recognition:\n  reader: own", f"recognition: {{password:{HIDDEN}}}"),
        ("    - 甘D8M662", f"    - password:{HIDDEN}"),
        ("  - id: a01-plate", f"  - password={HIDDEN}\n  - id: a01-plate"),
        ("host: 127.0.0.1\n  port: 19212", f"host: rtsp://admin:{HIDDEN}@10.0.0.1\n  port: 19212"),
        ("name: 东门", f"name: !secret {HIDDEN}"),
    ],
)
def test_a_password_in_the_wrong_place_is_a_fault_that_does_not_repeat_it(good, tmp_path, old, new):
    path = tmp_path / "site.yaml"
    assert old in good
    path.write_text(good.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ProfileFaults) as caught:
        load_profile(path)
    error = caught.value
    chain = [error.__cause__, error.__context__]
    told = [format_faults(path, error.faults), faults_as_json(path, error.faults), repr(error)]
    for text in (*told, str(error), repr(chain)):
        assert HIDDEN not in text


def test_what_an_escape_could_do_to_the_terminal_is_written_out(good, check):
    _, faults = check(good.replace("name: 东门", r'"n\e[2J\u202Eame": "\e[2J"'))
    text = format_faults("site.yaml", faults)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert r"\x1b" in text


def test_a_long_value_is_shortened(good, check):
    _, faults = check(good.replace("name: 东门", f"name: {'长' * 500}"))
    assert all(len(fault.wrong) < 60 for fault in faults)
