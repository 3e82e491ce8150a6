"""What kind of machine is asked, and where the command and its files lie on it."""

import json
from dataclasses import asdict, dataclass
from typing import Self

SECRETS = "/etc/gatehouse/secrets"


@dataclass(frozen=True, slots=True)
class Place:
    """A provisioned box, unless told otherwise.

    Args:
        command: the words that run `gatehouse`.
        profile: where the machine's site profile lies.
        secrets: the folder of secret files.
        address: how the kit reaches the machine over the network, None when it runs on it.
        is_demo: a demo on a laptop: no services, no firewall, no account of its own.
    """

    command: tuple[str, ...] = ("/opt/gatehouse/current/bin/gatehouse",)
    profile: str = "/etc/gatehouse/profile.yaml"
    secrets: str = SECRETS
    address: str | None = None
    is_demo: bool = False

    def as_json(self) -> str:
        """As it is handed to the checks' own process."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """As the checks' process reads it."""
        told = json.loads(text)
        return cls(**{**told, "command": tuple(told["command"])})
