"""What all parts of the configuration are made of, and where a secret may lie."""

from __future__ import annotations

from typing import Self

from pydantic import AliasGenerator, BaseModel, ConfigDict, model_validator

from collector.config.values import FilePath, VariableName


class Settings(BaseModel):
    """What all parts of the configuration have in common: frozen, and no key that is not named here."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        alias_generator=AliasGenerator(validation_alias=lambda name: name.removesuffix("_s")),
        validate_by_alias=True,
        validate_by_name=True,
    )


class SecretSource(Settings):
    """Where a secret lies: exactly one of `env` and `file`."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    env: VariableName | None = None
    """Name of the environment variable that holds the secret."""

    file: FilePath | None = None
    """Path of the file that holds the secret; read anew whenever it is needed, so it can be rotated."""

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if (self.env is None) == (self.file is None):
            raise ValueError("should have exactly one of env and file")
        return self


def refuse_literal(value: object) -> object:
    """Refuse a secret that stands in the file itself."""
    if value is None or isinstance(value, (dict, SecretSource)):
        return value
    raise ValueError("secrets are never literal here: use {env: …} or {file: …}")


def fill(value: object) -> object:
    """Take a section whose keys are all commented out (null) for one that is not there."""
    return {} if value is None else value
