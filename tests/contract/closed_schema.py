"""Closes VTEX's open schemas, so that a misspelt key is refused instead of passing unseen."""

from functools import reduce
from typing import Any

Schema = dict[str, Any]
_ANNOTATIONS = {"title", "description", "example", "examples", "default", "deprecated", "externalDocs", "xml"}
_ALTERNATIVES = ("anyOf", "oneOf")


class UnsupportedSchema(Exception):
    """A construct that VTEX's request bodies do not use today."""


def closed_schema(document: Schema, schema: Schema) -> Schema:
    """The schema without references and annotations, in which an object has its declared properties only."""
    return _close(_inline(document, schema, ()))


def resolve(document: Schema, node: Schema) -> Schema:
    """The node itself, or what its local `$ref` points to."""
    while "$ref" in node:
        steps = node["$ref"].removeprefix("#/").split("/")
        node = reduce(
            lambda parent, step: parent[step.replace("~1", "/").replace("~0", "~")], steps, document
        )
    return node


def _inline(document: Schema, schema: Schema, within: tuple[str, ...]) -> Schema:
    if "$ref" in schema:
        if schema["$ref"] in within:
            raise UnsupportedSchema(f"{schema['$ref']} contains itself")
        return _inline(document, resolve(document, schema), (*within, schema["$ref"]))

    def inline(part: Any) -> Any:
        return _inline(document, part, within) if isinstance(part, dict) else part

    inlined = {keyword: value for keyword, value in schema.items() if keyword not in _ANNOTATIONS}
    for keyword, value in inlined.items():
        if keyword == "properties":
            inlined[keyword] = {name: inline(part) for name, part in value.items()}
        elif keyword in {"allOf", *_ALTERNATIVES}:
            inlined[keyword] = [inline(part) for part in value]
        elif keyword in {"items", "additionalProperties", "not"}:
            inlined[keyword] = inline(value)
    return inlined


def _close(schema: Schema) -> Schema:
    merged = _without(schema, "allOf")
    for part in schema.get("allOf", []):
        merged = _merge(merged, part)
    if "allOf" in merged:
        return _close(merged)
    for keyword in _ALTERNATIVES:
        if keyword in merged:
            # Each alternative is closed together with what stands beside it, never alone.
            shared = _without(merged, keyword)
            return {keyword: [_close(_merge(shared, part)) for part in merged[keyword]]}
    for keyword in ("items", "additionalProperties"):
        if isinstance(merged.get(keyword), dict):
            merged[keyword] = _close(merged[keyword])
    if "properties" in merged:
        merged["properties"] = {name: _close(part) for name, part in merged["properties"].items()}
        if not isinstance(merged.get("additionalProperties"), dict):
            merged["additionalProperties"] = False
    return merged


def _merge(one: Schema, other: Schema) -> Schema:
    """One schema that asks for everything that both ask for."""
    merged = one | other
    for keyword in one.keys() & other.keys():
        if keyword == "properties":
            merged[keyword] = one[keyword] | other[keyword]
            for name in one[keyword].keys() & other[keyword].keys():
                merged[keyword][name] = {"allOf": [one[keyword][name], other[keyword][name]]}
        elif keyword == "required":
            merged[keyword] = sorted({*one[keyword], *other[keyword]})
        elif keyword == "allOf":
            merged[keyword] = [*one[keyword], *other[keyword]]
        elif keyword == "enum":
            merged[keyword] = [value for value in one[keyword] if value in other[keyword]]
        elif keyword == "items":
            merged[keyword] = {"allOf": [one[keyword], other[keyword]]}
        elif one[keyword] != other[keyword] and keyword != "nullable":
            raise UnsupportedSchema(f"{keyword}: {one[keyword]} and {other[keyword]} at once")
    # In OpenAPI 3.0 `nullable` belongs to the `type` beside it; without a type null is not refused.
    typed = [part for part in (one, other) if "type" in part]
    if typed:
        merged["nullable"] = all(part.get("nullable") is True for part in typed)
    return merged


def _without(schema: Schema, keyword: str) -> Schema:
    return {name: value for name, value in schema.items() if name != keyword}
