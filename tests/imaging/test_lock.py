"""The lock of Debian packages: what is read, what is refused, what a refresh tells."""

import pytest

from appliance.imaging.lock import Lock, LockedPackage, changes, format_lock, read_lock
from appliance.provisioning.places import source_tree
from appliance.trouble import Trouble


def package(name: str, version: str, digit: str = "a") -> LockedPackage:
    path = f"pool/main/{name[0]}/{name}/{name}_{version}_amd64.deb"
    return LockedPackage(name, version, digit * 64, "debian", path)


LOCK = Lock(1_795_570_506, (package("bash", "5.2-1"), package("zstd", "1:1.5~rc+1")))


def test_a_lock_is_read_as_it_was_written() -> None:
    assert read_lock(format_lock(LOCK)) == LOCK


def test_the_order_of_packages_does_not_change_the_digest() -> None:
    assert Lock(LOCK.epoch, LOCK.packages[::-1]).digest == LOCK.digest


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("bash 5.2-1 abc debian/pool/main/b/bash/bash_5.2-1_amd64.deb", "第 6 行"),
        (f"bash 5.2-1 {'a' * 64} https://mirror/pool/b.deb", "第 6 行"),
        (f"bash 5.2-2 {'b' * 64} debian/pool/main/b/bash/bash_5.2-2_amd64.deb", "bash 写了两次"),
    ],
)
def test_a_line_that_is_no_package_is_named(line: str, said: str) -> None:
    lines = format_lock(LOCK).splitlines()
    with pytest.raises(Trouble, match=said):
        read_lock("\n".join([*lines[:5], line, *lines[5:]]))


def test_a_lock_without_its_epoch_is_refused() -> None:
    with pytest.raises(Trouble, match="不完整"):
        read_lock(str(LOCK.packages[0]))


def test_a_refresh_tells_new_gone_newer_and_rebuilt_packages() -> None:
    before = [package("a1", "1"), package("b1", "1"), package("c1", "1"), package("d1", "1")]
    after = [
        package("b1", "2", "b"),
        package("c1", "1"),
        package("d1", "1", "d"),
        package("e1", "3"),
    ]
    assert [change.sentence() for change in changes(before, after)] == [
        "去掉  a1 1",
        "更新  b1 1 → 2",
        "变更  d1 1（版本相同，内容不同）",
        "新增  e1 3",
    ]


def test_the_clones_lock_names_no_host_and_every_package_once() -> None:
    text = (source_tree() / "images" / "lock.txt").read_text("utf-8")
    assert "://" not in text
    assert format_lock(read_lock(text)) == text
