"""JSON Schema of the configuration, for editors: ``python -m watcher.config.schema > config/watcher.schema.json``."""

from __future__ import annotations

import json
import sys
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from watcher.config.models import File


class _Plain(GenerateJsonSchema):
    """JSON Schema in the order of the models, without the titles that pydantic makes of every key's name."""

    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:
        """Return ``value`` unsorted: required keys and what belongs together stand as in the models."""
        del parent_key
        return value

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Return False: no titles."""
        del schema
        return False


def text() -> str:
    """Return the schema as a JSON document; the same for the same models."""
    schema = File.model_json_schema(by_alias=True, schema_generator=_Plain)
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **_without_null(schema), "title": "watcher.toml"}
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def _without_null(node: Any) -> Any:
    """TOML has no null: ``anyOf: [X, null]`` is X, and ``default: null`` says nothing."""
    if isinstance(node, list):
        return [_without_null(item) for item in node]
    if not isinstance(node, dict):
        return node
    found = {key: _without_null(value) for key, value in node.items() if not (key == "default" and value is None)}
    choices = found.get("anyOf")
    if isinstance(choices, list) and {"type": "null"} in choices:
        choices = [choice for choice in choices if choice != {"type": "null"}]
        found.pop("anyOf")
        found = {**choices[0], **found} if len(choices) == 1 else {**found, "anyOf": choices}
    return found


if __name__ == "__main__":
    sys.stdout.write(text())
