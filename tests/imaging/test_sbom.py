"""The bill of materials and the list of licences."""

import json
import zipfile
from pathlib import Path

from appliance.imaging.contents import Part, debian_licences, wheel_part
from appliance.imaging.sbom import cyclonedx, licence_list

PARTS = (
    Part("debian", "libstdc++6", "14.2.0-19", "a" * 64, ("GPL-3", "LGPL-2.1+")),
    Part("python", "PyYAML", "6.0.2", "b" * 64, ("MIT License",)),
    Part("model", "clp_det.onnx", "1bb07d364ba3", "c" * 64, ("Apache-2.0",)),
    Part("debian", "old", "1", "d" * 64, ()),
)


def test_the_bill_says_what_each_part_is_and_where_it_came_from() -> None:
    bill = json.loads(cyclonedx(PARTS, "0.1.0", 1_795_570_506, "digest"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["timestamp"] == "2026-11-25T01:35:06Z"
    library, wheel, model, old = bill["components"]
    assert library["purl"] == "pkg:deb/debian/libstdc%2B%2B6@14.2.0-19?distro=trixie"
    assert library["hashes"] == [{"alg": "SHA-256", "content": "a" * 64}]
    assert wheel["purl"] == "pkg:pypi/pyyaml@6.0.2"
    assert model["type"] == "machine-learning-model"
    assert "licenses" not in old


def test_the_bill_of_the_same_parts_is_the_same_and_of_another_image_has_another_number() -> None:
    assert cyclonedx(PARTS, "1", 0, "a") == cyclonedx(PARTS, "1", 0, "a")
    one, two = (json.loads(cyclonedx(PARTS, "1", 0, each)) for each in "ab")
    assert one["serialNumber"] != two["serialNumber"]


def test_a_part_whose_licence_no_machine_can_read_says_where_it_stands() -> None:
    last = licence_list(PARTS).splitlines()[-1]
    assert last.split("\t") == ["debian", "old", "1", "见 /usr/share/doc 中的 copyright 文件"]


def test_licences_of_a_debian_package_are_read_from_its_copyright_file(tmp_path: Path) -> None:
    folder = tmp_path / "usr/share/doc/x"
    folder.mkdir(parents=True)
    (folder / "copyright").write_text(
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n"
        "Files: *\nLicense: GPL-2+\n\nFiles: debian/*\nLicense: Expat\n\nLicense: GPL-2+\n text\n"
    )
    assert debian_licences(tmp_path, "x") == ("Expat", "GPL-2+")
    (folder / "copyright").write_text("It is free.\nLicense: whatever the author says\n")
    assert debian_licences(tmp_path, "x") == ()
    assert debian_licences(tmp_path, "absent") == ()


def test_a_wheel_tells_its_licence_by_expression_before_classifiers(tmp_path: Path) -> None:
    wheel = tmp_path / "x-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(
            "x-1.dist-info/METADATA",
            "Name: x\nVersion: 1\nLicense-Expression: BSD-3-Clause\n"
            "Classifier: License :: OSI Approved :: MIT License\n",
        )
    assert wheel_part(wheel).licences == ("BSD-3-Clause",)
