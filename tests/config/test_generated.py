"""What is generated from the models is current, complete, and agrees with what the loader accepts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from watcher.config import reference, schema

ROOT = Path(__file__).parent.parent.parent


def test_the_schema_is_current() -> None:
    """``python -m watcher.config.schema > config/watcher.schema.json``."""
    assert json.loads((ROOT / "config" / "watcher.schema.json").read_text()) == json.loads(schema.text())


def test_the_reference_is_current() -> None:
    """``python -m watcher.config.reference > docs/configuration.md``."""
    assert (ROOT / "docs" / "configuration.md").read_text() == reference.text()


def tables(node: Any) -> list[dict[str, Any]]:
    if isinstance(node, list):
        return [found for item in node for found in tables(item)]
    if not isinstance(node, dict):
        return []
    return ([node] if node.get("type") == "object" and "properties" in node else []) + [
        found for item in node.values() for found in tables(item)
    ]


def test_every_key_has_a_meaning_and_no_table_takes_unknown_keys() -> None:
    whole = json.loads(schema.text())
    assert len(tables(whole)) > 15
    for table in tables(whole):
        assert table["additionalProperties"] is False
    for table in [whole, *whole["$defs"].values()]:
        assert [key for key, value in table["properties"].items() if not value.get("description")] == []


def test_the_schema_knows_no_null_which_toml_does_not_have() -> None:
    assert '"null"' not in schema.text()


def test_every_table_and_every_key_stands_in_the_reference() -> None:
    said = reference.text()
    whole = json.loads(schema.text())
    for name, table in whole["$defs"].items():
        assert name in dict(reference._TABLES)
        assert [key for key in table["properties"] if f"\n| `{key}` | " not in said] == []


def test_values_print_as_toml() -> None:
    assert reference.toml({"a b": [True, 1, "x\n"], "c": {}}) == '{ "a b" = [true, 1, "x\\n"], c = {} }'
