"""A CSV row as the JSON that the API takes: each cell by the type that its field has there."""

from functools import cache
from typing import Any

import msgspec

from app.changes import KINDS

_NUMBERS = frozenset({"integer", "number"})
_DOCUMENTS = frozenset({"array", "object"})


def document(kind: str, row: dict[str, str]) -> bytes:
    types = _types_of(kind)
    return msgspec.json.encode(
        {name: _value(cell, types.get(name, frozenset())) for name, cell in row.items()}
    )


def _value(cell: str, types: frozenset[str]) -> Any:
    """What does not read as its type goes on as text, and is refused by its field's own rule."""
    if cell == "null" and "null" in types:
        return None
    if "boolean" in types and cell.lower() in {"true", "false"}:
        return cell.lower() == "true"
    if types & _DOCUMENTS or (types & _NUMBERS and "string" not in types):
        try:
            msgspec.json.decode(cell)
        except (msgspec.DecodeError, RecursionError):
            return cell
        return msgspec.Raw(cell.encode())
    return cell


@cache
def _types_of(kind: str) -> dict[str, frozenset[str]]:
    schema = KINDS[kind].change.model_json_schema()
    return {
        name: frozenset(_types(field, schema.get("$defs", {})))
        for name, field in schema["properties"].items()
    }


def _types(field: dict[str, Any], definitions: dict[str, Any]) -> set[str]:
    if reference := field.get("$ref"):
        return _types(definitions[reference.rpartition("/")[2]], definitions)
    found = {field["type"]} if "type" in field else set[str]()
    for each in (*field.get("anyOf", ()), *field.get("allOf", ())):
        found |= _types(each, definitions)
    return found
