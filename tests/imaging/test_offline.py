"""The offline bundle: made by the builder, taken by `gatehouse provision --bundle`."""

import io
import tarfile
from pathlib import Path

import pytest

from appliance.imaging.offline import write_offline_bundle
from appliance.provisioning.offline import bundle_variables
from appliance.trouble import Trouble


@pytest.fixture
def parts(tmp_path: Path) -> dict[str, Path]:
    """What a bundle is made of, small."""
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "Packages").write_text("Package: bash\n")
    (repository / "bash_1_amd64.deb").write_bytes(b"deb")
    runtime = tmp_path / "gatehouse-0.1.0-0123456789ab.tar"
    with tarfile.open(runtime, "w") as tar:
        entry = tarfile.TarInfo("manifest.json")
        tar.addfile(entry, io.BytesIO())
    rules = tmp_path / "site.rules"
    rules.write_text("alert tcp any any -> any any (sid: 1;)\n")
    return {"repository": repository, "runtime": runtime, "rules": rules}


def bundle(parts: dict[str, Path], name: str, *rules: Path) -> Path:
    target = parts["runtime"].with_name(name)
    write_offline_bundle(target, parts["runtime"], parts["repository"], rules, 1_795_570_506)
    return target


def test_the_roles_get_packages_runtime_and_rules_each_whole(
    parts: dict[str, Path], tmp_path: Path
) -> None:
    made = bundle(parts, "a.offline.tar", parts["rules"])
    told = bundle_variables(made, tmp_path / "cache")
    assert Path(told["runtime_bundle"]).read_bytes() == parts["runtime"].read_bytes()
    assert Path(told["runtime_bundle"]).name == parts["runtime"].name, "the name says the release"
    with tarfile.open(told["base_offline_packages"]) as tar:
        assert tar.getnames() == ["Packages", "bash_1_amd64.deb"]
    with tarfile.open(told["intrusion_bundle"]) as tar:
        assert tar.getnames() == ["site.rules"]


def test_without_rules_the_roles_keep_their_own(parts: dict[str, Path], tmp_path: Path) -> None:
    told = bundle_variables(bundle(parts, "a.offline.tar"), tmp_path / "cache")
    assert "intrusion_bundle" not in told


def test_it_is_the_same_bytes_twice(parts: dict[str, Path]) -> None:
    one = bundle(parts, "a.offline.tar", parts["rules"])
    assert one.read_bytes() == bundle(parts, "b.offline.tar", parts["rules"]).read_bytes()


def test_a_spoilt_part_is_named_and_nothing_of_it_is_kept(
    parts: dict[str, Path], tmp_path: Path
) -> None:
    made = bundle(parts, "a.offline.tar", parts["rules"])
    made.write_bytes(made.read_bytes().replace(b"Package: bash", b"Package: hash"))
    with pytest.raises(Trouble, match=r"debian.tar 已损坏"):
        bundle_variables(made, tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


def test_the_runtimes_own_bundle_and_a_folder_are_handed_on_as_they_are(
    parts: dict[str, Path], tmp_path: Path
) -> None:
    assert bundle_variables(parts["runtime"]) == {"runtime_bundle": str(parts["runtime"])}
    assert bundle_variables(tmp_path) == {"runtime_bundle": str(tmp_path)}
