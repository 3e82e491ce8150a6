"""Releases on a box: unpacked from real bundles, run by a real supervisord, judged, taken back."""

import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from bundle.releases import ByHand, plain_supervisor, small_bundle, spoiled
from sites import demo_profile, profile_file, secrets_folder
from waiting import free_port

from appliance.bundle.release import Box, Refused, Settings, Unwell

# The bundles are built once for all.
pytestmark = pytest.mark.xdist_group("releases")
slow = pytest.mark.slow  # releases are installed and run


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("bundles")
    made = {name: small_bundle(folder, name) for name in ("1.0", "1.1", "1.2", "1.3", "1.4")}
    return made | {"2.0": small_bundle(folder, "2.0", broken="uplink")}


@pytest.fixture
def port() -> int:
    """Where the status page will be."""
    return free_port()


@pytest.fixture
def profile(tmp_path: Path, port: int) -> Path:
    site = demo_profile(tmp_path / "root", network__status_page__port=port)
    return profile_file(tmp_path, site)


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    return secrets_folder(tmp_path / "secrets")


@pytest.fixture
def service(tmp_path: Path, port: int, secrets: Path) -> Iterator[ByHand]:
    service = ByHand(plain_supervisor(tmp_path / "root", port), secrets)
    yield service
    service.stop()


@pytest.fixture
def gate_service(tmp_path: Path, profile: Path, secrets: Path) -> Iterator[ByHand]:
    """The whole gate, as on a box."""
    command = [str(tmp_path / "opt" / "current" / "bin" / "gatehouse"), "up", str(profile)]
    service = ByHand([*command, "--with-parent"], secrets)
    yield service
    service.stop()


def box_with(tmp_path: Path, port: int, service: ByHand) -> Box:
    settings = Settings(
        profile=str(tmp_path / "site.yaml"),
        user="root",
        unit="gatehouse.service",
        storage=str(tmp_path / "root"),
        page=f"http://127.0.0.1:{port}/healthz",
        steady_seconds=0.5,
        patience_seconds=120.0,
    )
    return Box(settings, service, tmp_path / "opt", (tmp_path / "secrets",))


@pytest.fixture
def box(tmp_path: Path, port: int, service: ByHand, profile: Path) -> Box:
    """A box on which any release does well."""
    return box_with(tmp_path, port, service)


@pytest.fixture
def gate(tmp_path: Path, port: int, gate_service: ByHand) -> Box:
    """A box that runs the whole gate."""
    return box_with(tmp_path, port, gate_service)


def installed(box: Box, bundle: Path) -> str:
    release, _ = box.unpack(bundle)
    box.switch(release)
    return release


@slow
def test_a_release_runs_and_a_worse_one_gives_way_to_it_again_and_says_why(
    gate: Box, bundles: dict[str, Path], gate_service: ByHand
) -> None:
    good = installed(gate, bundles["1.0"])
    assert (gate.current, gate.status()["confirmed"], gate_service.active()) == (good, True, True)
    bad, made = gate.unpack(bundles["2.0"])
    assert made
    with pytest.raises(Unwell, match="程序 uplink 反复退出") as told:
        gate.switch(bad)
    assert f"已换回版本 {good}，现已正常运行" in str(told.value)
    assert (gate.current, gate.status()["confirmed"], gate_service.active()) == (good, True, True)
    assert gate.confirmed()["releases"] == [good]


@slow
def test_the_same_release_is_not_started_anew_unless_what_it_reads_has_changed(
    box: Box, bundles: dict[str, Path], service: ByHand, profile: Path, secrets: Path
) -> None:
    release = installed(box, bundles["1.0"])
    assert box.unpack(bundles["1.0"]) == (release, False)
    assert not box.switch(release)
    assert service.starts == 1
    profile.write_text(profile.read_text("utf-8") + "# a remark\n", "utf-8")
    assert box.switch(release)
    os.utime(secrets / "camera-a01", (1, 1))
    assert box.switch(release)
    assert not box.switch(release)
    service.stop()
    assert box.switch(release)
    assert service.starts == 4


@slow
def test_rolling_back_goes_to_the_release_before_and_once_more_to_the_one_before_that(
    box: Box, bundles: dict[str, Path]
) -> None:
    first, second, third = (installed(box, bundles[each]) for each in ("1.0", "1.1", "1.2"))
    assert box.previous() == second
    assert box.rollback() == second
    assert box.current == second
    assert box.rollback() == first
    with pytest.raises(Refused, match="没有更早"):
        box.rollback()
    assert box.whole(third)
    assert box.switch(third)  # provisioning it again takes it up again
    assert box.previous() == first


@slow
def test_the_last_three_are_kept_and_what_may_have_to_run_again_with_them(
    box: Box, bundles: dict[str, Path]
) -> None:
    made = [installed(box, bundles[each]) for each in ("1.0", "1.1", "1.2", "1.3")]
    assert [each["release"] for each in box.installed()] == made[1:]
    box.rollback()
    box.rollback()  # to 1.1, the oldest here
    installed(box, bundles["1.4"])
    assert made[1] in {each["release"] for each in box.installed()}
    assert box.previous() == made[1]


@slow
def test_a_first_release_that_does_not_do_well_leaves_nothing_running(
    gate: Box, bundles: dict[str, Path], gate_service: ByHand
) -> None:
    bad, _ = gate.unpack(bundles["2.0"])
    with pytest.raises(Unwell, match="服务已停止"):
        gate.switch(bad)
    assert (gate.current, gate_service.active()) == (None, False)


@slow
def test_a_release_that_does_not_take_the_profile_is_not_even_tried(
    box: Box, bundles: dict[str, Path], service: ByHand, profile: Path
) -> None:
    good = installed(box, bundles["1.0"])
    profile.write_text(profile.read_text("utf-8").replace("id: A02", "id: B02"), "utf-8")
    release, _ = box.unpack(bundles["1.1"])
    with pytest.raises(Refused, match="不接受站点配置") as told:
        box.switch(release)
    assert "barriers[1].id" in str(told.value)
    assert (box.current, service.starts) == (good, 1)


@pytest.mark.slow
def test_what_was_cut_off_counts_for_nothing_and_is_made_whole_by_the_next_run(
    box: Box, bundles: dict[str, Path]
) -> None:
    release, _ = box.unpack(bundles["1.0"])
    (box.releases / release / "manifest.json").unlink()  # as a power cut leaves it
    (box.releases / release / "requirements.txt").write_text("half", "utf-8")
    with pytest.raises(Refused, match="没有版本"):
        box.switch(release)
    assert box.unpack(bundles["1.0"]) == (release, True)
    assert "half" not in (box.releases / release / "requirements.txt").read_text("utf-8")


@slow
def test_a_switch_that_was_cut_off_is_judged_again(
    box: Box, bundles: dict[str, Path], service: ByHand
) -> None:
    installed(box, bundles["1.0"])
    bad, _ = box.unpack(bundles["2.0"])
    (box.opt / "current").unlink()
    (box.opt / "current").symlink_to(box.releases / bad)  # and the power went
    assert not box.status()["confirmed"]
    assert box.rollback()
    assert service.active()


@pytest.mark.slow
def test_a_cut_off_switch_that_is_judged_ill_gives_way_to_the_newest_release_that_did_well(
    gate: Box, bundles: dict[str, Path], gate_service: ByHand
) -> None:
    installed(gate, bundles["1.0"])
    newest = installed(gate, bundles["1.1"])
    bad, _ = gate.unpack(bundles["2.0"])
    (gate.opt / "current").unlink()
    (gate.opt / "current").symlink_to(gate.releases / bad)  # and the power went
    with pytest.raises(Unwell, match=f"已换回版本 {newest}，现已正常运行"):
        gate.switch(bad)
    assert (gate.current, gate_service.active()) == (newest, True)


class TestBundlesThatAreNotWhatTheySay:
    """Nothing of them is left on the box."""

    def refuse(self, box: Box, bundle: Path, said: str) -> None:
        with pytest.raises(Refused, match=said):
            box.unpack(bundle)
        assert box.installed() == []

    def test_one_changed_byte(self, box: Box, bundles: dict[str, Path], tmp_path: Path) -> None:
        bad = spoiled(bundles["1.0"], tmp_path / "bad.tar", **{"requirements.txt": b"evil"})
        self.refuse(box, bad, "与清单不符")

    def test_a_missing_file(self, box: Box, bundles: dict[str, Path], tmp_path: Path) -> None:
        bad = spoiled(bundles["1.0"], tmp_path / "bad.tar", **{"requirements.txt": None})
        self.refuse(box, bad, "缺少 requirements.txt")

    @pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "wheels/../../evil", "evil.sh"])  # noqa: S108
    def test_a_file_of_its_own(
        self, box: Box, bundles: dict[str, Path], tmp_path: Path, name: str
    ) -> None:
        bad = spoiled(bundles["1.0"], tmp_path / "bad.tar", **{name: b"evil"})
        self.refuse(box, bad, "清单中没有")
        assert not list(tmp_path.rglob("evil*"))

    def test_a_manifest_that_lists_a_way_out(
        self, box: Box, bundles: dict[str, Path], tmp_path: Path
    ) -> None:
        with tarfile.open(bundles["1.0"]) as tar:
            manifest = json.load(tar.extractfile("manifest.json"))  # type: ignore[arg-type]
        manifest["files"]["../evil"] = "0" * 64
        self.refuse(box, spoiled(bundles["1.0"], tmp_path / "b.tar", manifest=manifest), "名称不符")

    @pytest.mark.parametrize("content", [b"", b"no tar at all", b"\0" * 20_480], ids=repr)
    def test_no_bundle_at_all(self, box: Box, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "bad.tar").write_bytes(content)
        self.refuse(box, tmp_path / "bad.tar", "安装包")

    def test_one_that_was_cut_short(
        self, box: Box, bundles: dict[str, Path], tmp_path: Path
    ) -> None:
        whole = bundles["1.0"].read_bytes()
        (tmp_path / "bad.tar").write_bytes(whole[: len(whole) // 2])
        self.refuse(box, tmp_path / "bad.tar", "已损坏")
