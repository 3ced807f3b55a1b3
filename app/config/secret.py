"""Where a secret stands: the configuration holds references, never secrets."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


class SecretRef:
    """Where a secret stands (`env:NAME` or `file:PATH`); read at each use, so a rotation needs no restart."""

    SCHEMES = ("env:", "file:")

    def __init__(self, reference: str) -> None:
        scheme, _, place = reference.partition(":")
        if scheme not in {"env", "file"} or not place:
            raise ValueError(
                "secrets stand in the environment or in a file: write env:NAME or file:/path, not the secret"
            )
        self._scheme, self._place = scheme, place

    def get(self) -> str:
        """The secret itself; LookupError or OSError where the reference leads nowhere."""
        if self._scheme == "file":
            return Path(self._place).read_text(encoding="utf-8").strip()
        return os.environ[self._place]

    def problem(self) -> str | None:
        try:
            empty = not self.get()
        except KeyError:
            return f"environment variable {self._place} is not set"
        except OSError as error:
            return f"file {self._place} cannot be read ({error.strerror})"
        except UnicodeDecodeError:
            return f"file {self._place} is not UTF-8"
        return f"{self} is empty" if empty else None

    def __str__(self) -> str:
        return f"{self._scheme}:{self._place}"

    __repr__ = __str__

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls, core_schema.str_schema(), serialization=core_schema.to_string_ser_schema()
        )


def dead_references(values: Mapping[str, Any], place: str = "") -> list[str]:
    """Each that leads nowhere, with its place, in a tree of settings."""
    mistakes = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            mistakes += dead_references(value, f"{place}{name}.")
        elif str(value).startswith(SecretRef.SCHEMES) and (problem := SecretRef(str(value)).problem()):
            mistakes.append(f"{place}{name}: {problem}")
    return mistakes
