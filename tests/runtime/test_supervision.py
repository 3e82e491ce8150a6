"""The box under a real supervisord: each program once, back after a death, gone with it."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xmlrpc.client import ServerProxy

import pytest
from sites import DEMO, demo_profile, profile_file, secrets_folder
from supervisor.options import ServerOptions
from supervisor.xmlrpc import SupervisorTransport
from waiting import PATIENCE, free_port, until

from appliance.clock import SystemClock
from appliance.profile.model import Profile
from appliance.runtime.alone import AlreadyRunning, only_one
from appliance.runtime.journal import Journal
from appliance.runtime.supervised import supervised
from appliance.runtime.supervision import CRASHES, programs, write_configuration

COMMAND = (sys.executable, "-m", "appliance")


def written(folder: Path, root: Path) -> tuple[Profile, Path]:
    profile = demo_profile(
        root,
        network__status_page__address="127.0.0.1",
        network__status_page__port=free_port(),
        network__entry_page__port=free_port(),
        uplink__host="127.0.0.1",
        uplink__port=free_port(),
    )
    return profile, profile_file(folder, profile)


def pids(profile_path: Path, *words: str) -> list[int]:
    """Processes `gatehouse run WORDS --profile PROFILE_PATH`."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            line = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if str(profile_path) in line and all(word in line for word in ("run", *words)):
            found.append(int(entry.name))
    return found


def listening(profile: Profile) -> bool:
    page = profile.network.status_page
    with socket.socket() as probe:
        return probe.connect_ex((str(page.address), page.port)) == 0


@pytest.fixture
def box(tmp_path: Path) -> Iterator[tuple[Profile, Path, "subprocess.Popen[bytes]"]]:
    """A real `gatehouse up` whose lanes have no camera."""
    profile, path = written(tmp_path, tmp_path / "root")
    holders = (*profile.cameras, *profile.access.gatekeepers)
    secrets = secrets_folder(tmp_path / "secrets", {holder.password.name for holder in holders})
    process = subprocess.Popen(
        [*COMMAND, "up", str(path)],
        cwd=DEMO.parents[1],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"GATEHOUSE_SECRETS": str(secrets)},
        umask=0,
    )
    try:
        yield profile, path, process
    finally:
        process.terminate()
        process.wait(PATIENCE)
        until(lambda: not pids(path))


@pytest.mark.slow
def test_a_program_killed_under_supervisor_comes_back_and_a_killed_supervisor_leaves_none(
    box: tuple[Profile, Path, "subprocess.Popen[bytes]"],
) -> None:
    profile, path, supervisor = box
    root = Path(profile.storage.root)
    until(lambda: listening(profile))
    for words in (("web",), ("uplink",)):
        until(lambda words=words: len(pids(path, *words)) == 1)  # type: ignore[misc]
        (old,) = pids(path, *words)
        os.kill(old, signal.SIGKILL)
        until(lambda words=words, old=old: pids(path, *words) not in ([], [old]))  # type: ignore[misc]
    until(lambda: listening(profile))
    assert {folder.stat().st_mode & 0o777 for folder in (root, root / "run", root / "log")} == {
        0o750
    }
    assert (root / "run" / "supervisord.conf").stat().st_mode & 0o777 == 0o640
    assert (root / "run" / "web.lock").stat().st_mode & 0o007 == 0
    until(lambda: len(pids(path)) == len((CRASHES, *programs(profile))))
    supervisor.kill()
    until(lambda: not pids(path))


def runs(profile: Profile, program: str) -> bool:
    """Whether supervisor holds it for started: what dies before is told as one that would not
    start."""
    socket_file = f"unix://{profile.storage.root}/run/supervisor.sock"
    transport = SupervisorTransport(None, None, socket_file)
    with ServerProxy("http://127.0.0.1", transport) as box:
        state = box.supervisor.getProcessInfo(program)
    assert isinstance(state, dict)
    return state["statename"] == "RUNNING"


def crash_notes(profile: Profile) -> list[str]:
    with Journal.open(Path(profile.storage.root), SystemClock(), readonly=True) as journal:
        events = journal.latest_events(100)
    return [event.detail for event in events if event.kind == "program-crashed"]


@pytest.mark.slow
def test_a_program_that_is_killed_is_noted_in_the_journal_with_its_process(
    box: tuple[Profile, Path, "subprocess.Popen[bytes]"],
) -> None:
    profile, path, supervisor = box
    until(lambda: listening(profile))
    until(lambda: len(pids(path, "web")) == 1 and len(pids(path, "crashes")) == 1)
    until(lambda: runs(profile, "web") and runs(profile, "crashes"))
    (web,) = pids(path, "web")
    os.kill(web, signal.SIGKILL)
    until(lambda: bool(crash_notes(profile)))
    (told,) = crash_notes(profile)
    assert "程序 web " in told
    assert str(web) in told
    (listener,) = pids(path, "crashes")
    os.kill(listener, signal.SIGKILL)  # it comes back, and hears of itself and of the next
    until(lambda: pids(path, "crashes") not in ([], [listener]))
    until(lambda: len(pids(path, "uplink")) == 1 and runs(profile, "uplink"))
    os.kill(pids(path, "uplink")[0], signal.SIGKILL)
    until(lambda: "程序 uplink " in crash_notes(profile)[0])
    supervisor.terminate()
    supervisor.wait(PATIENCE)
    # A stop is no crash, of any of them.
    assert [note.split()[1] for note in crash_notes(profile)] == ["uplink", "crashes", "web"]


@pytest.mark.slow
def test_a_second_program_on_the_same_root_ends_with_a_sentence(tmp_path: Path) -> None:
    profile, path = written(tmp_path, tmp_path / "root")
    command = [*COMMAND, "run", "web", "--profile", str(path)]
    with subprocess.Popen(command, cwd=DEMO.parents[1], stderr=subprocess.DEVNULL) as first:
        try:
            until(lambda: listening(profile))
            second = subprocess.run(
                command, cwd=DEMO.parents[1], capture_output=True, text=True, check=False
            )
            assert second.returncode == 2
            assert len(second.stderr.splitlines()) == 1
            assert "web" in second.stderr
            assert str(first.pid) in second.stderr
            assert listening(profile)
        finally:
            first.terminate()


def test_a_part_is_free_again_when_its_holder_has_ended(tmp_path: Path) -> None:
    with (
        only_one(tmp_path, "web"),
        only_one(tmp_path, "uplink"),
        pytest.raises(AlreadyRunning, match=str(os.getpid())),
        only_one(tmp_path, "web"),
    ):
        pass
    with only_one(tmp_path, "web"):
        pass


@pytest.mark.slow
def test_a_lane_that_the_profile_does_not_have_leaves_no_lock(tmp_path: Path) -> None:
    _, path = written(tmp_path, tmp_path / "root")
    words = [*COMMAND, "run", "lane", "../../x", "--profile", str(path)]
    assert subprocess.run(words, capture_output=True, check=False).returncode == 2
    assert sorted(tmp_path.iterdir()) == [path]


class Waited:
    """A stop event that remembers how long it was waited for."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def wait(self, seconds: float) -> bool:
        self.seconds.append(seconds)
        return False


def test_an_early_failure_leaves_only_when_supervisor_counts_the_program_as_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(stop: Waited) -> None:
        with supervised(stop), pytest.raises(ZeroDivisionError):  # type: ignore[arg-type]
            raise ZeroDivisionError

    by_hand, under_supervisor = Waited(), Waited()
    monkeypatch.delenv("SUPERVISOR_ENABLED", raising=False)
    fail(by_hand)
    assert by_hand.seconds == []
    monkeypatch.setenv("SUPERVISOR_ENABLED", "1")
    monkeypatch.setattr("appliance.runtime.supervised.end_with_parent", lambda: None)
    fail(under_supervisor)
    assert len(under_supervisor.seconds) == 1
    assert under_supervisor.seconds[0] > 0


def test_a_program_whose_supervisor_is_gone_does_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPERVISOR_ENABLED", "1")
    monkeypatch.setenv("GATEHOUSE_SUPERVISOR_PID", "1234567890")
    monkeypatch.setattr("appliance.runtime.supervised.end_with_parent", lambda: None)
    with pytest.raises(SystemExit), supervised(Waited()):  # type: ignore[arg-type]
        pytest.fail("it ran")


def test_supervisor_reads_the_configuration_as_it_was_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEHOUSE_SECRETS", "do-not-tell")
    folder = tmp_path / "100%s sure"
    folder.mkdir()
    profile, path = written(folder, tmp_path / "50%(here)s")
    configuration = write_configuration(profile, path)
    assert "do-not-tell" not in configuration.read_text("utf-8")
    options = ServerOptions()
    options.realize(["-c", str(configuration)])
    read = [program for group in options.process_group_configs for program in group.process_configs]
    expected = {program.name for program in (CRASHES, *programs(profile))}
    assert {program.name for program in read} == expected
    for program in read:
        assert program.autostart
        assert program.autorestart.__name__ == "RestartUnconditionally"
        assert program.umask == 0o027
        assert str(path) in program.command
        own = program.stderr_logfile if program.name == "crashes" else program.stdout_logfile
        assert own == f"{profile.storage.root}/log/{program.name}.log"


def test_a_machine_runs_the_lanes_it_serves_and_no_others(tmp_path):
    machines = [{"name": "gate-in", "barriers": ["A01"]}, {"name": "gate-out", "barriers": ["A02"]}]
    profile = demo_profile(tmp_path, machines=machines)
    part = profile.part_of(profile.machine("gate-out"))
    assert [program.name for program in programs(part)] == [
        "lane-A02",
        "uplink",
        "web",
        "sweeper",
        "recorder",
        "entry",
    ]
    path = tmp_path / "site.yaml"
    text = write_configuration(part, path, "gate-out").read_text("utf-8")
    assert text.count("--machine gate-out") == len((CRASHES, *programs(part)))
