"""The reference page of the site profile, made from the schema: docs/profile.md.

`python -m appliance.profile.reference > docs/profile.md`; a test fails when the page is stale.
"""

import sys
from collections.abc import Iterator
from enum import StrEnum

from pydantic import BaseModel

from appliance.profile.schema import ROOT, Place, bounds_text, kind_name

_INTRODUCTION = """\
# The site profile

<!-- Made by `python -m appliance.profile.reference > docs/profile.md`; do not edit. -->

One YAML file in `site_profiles/` says all that is particular to a site; roles, runtime and
acceptance kit read the same file. Titles and descriptions below are those of the schema, in
Chinese, as installers meet them in fault messages.

- The file is UTF-8, at most 1 MiB, one document. Start from `site_profiles/demo.yaml`.
- Only plain decimal numbers, `true`, `false` and `null` are more than texts: `yes`, `12:30` and
  `0951` are texts. A text that looks like a number needs quotes. Nothing is converted: `"8080"` is
  no port.
- A key that is not listed here, or written twice, is a fault. Anchors, aliases and tags are
  refused, but for one: a secret is written `!secret name`, and its value lies on the box, in a
  file of that name in the secrets folder (`CREDENTIALS_DIRECTORY`, `GATEHOUSE_SECRETS` or
  `/etc/gatehouse/secrets`), mode 0600.
- A list is written one entry a line, each beginning with `- `. *required* means that the key has no
  default.

## Beyond single keys

All of these are checked together with the keys, and every fault is reported in one run:

- entrance ids, barrier ids and camera ids are unique over the site;
- a barrier's id begins with its entrance's letter (4.6.1);
- `plate_camera` names a camera whose role is `plate`, and serves one barrier only;
- a plate stands in the allow list or in the block list, not in both, and looks like a plate;
- `retry_pause_seconds` is not more than `retry_pause_limit_seconds`;
- a lane's region has three corners or more, and its least plate width is below the greatest;
- no two barriers use the same coil or the same input of one relay (host, port and unit);
- a retention's `volume` that is a path is the mount of a video disk; a camera's `barriers` exist;
- where the disks' sizes are stated, they hold every kind for its term (docs/storage.md);
- the check character of the social credit code fits (GB 32100-2015).
"""


def reference() -> str:
    """The whole page as Markdown."""
    parts = [_INTRODUCTION]
    for path, place in _sections("", ROOT):
        heading = f"`{path}`: {place.title}" if path else "Top level"
        text = "" if not path else f"{place.description}\n\n"
        parts.append(f"## {heading}\n\n{text}{_table(place)}")
    return "\n".join(parts)


def _sections(path: str, place: Place) -> Iterator[tuple[str, Place]]:
    """Every group of keys with its dotted path, parents first."""
    yield path, place
    for name, child in place.members():
        inner = f"{path}.{name}" if path else name
        if child.is_list:
            child, inner = child.item(), f"{inner}[]"  # noqa: PLW2901 - a list stands for its entry
        if child.section is not None and not child.is_secret:
            yield from _sections(inner, child)


def _table(place: Place) -> str:
    rows = [
        "| Key | 名称 | Type | Allowed | Default | 说明 |",
        "|---|---|---|---|---|---|",
    ]
    for name, child in place.members():
        cells = (
            f"`{name}`",
            child.title,
            _type(child),
            _allowed(child),
            _default(child),
            child.description,
        )
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def _type(place: Place) -> str:
    if place.is_list:
        item = place.item()
        what = "一组键" if item.section is not None else kind_name(item)
        return f"列表（每项：{what}）"
    return kind_name(place)


def _allowed(place: Place) -> str:
    """Bounds or choices, then the pattern, then those of a list's entries."""
    if place.is_secret:
        return "`!secret name`"
    if place.choices:
        return "、".join(f"`{word}`" for word in place.choices)
    said = [bounds_text(place)]
    if "pattern" in place.bounds:
        said.append(f"`{place.bounds['pattern']}`")
    if place.is_list and place.item().section is None:
        said.append(f"每项：{_allowed(place.item())}")
    if place.example and not place.is_list:
        said.append(f"例如 `{place.example}`")
    return "；".join(part for part in said if part)


def _default(place: Place) -> str:
    if place.field is None or place.field.is_required():
        return "*required*"
    value = place.field.default
    if isinstance(value, BaseModel):
        return "每个键的默认值"
    if value is None:
        return "不填"
    if isinstance(value, tuple):
        return "、".join(f"`{entry}`" for entry in value) or "空"
    return f"`{value.value if isinstance(value, StrEnum) else value}`"


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr] # a real stdout here
    sys.stdout.write(reference())
