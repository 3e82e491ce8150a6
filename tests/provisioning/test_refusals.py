"""What stands in the way is told before anything is changed: which machine, what to do; exit 2."""

import subprocess
from pathlib import Path

import pytest
from waiting import free_port

from .boxes import (
    BOOKWORM,
    gatehouse,
    machine,
    make_key,
    site_file,
    ssh_box,
    write_vault,
)

over_ssh = pytest.mark.slow


def assert_sentences(
    answer: "subprocess.CompletedProcess[str]", *sentences: tuple[str, ...]
) -> None:
    """Exit code 2, and on standard error a line for each tuple with all its words in it."""
    assert answer.returncode == 2, answer.stderr
    assert "Traceback" not in answer.stderr
    lines = answer.stderr.splitlines()
    assert len(lines) == len(sentences), answer.stderr
    for line, words in zip(lines, sentences, strict=True):
        assert all(word in line for word in words), (line, words)
        assert line.endswith("。")


@over_ssh
def test_a_profile_that_fails_the_check_is_reported_and_no_machine_is_asked(tmp_path: Path) -> None:
    with ssh_box(tmp_path / "box", os_release=BOOKWORM) as box:
        site = site_file(tmp_path / "site", machine(box))
        sound = site.read_text("utf-8")
        site.write_text(sound.replace("id: A01", "id: B01"), "utf-8")
        connections = (box.folder / "sshd.log").read_text().count("Connection from")
        answer = gatehouse("provision", site, key=box.key)
        assert answer.returncode == 2
        assert "entrances[0].barriers[0].id" in answer.stderr
        assert (box.folder / "sshd.log").read_text().count("Connection from") == connections
        site.write_text(sound, "utf-8")
        assert_sentences(gatehouse("provision", site, key=box.key), ("bookworm",))
        assert (box.folder / "sshd.log").read_text().count("Connection from") > connections


def test_a_port_where_nobody_listens_is_a_wrong_host(tmp_path: Path) -> None:
    make_key(tmp_path / "key")
    site = site_file(
        tmp_path / "site", {"name": "gate", "host": "127.0.0.1", "ssh_port": free_port()}
    )
    answer = gatehouse("provision", site, key=tmp_path / "key")
    assert_sentences(answer, ("gate（127.0.0.1）", "拒绝连接", "openssh-server"))


def test_a_name_that_does_not_resolve_is_a_wrong_host(tmp_path: Path) -> None:
    site = site_file(tmp_path / "site", {"name": "gate"})
    answer = gatehouse("provision", site, "--host", "no-such-host.invalid")
    assert_sentences(answer, ("no-such-host.invalid", "解析不了", "IP 地址"))


@over_ssh
def test_a_key_the_machine_does_not_know_is_refused_with_the_way_to_bring_it(
    tmp_path: Path,
) -> None:
    stranger = make_key(tmp_path / "stranger")
    with ssh_box(tmp_path / "box") as box:
        site = site_file(tmp_path / "site", machine(box))
        answer = gatehouse("provision", site, key=stranger)
    assert_sentences(answer, ("不接受账号 root", str(stranger), "ssh-copy-id"))


def test_a_key_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    site = site_file(tmp_path / "site", {"name": "gate", "host": "127.0.0.1"})
    answer = gatehouse("provision", site, key=tmp_path / "absent")
    assert_sentences(answer, (str(tmp_path / "absent"), "--key"))


@over_ssh
def test_an_account_without_sudo_is_told_to_get_it(tmp_path: Path) -> None:
    with ssh_box(tmp_path / "box") as box:
        site = site_file(tmp_path / "site", machine(box))
        answer = gatehouse("provision", site, "--user", "installer", key=box.key)
    assert_sentences(answer, ("installer", "sudo", "--user root"))


@over_ssh
def test_debian_12_is_refused_by_its_name(tmp_path: Path) -> None:
    with ssh_box(tmp_path / "box", os_release=BOOKWORM) as box:
        site = site_file(tmp_path / "site", machine(box))
        answer = gatehouse("provision", site, key=box.key)
    assert_sentences(answer, ("bookworm", "不是 Debian 13"))


@over_ssh
@pytest.mark.parametrize("place", ["/opt", "/var"])
def test_a_full_disk_is_refused_with_its_place_and_what_is_needed(
    tmp_path: Path, place: str
) -> None:
    small = f"mount -t tmpfs -o size=100m tmpfs {place}"
    with ssh_box(tmp_path / "box", more=small) as box:
        site = site_file(tmp_path / "site", machine(box))
        answer = gatehouse("provision", site, key=box.key)
    assert_sentences(answer, (place, "100 MiB", "3072 MiB"))


@over_ssh
def test_a_container_without_systemd_is_refused(tmp_path: Path) -> None:
    with ssh_box(tmp_path / "box", more="rmdir /run/systemd/system") as box:
        site = site_file(tmp_path / "site", machine(box))
        answer = gatehouse("provision", site, key=box.key)
    assert_sentences(answer, ("systemd",))


@over_ssh
def test_a_host_key_that_has_changed_is_refused_until_the_installer_accepts_it(
    tmp_path: Path,
) -> None:
    with ssh_box(tmp_path / "box", os_release=BOOKWORM) as box:
        site = site_file(tmp_path / "site", machine(box))
        gatehouse("provision", site, key=box.key)  # pins the key
    (box.folder / "host_key").unlink()
    with ssh_box(tmp_path / "box", os_release=BOOKWORM, port=box.port) as box:
        refused = gatehouse("provision", site, key=box.key)
        assert_sentences(refused, ("主机密钥", "--accept-new-host-key"))
        accepted = gatehouse("provision", site, "--accept-new-host-key", key=box.key)
        assert_sentences(accepted, ("bookworm",))
        assert_sentences(gatehouse("provision", site, key=box.key), ("bookworm",))  # pinned anew


@over_ssh
def test_a_machine_that_was_renamed_is_refused_until_the_installer_accepts_it(
    tmp_path: Path,
) -> None:
    with ssh_box(tmp_path / "box", os_release=BOOKWORM) as box:
        site = site_file(tmp_path / "site", machine(box, "old"))
        gatehouse("provision", site, key=box.key)  # pins the key under this name
        site.write_text(site.read_text("utf-8").replace("name: old", "name: new"), "utf-8")
        refused = gatehouse("provision", site, key=box.key)
        assert_sentences(refused, ("bookworm",), ("应答的是工控机 old", "--accept-new-host-key"))
        accepted = gatehouse("provision", site, "--accept-new-host-key", key=box.key)
        assert_sentences(accepted, ("bookworm",))


@over_ssh
def test_one_machine_under_the_names_of_two_is_noticed(tmp_path: Path) -> None:
    with ssh_box(tmp_path / "box", os_release=BOOKWORM) as box:
        site = site_file(
            tmp_path / "site",
            machine(box, "north", barriers=["A01"]),
            machine(box, "south", barriers=["A02"]),
        )
        first = gatehouse("provision", site, "--machine", "north", key=box.key)  # pins the key
        assert_sentences(first, ("north", "bookworm"))
        for _ in range(2):  # the false pin was not kept
            answer = gatehouse("provision", site, "--machine", "south", key=box.key)
            assert_sentences(answer, ("bookworm",), ("应答的是工控机 north，不是 south",))


@over_ssh
def test_every_machine_is_asked_and_each_fault_told(tmp_path: Path) -> None:
    with ssh_box(tmp_path / "box", os_release=BOOKWORM) as box:
        closed = {"name": "south", "host": "127.0.0.1", "ssh_port": free_port()}
        site = site_file(
            tmp_path / "site",
            machine(box, "north", barriers=["A01"]),
            {**closed, "barriers": ["A02"]},
        )
        answer = gatehouse("provision", site, key=box.key)
    assert_sentences(answer, ("north", "bookworm"), ("south", "拒绝连接"))


@pytest.mark.parametrize("host", ["-oProxyCommand=touch${IFS}x", "a b", "root@10.0.0.5"], ids=repr)
def test_an_address_that_ssh_could_take_for_something_else_is_refused(
    tmp_path: Path, host: str
) -> None:
    site = site_file(tmp_path / "site", {"name": "gate"})
    assert_sentences(gatehouse("provision", site, f"--host={host}"), ("不是地址", "--user"))


def test_a_vault_without_one_of_the_secrets_is_refused_with_its_name(tmp_path: Path) -> None:
    site = site_file(tmp_path / "site", {"name": "gate", "host": "127.0.0.1"})
    write_vault(site.parent / "vault.yml", {"camera-a01": "x"})
    assert_sentences(gatehouse("provision", site), ("camera-a02", "gatehouse secrets edit"))


def test_a_wrong_vault_password_is_told(tmp_path: Path) -> None:
    site = site_file(tmp_path / "site", {"name": "gate", "host": "127.0.0.1"})
    (site.parent / "vault-password").write_text("open barley\n")
    assert_sentences(gatehouse("provision", site), ("解不开", "口令不对"))


def test_a_vault_that_is_not_encrypted_is_refused_and_not_quoted(tmp_path: Path) -> None:
    site = site_file(tmp_path / "site", {"name": "gate", "host": "127.0.0.1"})
    (site.parent / "vault.yml").write_text("camera-a01: plain-password\n")
    answer = gatehouse("provision", site)
    assert_sentences(answer, ("没有加密", "ansible-vault encrypt"))
    assert "plain-password" not in answer.stderr


@over_ssh
def test_a_log_that_cannot_be_written_is_told_before_the_run(tmp_path: Path) -> None:
    with ssh_box(tmp_path / "box") as box:
        site = site_file(tmp_path / "site", machine(box))
        log = tmp_path / "no" / "such" / "folder" / "log"
        answer = gatehouse("provision", site, "--log", str(log), key=box.key)
    assert_sentences(answer, (str(log), "没有这个文件或目录"))
