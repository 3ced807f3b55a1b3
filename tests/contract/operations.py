"""VTEX's OpenAPI operations, each with its validators compiled once."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from openapi_schema_validator import OAS30Validator, oas30_format_checker

from tests.contract.closed_schema import Schema, closed_schema, resolve

_METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
_JSON = "application/json"
_MAX_MESSAGE = 300
#: What only a guide of VTEX describes (order canceling improvements).
_OF_GUIDES: Schema = {
    "paths": {
        "/api/orders/pvt/document/{orderId}/deny-cancellation-request": {
            "post": {
                "parameters": [
                    {"name": "orderId", "in": "path", "required": True, "schema": {"type": "string"}}
                ],
                "requestBody": {
                    "content": {
                        _JSON: {
                            "schema": {
                                "type": "object",
                                "required": ["cancellationRequestId", "denyReason"],
                                "properties": {
                                    "cancellationRequestId": {"type": "string"},
                                    "denyReason": {"type": "string"},
                                },
                            }
                        }
                    }
                },
            }
        }
    }
}


class Validator:
    """The mistakes of a value against one schema, as sentences."""

    def __init__(self, schema: Schema) -> None:
        self.type = schema.get("type")
        self._validator = OAS30Validator(schema, format_checker=oas30_format_checker)

    def mistakes(self, value: object) -> list[str]:
        return [_describe(error) for error in self._validator.iter_errors(value)]

    def mistakes_in_text(self, text: str) -> list[str]:
        """A path or query parameter arrives as text; `007` is no integer (VTEX takes it for another id)."""
        if self.type == "integer" and re.fullmatch(r"-?(0|[1-9]\d*)", text):
            return self.mistakes(int(text))
        if self.type == "number" and re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?", text):
            return self.mistakes(float(text))
        if self.type == "boolean" and text in {"true", "false"}:
            return self.mistakes(text == "true")
        return self.mistakes(text)


@dataclass(frozen=True)
class Parameter:
    required: bool
    repeatable: bool
    validator: Validator


class Operation:
    def __init__(self, method: str, template: str, document: Schema, declared: tuple[Schema, Schema]) -> None:
        path_item, self._operation = declared
        self.method = method
        self.template = template
        self._document = document
        nodes = [*path_item.get("parameters", []), *self._operation.get("parameters", [])]
        self._parameters = [resolve(document, node) for node in nodes]

    @cached_property
    def path(self) -> dict[str, Parameter]:
        return self._parameters_in("path")

    @cached_property
    def query(self) -> dict[str, Parameter]:
        return self._parameters_in("query")

    @cached_property
    def declares_body(self) -> bool:
        return "requestBody" in self._operation

    @cached_property
    def body(self) -> Validator | None:
        """None where the operation takes no JSON."""
        content = resolve(self._document, self._operation.get("requestBody", {})).get("content", {})
        if _JSON not in content:
            return None
        schema = closed_schema(self._document, content[_JSON].get("schema", {}))
        if (self.method, self.template) == ("POST", "/api/orders/hook/config"):
            # VTEX's example became its schema: a hook's headers are the store's own, none is called `key`.
            schema["properties"]["hook"]["properties"]["headers"] = {
                "type": "object",
                "additionalProperties": {"type": "string"},
            }
        return Validator(schema)

    def _parameters_in(self, place: str) -> dict[str, Parameter]:
        declared = (node for node in self._parameters if node["in"] == place)
        return {node["name"]: self._parameter(node) for node in declared}

    def _parameter(self, node: Schema) -> Parameter:
        schema = closed_schema(self._document, node.get("schema", {}))
        repeatable = schema.get("type") == "array"
        value = schema.get("items", {}) if repeatable else schema
        return Parameter(node.get("required") is True, repeatable, Validator(value))


class PathTemplate:
    """The operations of one path, and how literally it reads."""

    def __init__(self, template: str) -> None:
        self.template = template
        self.operations: dict[str, Operation] = {}
        self._segments = template.split("/")

    @property
    def literalness(self) -> tuple[bool, ...]:
        return tuple(not segment.startswith("{") for segment in self._segments)

    def match(self, path: str) -> dict[str, str] | None:
        """The path parameters, decoded; an encoded slash stays within its segment."""
        segments = [unquote(segment) for segment in path.split("/")]
        if len(segments) != len(self._segments):
            return None
        parameters = {}
        for declared, given in zip(self._segments, segments, strict=True):
            if declared.startswith("{") and given:
                parameters[declared.strip("{}")] = given
            elif declared != given:
                return None
        return parameters


def load_templates(folder: Path) -> list[PathTemplate]:
    """The most literal first: `/file/reorder` before `/file/{skuFileId}`."""
    templates: dict[str, PathTemplate] = {}
    documents = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.json"))]
    for document in [*documents, _OF_GUIDES]:
        for operation in _operations(document):
            path = templates.setdefault(operation.template, PathTemplate(operation.template))
            path.operations[operation.method] = operation
    return sorted(templates.values(), key=lambda path: path.literalness, reverse=True)


def _operations(document: Schema) -> Iterator[Operation]:
    for template, path_item in document["paths"].items():
        for method in path_item.keys() & set(_METHODS):
            yield Operation(method.upper(), template, document, (path_item, path_item[method]))


def _describe(error: Any) -> str:
    where = "".join(f"/{step}" for step in error.absolute_path) or "/"
    if error.validator in {"anyOf", "oneOf"} and error.context:
        shapes: dict[int, list[str]] = {}
        for inner in error.context:
            shapes.setdefault(inner.schema_path[0], []).append(_describe(inner))
        return f"{where} has none of the {len(error.validator_value)} shapes: " + " | ".join(
            ", ".join(mistakes) for mistakes in shapes.values()
        )
    return f"{where} {error.message}"[:_MAX_MESSAGE]
