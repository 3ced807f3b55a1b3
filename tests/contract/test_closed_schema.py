"""Closing a schema refuses unknown keys in every construct of OpenAPI 3.0, and nothing else."""

from typing import Any

import pytest

from tests.contract.closed_schema import UnsupportedSchema, closed_schema
from tests.contract.operations import Validator

NAME = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
SIZE = {"type": "object", "properties": {"size": {"type": "integer"}}}
DOCUMENT = {
    "components": {
        "schemas": {
            "Name": NAME,
            "Tree": {"type": "object", "properties": {"child": {"$ref": "#/components/schemas/Tree"}}},
        }
    }
}


def mistakes(schema: dict[str, Any], value: Any) -> list[str]:
    return Validator(closed_schema(DOCUMENT, schema)).mistakes(value)


@pytest.mark.parametrize(
    "schema",
    [
        NAME,
        {"$ref": "#/components/schemas/Name"},
        {"anyOf": [NAME, SIZE]},
        {"oneOf": [NAME, SIZE]},
        {"allOf": [NAME, SIZE]},
        {"allOf": [{"$ref": "#/components/schemas/Name"}], "properties": {"size": {"type": "integer"}}},
        {"type": "object", "properties": {"size": {}}, "anyOf": [NAME]},
    ],
)
def test_an_unknown_key_is_refused(schema: dict[str, Any]) -> None:
    assert mistakes(schema, {"name": "n", "Name": "n"})
    assert mistakes(schema, {"name": "n"}) == []


def test_an_unknown_key_is_refused_in_depth() -> None:
    schema = {"type": "array", "items": {"type": "object", "properties": {"inner": NAME}}}

    assert mistakes(schema, [{"inner": {"name": "n", "extra": 1}}]) == [
        "/0/inner Additional properties are not allowed ('extra' was unexpected)"
    ]


def test_two_shapes_of_any_of_cannot_be_mixed() -> None:
    assert mistakes({"anyOf": [NAME, SIZE]}, {"name": "n", "size": 1})


def test_the_shapes_of_all_of_are_one() -> None:
    assert mistakes({"allOf": [NAME, SIZE]}, {"name": "n", "size": 1}) == []
    assert mistakes({"allOf": [NAME, SIZE]}, {"size": 1})


def test_a_property_of_both_parts_must_satisfy_both() -> None:
    schema = {"allOf": [NAME, {"properties": {"name": {"enum": ["one"]}}}]}

    assert mistakes(schema, {"name": "two"})
    assert mistakes(schema, {"name": "one"}) == []


def test_a_property_named_like_a_keyword_stays_a_property() -> None:
    schema = {"type": "object", "properties": {"example": {"type": "string"}, "items": {"type": "array"}}}

    assert mistakes(schema, {"example": "e", "items": []}) == []
    assert mistakes(schema, {"example": 1})


def test_an_object_without_properties_stays_open() -> None:
    assert mistakes({"type": "object"}, {"anything": 1}) == []


def test_null_needs_nullable() -> None:
    assert mistakes({"type": "string"}, None)
    assert mistakes({"type": "string", "nullable": True}, None) == []


def test_all_of_is_nullable_only_if_every_typed_part_is() -> None:
    assert mistakes({"allOf": [{**NAME, "nullable": True}, SIZE]}, None)
    assert mistakes({"allOf": [{**NAME, "nullable": True}, {**SIZE, "nullable": True}]}, None) == []


def test_a_schema_that_contains_itself_is_unsupported() -> None:
    with pytest.raises(UnsupportedSchema, match="Tree contains itself"):
        closed_schema(DOCUMENT, {"$ref": "#/components/schemas/Tree"})


def test_contradictory_parts_are_unsupported() -> None:
    with pytest.raises(UnsupportedSchema, match="type: string and integer"):
        closed_schema({}, {"allOf": [{"type": "string"}, {"type": "integer"}]})
