"""What FastAPI cannot know for our OpenAPI: the changes' schemas, for their bodies are read by us."""

from typing import Any

from pydantic.json_schema import models_json_schema

from app.api.auth import SIGNATURE_SCHEMES
from app.api.problems import ProblemDocument
from app.changes import KINDS

_REF = "#/components/schemas/{model}"


def complete(document: dict[str, Any]) -> None:
    models = [(kind.change, "validation") for kind in KINDS.values()] + [(ProblemDocument, "serialization")]
    _, definitions = models_json_schema(models, ref_template=_REF)  # type: ignore[arg-type]  # literal modes
    for schema in definitions["$defs"].values():
        _without_empty_defaults(schema)
    schemas = document["components"]["schemas"]
    schemas |= definitions["$defs"]
    document["components"]["securitySchemes"] |= SIGNATURE_SCHEMES
    # FastAPI declares its own answer to invalid input; ours is a problem document.
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)


def _without_empty_defaults(schema: dict[str, Any]) -> None:
    """They stand for "not mentioned"; as a value to send they would mislead."""
    for field in schema.get("properties", {}).values():
        if not field.get("default", True):
            field.pop("default")
