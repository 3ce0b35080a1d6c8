"""What the tables of the configuration are made of: strict tables and the types of their values.

A type's parser lives in ``watcher.config.units``; here it gets the shape that editors see (JSON Schema).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from watcher.config import units
from watcher.config.problems import did_you_mean

_SECRET_KINDS = ("credential", "file", "env")


class Table(BaseModel):
    """A TOML table: unknown keys are errors, and no value is converted (``true`` is no number, ``"8"`` neither)."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, use_attribute_docstrings=False)


def key(default: Any, description: str, *, alias: str | None = None, examples: list[Any] | None = None, **constraints: Any) -> Any:
    """Declare a key. ``default`` is written as a user would write it (``"10m"``); ``...`` makes the key required."""
    return Field(default, description=description, alias=alias, examples=examples, validate_default=default is not None, **constraints)


@dataclass(frozen=True, slots=True)
class SecretRef:
    """Where a secret comes from. ``kind``: ``literal``, ``credential``, ``file`` or ``env``; a literal never prints itself."""

    kind: str
    value: str

    def __repr__(self) -> str:
        return "SecretRef(<secret>)" if self.kind == "literal" else f"SecretRef({self.kind}={self.value!r})"


def secret_ref(value: object) -> SecretRef:
    """Accept ``{ credential = … }``, ``{ file = … }``, ``{ env = … }`` or a text; the message never shows a text."""
    if isinstance(value, str):
        if not value.strip():
            raise ValueError("the secret is empty")
        return SecretRef("literal", value)
    form = 'expected { credential = "name" }, { file = "path" } or { env = "NAME" }'
    if not isinstance(value, dict):
        raise ValueError(f"{form}, not {units.shown(value)}")  # noqa: TRY004 — pydantic collects ValueErrors
    for name in value:
        if name not in _SECRET_KINDS:
            raise ValueError(f'{form}; there is no "{units.clip(name, 40)}"{did_you_mean(name, _SECRET_KINDS)}')
    if len(value) != 1 or not isinstance(found := next(iter(value.values())), str) or not found.strip() or "\0" in found:
        raise ValueError(f"{form}, just one of them and with a text")
    kind = next(iter(value))
    if kind == "credential" and ("/" in found or found in (".", "..")):
        raise ValueError(f"a credential is named without a path, not {units.shown(found)}")
    return SecretRef(kind, found)


def secret_refs(value: object) -> tuple[SecretRef, ...]:
    """Accept one secret, or a list of them, newest first (rotation)."""
    if isinstance(value, list):
        if not value:
            raise ValueError("an empty list: expected a secret, or leave the key out")
        return tuple(secret_ref(item) for item in value)
    return (secret_ref(value),)


def _one_line(value: str) -> str:
    return units.line(value)


SECRET_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "object", "additionalProperties": False, "required": [kind], "properties": {kind: {"type": "string", "description": text}}}
        for kind, text in (
            ("credential", "Name of a systemd credential (LoadCredential=)"),
            ("file", "Path of a file that holds nothing else; relative to the configuration"),
            ("env", "Name of an environment variable"),
        )
    ]
    + [{"type": "string", "description": "The secret itself; accepted with a warning"}],
}

Line = Annotated[str, StringConstraints(max_length=1_000), AfterValidator(_one_line)]
Name = Annotated[str, StringConstraints(max_length=200), AfterValidator(_one_line)]
Term = Annotated[str, StringConstraints(max_length=1_000, pattern=r"^[^\x00]*[^\x00\s][^\x00]*$")]
Sentence = Annotated[str, StringConstraints(max_length=100_000, pattern=r"\S")]
Duration = Annotated[
    timedelta,
    BeforeValidator(units.duration),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]+(s|m|h|d)$", "examples": ["90s", "15m", "6h", "7d"]}),
]
Size = Annotated[
    int,
    BeforeValidator(units.size),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]+ ?(B|kB|KB|MB|GB|KiB|MiB|GiB)$", "examples": ["10MB", "512KiB"]}),
]
Limit = Annotated[
    tuple[int, float],
    BeforeValidator(units.limit),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]+ ?/ ?(m|h|d)$", "examples": ["20/h", "100/d"]}),
]
Quiet = Annotated[
    tuple[time, time],
    BeforeValidator(units.quiet),
    WithJsonSchema({"type": "string", "pattern": "^[0-2][0-9]:[0-5][0-9] ?- ?[0-2][0-9]:[0-5][0-9]$", "examples": ["22:00-07:00"]}),
]
Url = Annotated[
    str, BeforeValidator(units.http_url), WithJsonSchema({"type": "string", "format": "uri", "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://"})
]
Email = Annotated[str, BeforeValidator(units.email), WithJsonSchema({"type": "string", "format": "email"})]
Host = Annotated[str, BeforeValidator(units.host), WithJsonSchema({"type": "string", "examples": ["smtp.example.org"]})]
Network = Annotated[str, BeforeValidator(units.network), WithJsonSchema({"type": "string", "examples": ["10.0.0.0/8", "fd00::/8"]})]
Listen = Annotated[
    tuple[str, int], BeforeValidator(units.listen), WithJsonSchema({"type": "string", "examples": ["127.0.0.1:8080", "[::1]:8080"]})
]
Port = Annotated[int, Field(ge=1, le=65_535)]
SecretKey = Annotated[SecretRef, BeforeValidator(secret_ref), WithJsonSchema(SECRET_SCHEMA)]
SecretKeys = Annotated[
    tuple[SecretRef, ...],
    BeforeValidator(secret_refs),
    WithJsonSchema({"anyOf": [*SECRET_SCHEMA["anyOf"], {"type": "array", "minItems": 1, "items": SECRET_SCHEMA}]}),
]
