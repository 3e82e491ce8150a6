"""What runs in a tree is apart from this machine, and leaves nothing on it."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.imaging.chroot import APART, run_inside
from appliance.trouble import Trouble

HERE = Path("/")  # this machine's own tree will do: nothing in it is touched

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0
    or subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode
    != 0,
    reason="namespaces take root on a machine of one's own",
)


def inside(*words: str, **options: object) -> str:
    return run_inside(HERE, words, 1_795_570_506, **options)  # type: ignore[arg-type]


def test_there_is_no_network_but_a_loopback_that_is_down() -> None:
    names = [line.split(":")[0].strip() for line in inside("cat", "/proc/net/dev").splitlines()[2:]]
    assert [name for name in names if not name.startswith(("ifb", "dummy"))] == ["lo"]


def test_programs_see_the_locks_date_and_that_they_are_in_a_chroot() -> None:
    told = dict(line.split("=", 1) for line in inside("env").splitlines())
    assert told["SOURCE_DATE_EPOCH"] == "1795570506"
    assert {"debian_chroot", "SYSTEMD_OFFLINE"} <= told.keys()
    assert not {"PYTHONPATH", "http_proxy", "LANG"} & told.keys()


def test_a_new_host_name_and_what_is_written_to_run_stay_inside() -> None:
    before = socket.gethostname()
    inside("hostname", "gate-in-the-making")
    inside("touch", "/run/gatehouse-left-behind")
    assert socket.gethostname() == before
    assert not Path("/run/gatehouse-left-behind").exists()


def test_a_failure_is_told_with_the_programs_last_lines(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match=r"locale 在镜像中失败：\n.*nowhere"):
        inside("ls", "/nowhere", log=tmp_path / "log", what="locale")
    assert "nowhere" in (tmp_path / "log").read_text("utf-8")


def test_a_build_that_is_killed_leaves_no_mount_behind(tmp_path: Path) -> None:
    before = Path("/proc/self/mountinfo").read_text()
    code = "import subprocess, sys; subprocess.run(sys.argv[1:])"
    mount = f"mount -t tmpfs none {tmp_path} && touch {tmp_path}/mounted && echo ready && sleep 20"
    with subprocess.Popen(
        [sys.executable, "-c", code, *APART, "sh", "-c", mount], stdout=subprocess.PIPE
    ) as build:
        assert build.stdout is not None
        assert build.stdout.readline() == b"ready\n"
        build.kill()
    assert Path("/proc/self/mountinfo").read_text() == before
    assert not list(tmp_path.iterdir())
