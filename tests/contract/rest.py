"""Every REST request of ours against VTEX's OpenAPI, read more strictly than VTEX wrote it."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from tests.contract.operations import Operation, PathTemplate, load_templates
from tests.contract.violation import ContractViolation

_BESIDE_THE_REPOSITORY = Path(__file__).resolve().parents[3] / "shared" / "vtex" / "openapi"
_CREDENTIALS = ("x-vtex-api-appkey", "x-vtex-api-apptoken")


class RestContract:
    def __init__(self, folder: Path) -> None:
        self._templates: dict[int, list[PathTemplate]] = {}
        for path in load_templates(folder):
            self._templates.setdefault(path.template.count("/"), []).append(path)

    @staticmethod
    def load() -> "RestContract | None":
        """None where VTEX's files are missing; one instance per folder, as its validators are compiled."""
        folder = Path(os.environ.get("VTEX_OPENAPI_DIR") or _BESIDE_THE_REPOSITORY)
        return _loaded(folder) if any(folder.glob("*.json")) else None

    def operations(self) -> Iterator[Operation]:
        for templates in self._templates.values():
            for template in templates:
                yield from template.operations.values()

    def operation(self, method: str, path: str) -> tuple[Operation, dict[str, str]]:
        """The operation that this percent-encoded path addresses, with the path's parameters."""
        local = _without_account(path)
        if local == path and path.startswith(("/pricing/", "/availability/")):
            raise ContractViolation(f"{method} {path}", ["/{account} is missing before it"])
        for template in self._templates.get(local.count("/"), []):
            parameters = template.match(local)
            if parameters is not None:
                operation = template.operations.get(method)
                if operation is None:
                    declared = ", ".join(sorted(template.operations))
                    mistake = f"{template.template} knows {declared} only"
                    raise ContractViolation(f"{method} {path}", [mistake])
                return operation, parameters
        raise ContractViolation(f"{method} {path}", ["no operation of VTEX has this path"])

    def check(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> None:
        """`path` as sent (percent-encoded), `query` without its question mark."""
        method = method.upper()
        operation, parameters = self.operation(method, path)
        lower = {name.lower(): value for name, value in headers.items()}
        mistakes = [
            *_path_mistakes(operation, parameters),
            *_query_mistakes(operation, query),
            *(f"header {name} is missing" for name in _CREDENTIALS if not lower.get(name, "").strip()),
            *_body_mistakes(operation, lower.get("content-type", ""), body),
        ]
        if mistakes:
            raise ContractViolation(f"{method} {path} ({operation.template})", mistakes)


@cache
def _loaded(folder: Path) -> RestContract:
    return RestContract(folder)


def _without_account(path: str) -> str:
    """Two hosts of VTEX want `/{account}` first; their operations are declared without it."""
    prefixed = re.fullmatch(r"/[^/]+(/(?:pricing|availability)/.*)", path)
    return prefixed[1] if prefixed else path


def _path_mistakes(operation: Operation, parameters: dict[str, str]) -> list[str]:
    return [
        f"path {name}: {mistake}"
        for name, text in parameters.items()
        if name in operation.path
        for mistake in operation.path[name].validator.mistakes_in_text(text)
    ]


def _query_mistakes(operation: Operation, query: str) -> list[str]:
    mistakes = []
    given: dict[str, list[str]] = {}
    for name, text in parse_qsl(query, keep_blank_values=True):
        given.setdefault(name, []).append(text)
    for name, texts in given.items():
        parameter = operation.query.get(name)
        if parameter is None:
            mistakes.append(f"query {name} is not declared")
            continue
        if len(texts) > 1 and not parameter.repeatable:
            mistakes.append(f"query {name} is repeated")
        for text in texts:
            mistakes += [f"query {name}: {mistake}" for mistake in parameter.validator.mistakes_in_text(text)]
    for name, parameter in operation.query.items():
        if parameter.required and not any(given.get(name, [])):
            mistakes.append(f"query {name} is required")
    return mistakes


def _body_mistakes(operation: Operation, content_type: str, body: bytes) -> list[str]:
    if not operation.declares_body:
        return ["a body, where none is declared"] if body else []
    if not body:
        # VTEX forgot `required: true` nearly everywhere; no operation means anything without its body.
        return ["the body is missing"]
    media_type, _, parameters = content_type.partition(";")
    charset = re.search(r'charset="?([^";\s]+)', parameters.lower())
    if media_type.strip().lower() != "application/json" or (charset and charset[1] != "utf-8"):
        return [f"Content-Type is {content_type or 'missing'}, not application/json"]
    try:
        value = json.loads(
            body.decode(), parse_float=_number, parse_constant=_refuse, object_pairs_hook=_unique_keys
        )
    except ValueError as error:
        return [f"the body is no JSON: {error}"]
    return [f"body {mistake}" for mistake in operation.body.mistakes(value)] if operation.body else []


def _number(text: str) -> float:
    """550.0 is an integer to JSON Schema and to VTEX, whose own examples send it."""
    number = float(text)
    return int(number) if number.is_integer() else number


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise ValueError(f"repeated keys {sorted(repeated)}")
    return dict(pairs)
