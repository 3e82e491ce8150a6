"""A profile as YAML again, for the demo and for copies that a box keeps."""

from enum import Enum
from ipaddress import IPv4Address
from pathlib import PurePath
from typing import Any

import yaml
from pydantic import BaseModel

from appliance.profile.model import Profile
from appliance.profile.sections import Secret


class _Dumper(yaml.SafeDumper):
    """Knows how a secret reference is written."""


_Dumper.add_representer(
    Secret, lambda dumper, secret: dumper.represent_scalar("!secret", secret.name)
)


def profile_as_yaml(profile: Profile) -> str:
    """The profile's text; `load_profile` of it gives the same profile."""
    return yaml.dump(_plain(profile), Dumper=_Dumper, allow_unicode=True, sort_keys=False)


def _plain(value: Any) -> Any:
    match value:
        case Secret():
            return value
        case BaseModel():
            names = type(value).model_fields
            fields = {name: _plain(getattr(value, name)) for name in names}
            return {name: field for name, field in fields.items() if field is not None}
        case tuple():
            return [_plain(item) for item in value]
        case Enum():
            return value.value
        case PurePath() | IPv4Address():
            return str(value)
    return value
