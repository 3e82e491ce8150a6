"""The bill of materials (CycloneDX 1.6, JSON) and the list of licences, reproducibly."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from appliance.imaging.contents import Part
from appliance.imaging.partitions import identifier

_TYPES = {"debian": "library", "python": "library", "model": "machine-learning-model"}


def cyclonedx(parts: Sequence[Part], version: str, epoch: int, digest: str) -> str:
    """The bill of an image; `digest` tells what it was made from and gives the bill its number."""
    bill: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{identifier(digest)}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {"type": "operating-system", "name": "gatehouse", "version": version},
        },
        "components": [_component(part) for part in parts],
    }
    return json.dumps(bill, ensure_ascii=False, indent=1) + "\n"


def licence_list(parts: Sequence[Part]) -> str:
    """A line a part for people: kind, name, version, licences."""
    lines = ["种类\t名称\t版本\t许可证\n"]
    for part in parts:
        said = "；".join(part.licences) or "见 /usr/share/doc 中的 copyright 文件"
        lines.append(f"{part.kind}\t{part.name}\t{part.version}\t{said}\n")
    return "".join(lines)


def _component(part: Part) -> dict[str, Any]:
    told: dict[str, Any] = {
        "type": _TYPES[part.kind],
        "bom-ref": f"{part.kind}:{part.name}",
        "name": part.name,
        "version": part.version,
        "hashes": [{"alg": "SHA-256", "content": part.sha256}],
    }
    if part.licences:
        told["licenses"] = [{"license": {"name": name}} for name in part.licences]
    if part.purl:
        told["purl"] = part.purl
    return told
