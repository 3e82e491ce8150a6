"""The model lock: which weights gatehouse may run, by size and sha256 (see lock.toml)."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Package(BaseModel):
    """A wheel on the package registry that happens to carry the model."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    version: str
    sha256: Sha256
    member: str


class Model(BaseModel):
    """One locked file and the places it can be had from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    use: str
    size: int
    sha256: Sha256
    licence: str
    packaged: str | None = None
    shared: str | None = None
    package: Package | None = None
    hyperlpr3: str | None = None


@cache
def locked_models() -> dict[str, Model]:
    """Every locked model by name, in the lock's order."""
    text = files("appliance.models").joinpath("lock.toml").read_text("utf-8")
    models = [Model.model_validate(entry) for entry in tomllib.loads(text)["model"]]
    return {model.name: model for model in models}
