"""A real ansible-playbook over a real ssh server: events, log, secrets, a cut in mid-run."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.profile.loading import load_profile
from appliance.provisioning.events import Ended, Event, LeftForHands, Result, Status
from appliance.provisioning.outcome import Outcome, summed_up
from appliance.provisioning.places import SiteState
from appliance.provisioning.playbook import Play, run_play
from appliance.provisioning.progress import closing_lines
from appliance.provisioning.reach import Account, choose_boxes, reaching
from appliance.provisioning.vault import Secrets

from .boxes import SshBox, machine, site_file, ssh_box

pytestmark = pytest.mark.slow

PASSWORD = '{{ 7 * 7 }} "geheim" \' 密码'


@pytest.fixture
def box(tmp_path: Path) -> Iterator[SshBox]:
    with ssh_box(tmp_path / "box") as box:
        yield box


def run(tmp_path: Path, box: SshBox, tasks: str, **more: object) -> Iterator[Event]:
    """The events of a playbook with these tasks on the box."""
    playbook = tmp_path / "play.yml"
    playbook.write_text(f"- hosts: gatehouse\n  gather_facts: false\n  tasks:\n{tasks}")
    site = site_file(tmp_path / "site", machine(box))
    boxes = choose_boxes(load_profile(site), host=None, machine=None, limit=())
    state = SiteState(tmp_path)
    with reaching(boxes, Account("root", box.key), state) as reach:
        play = Play(
            profile_file=site,
            reach=reach,
            secrets=Secrets({"camera": PASSWORD}),
            log=tmp_path / "log",
            playbook=playbook,
            **more,  # type: ignore[arg-type]
        )
        yield from run_play(play)


def outcome_of(tmp_path: Path, box: SshBox, tasks: str, **more: object) -> Outcome:
    return summed_up(["gate"], run(tmp_path, box, tasks, **more))


def test_a_change_is_told_with_the_file_it_was_made_in(tmp_path: Path, box: SshBox) -> None:
    tasks = f"""
    - name: Write the note
      ansible.builtin.copy: {{dest: {tmp_path}/note, content: "a", mode: "0600"}}
    """
    first = outcome_of(tmp_path, box, tasks)
    assert [c.places for c in first.machines["gate"].changes] == [(f"{tmp_path}/note",)]
    second = outcome_of(tmp_path, box, tasks)
    assert second.ok
    assert not second.machines["gate"].changes


def test_under_check_a_change_is_told_and_not_made(tmp_path: Path, box: SshBox) -> None:
    tasks = f"""
    - ansible.builtin.copy: {{dest: {tmp_path}/note, content: "a", mode: "0600"}}
    """
    outcome = outcome_of(tmp_path, box, tasks, check=True)
    assert len(outcome.machines["gate"].changes) == 1
    assert not (tmp_path / "note").exists()


def test_what_two_roles_leave_for_hands_is_kept_in_order(tmp_path: Path, box: SshBox) -> None:
    tasks = """
    - ansible.builtin.set_stats: {data: {gatehouse_hands: [没有 UPS]}, aggregate: true}
    - ansible.builtin.set_stats: {data: {gatehouse_hands: [磁盘不足 32 T]}, aggregate: true}
    """
    events = list(run(tmp_path, box, tasks))
    assert [e.sentences for e in events if isinstance(e, LeftForHands)] == [
        ("没有 UPS",),
        ("磁盘不足 32 T",),
    ]
    assert summed_up(["gate"], events).machines["gate"].hands == ["没有 UPS", "磁盘不足 32 T"]


def test_a_secret_arrives_whole_and_stands_in_no_log_argument_or_event(
    tmp_path: Path, box: SshBox
) -> None:
    tasks = f"""
    - name: Install the secret
      ansible.builtin.copy:
        content: "{{{{ gatehouse_secrets.camera }}}}"
        dest: {tmp_path}/secret
        mode: "0600"
      no_log: true
    - name: A careless task
      ansible.builtin.debug: {{msg: "{{{{ gatehouse_secrets.camera }}}}"}}
    - name: The arguments of every process
      ansible.builtin.shell: >-
        cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ >{tmp_path}/arguments || true
    """
    events = list(run(tmp_path, box, tasks))
    assert (tmp_path / "secret").read_text("utf-8") == PASSWORD
    log = (tmp_path / "log").read_text("utf-8")
    arguments = (tmp_path / "arguments").read_bytes().decode(errors="replace")
    # What is looked through is what it should be: all that was said, ansible-playbook's own words
    # and its environment.
    assert "A careless task" in log
    assert f"--inventory\0{tmp_path}" in arguments
    assert "GATEHOUSE_VARIABLES=" in arguments
    for needle in ("geheim", "7 * 7"):
        assert needle not in "\n".join(map(str, events))
        assert needle not in log
        assert needle not in arguments
    assert "gatehouse_secrets" not in arguments


def test_the_log_is_for_its_owner_only_and_holds_what_ansible_said(
    tmp_path: Path, box: SshBox
) -> None:
    (tmp_path / "log").touch(0o644)
    outcome_of(tmp_path, box, "    - {name: Say something, ansible.builtin.debug: {msg: hello}}\n")
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o600
    assert "hello" in (tmp_path / "log").read_text()


def test_a_failure_names_box_task_reason_and_what_to_do(tmp_path: Path, box: SshBox) -> None:
    tasks = """
    - {name: Ensure the impossible, ansible.builtin.fail: {msg: "No space left on device"}}
    """
    outcome = outcome_of(tmp_path, box, tasks)
    assert not outcome.ok
    boxes = choose_boxes(
        load_profile(tmp_path / "site" / "site.yaml"), host=None, machine=None, limit=()
    )
    told = "\n".join(closing_lines(outcome, boxes, "/log", check=False))
    for words in (
        "gate（127.0.0.1）",
        "Ensure the impossible",
        "No space left",
        "磁盘已满",
        "/log",
    ):
        assert words in told


def test_a_failure_that_the_role_catches_is_none(tmp_path: Path, box: SshBox) -> None:
    tasks = """
    - block: [{ansible.builtin.fail: {msg: not yet}}]
      rescue: [{ansible.builtin.debug: {msg: mended}}]
    """
    outcome = outcome_of(tmp_path, box, tasks)
    assert outcome.ok
    assert outcome.machines["gate"].fault is None


def test_a_playbook_that_does_not_start_is_no_success(tmp_path: Path, box: SshBox) -> None:
    outcome = outcome_of(tmp_path, box, "    - {no_such_module: {}}\n")
    assert not outcome.ok
    assert outcome.ended is not None
    assert any("no_such_module" in line for line in outcome.ended.lines)


def test_a_connection_cut_in_mid_run_is_said_plainly_and_a_second_run_finishes(
    tmp_path: Path,
) -> None:
    """The task kills the sshd that serves it, the way a pulled cable ends a session."""
    tasks = f"""
    - name: Write the first
      ansible.builtin.copy: {{dest: {tmp_path}/first, content: "a", mode: "0600"}}
    - name: Cut the line once
      ansible.builtin.raw: >-
        test -e {tmp_path}/cut ||
        {{ touch {tmp_path}/cut; kill -9 $PPID $(cat /proc/$PPID/stat | cut -d' ' -f4); }}
      changed_when: false
    - name: Write the last
      ansible.builtin.copy: {{dest: {tmp_path}/last, content: "b", mode: "0600"}}
    """
    with ssh_box(tmp_path / "box") as box:
        first = outcome_of(tmp_path, box, tasks)
    fault = first.machines["gate"].fault
    assert fault is not None
    assert fault.unreachable
    assert fault.task == "Cut the line once"
    assert not (tmp_path / "last").exists()
    with ssh_box(tmp_path / "box", port=box.port) as box:
        second = outcome_of(tmp_path, box, tasks)
    assert second.ok
    assert [c.places for c in second.machines["gate"].changes] == [(f"{tmp_path}/last",)]


def test_the_last_event_is_the_end_with_ansibles_own_exit_code(tmp_path: Path, box: SshBox) -> None:
    events = list(run(tmp_path, box, "    - {ansible.builtin.debug: {msg: hello}}\n"))
    assert isinstance(events[-1], Ended)
    assert events[-1].code == 0
    results = [e for e in events if isinstance(e, Result)]
    assert [r.status for r in results] == [Status.OK]


def test_a_secret_that_a_task_blurts_out_is_blotted_from_what_the_installer_is_shown(
    tmp_path: Path, box: SshBox
) -> None:
    tasks = """
    - name: A careless sentence for hands
      ansible.builtin.set_stats:
        data: {gatehouse_hands: ["{{ gatehouse_secrets.camera }}"]}
        per_host: true
    - name: A careless failure
      ansible.builtin.fail: {msg: "with {{ gatehouse_secrets.camera }}"}
    """
    machine_outcome = outcome_of(tmp_path, box, tasks).machines["gate"]
    assert machine_outcome.hands == ["•••"]
    assert machine_outcome.fault is not None
    assert machine_outcome.fault.message == "with •••"
