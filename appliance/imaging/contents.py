"""What is in an image, with where each part came from and under which licence: for the SBOM."""

import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.parser import Parser
from pathlib import Path

from appliance.bundle.wheels import digest_of
from appliance.imaging.lock import LockedPackage
from appliance.models import locked_models

KINDS = ("debian", "python", "model")


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that somebody wrote: `kind` is one of KINDS, `licences` are as its author names
    them, none where he does not say it in a way that machines read.
    """

    kind: str
    name: str
    version: str
    sha256: str
    licences: tuple[str, ...]

    @property
    def purl(self) -> str | None:
        """The package URL, where there is such a thing."""
        version = self.version.replace("+", "%2B").replace(":", "%3A").replace("~", "~")
        match self.kind:
            case "debian":
                return f"pkg:deb/debian/{self.name.replace('+', '%2B')}@{version}?distro=trixie"
            case "python":
                return f"pkg:pypi/{re.sub(r'[-_.]+', '-', self.name).lower()}@{version}"
            case _:
                return None


def parts_of(
    packages: Iterable[LockedPackage], root: Path, wheels: Iterable[Path], models: Iterable[str]
) -> list[Part]:
    """Everything in the image, by kind and name."""
    found = [
        Part("debian", each.name, each.version, each.sha256, debian_licences(root, each.name))
        for each in packages
    ]
    found += [wheel_part(wheel) for wheel in wheels]
    known = locked_models()
    for name in models:
        model = known[name]
        found.append(Part("model", name, model.sha256[:12], model.sha256, (model.licence,)))
    return sorted(found, key=lambda part: (KINDS.index(part.kind), part.name))


def debian_licences(root: Path, package: str) -> tuple[str, ...]:
    """The short names in the package's machine-readable copyright file; none in an older one."""
    file = root / "usr/share/doc" / package / "copyright"
    try:
        text = file.read_text("utf-8", "replace")
    except OSError:
        return ()
    if "copyright-format" not in text[:2000]:
        return ()
    names = {line.split(":", 1)[1].strip() for line in text.splitlines() if _LICENCE.match(line)}
    return tuple(sorted(name for name in names if name))


_LICENCE = re.compile(r"License:\s*\S", re.IGNORECASE)


def wheel_part(wheel: Path) -> Part:
    """What a wheel says of itself."""
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (
            name for name in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name)
        )
        told = Parser().parsestr(archive.read(metadata).decode("utf-8"))
    return Part("python", told["Name"], told["Version"], digest_of(wheel), _wheel_licences(told))


def _wheel_licences(told: object) -> tuple[str, ...]:
    get, get_all = told.get, told.get_all  # type: ignore[attr-defined]
    if expression := get("License-Expression"):
        return (expression.strip(),)
    classifiers: Sequence[str] = get_all("Classifier") or ()
    named = [each.rpartition(" :: ")[2] for each in classifiers if each.startswith("License ::")]
    if named and named != ["OSI Approved"]:
        return tuple(sorted(named))
    text = (get("License") or "").strip().splitlines()
    return (text[0][:80],) if text else ()
