"""Where a secret stands: the configuration holds references, never secrets."""

import base64
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

#: A younger file may be written once more without a change that its times would show.
_SETTLED_NANOSECONDS = 2_000_000_000
#: Of a webhook's key, in bytes: the Standard Webhooks specification.
_SHORTEST_KEY, _LONGEST_KEY = 24, 64
_ENCRYPTION_KEY_BYTES = 32
_URL_SAFE = str.maketrans("-_", "+/")


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
        #: Which file was read, and what stood there.
        self._read: tuple[tuple[int, int, int], str] | None = None

    def get(self) -> str:
        """The secret itself; LookupError or OSError where the reference leads nowhere."""
        if self._scheme == "env":
            return os.environ[self._place]
        # Each outgoing request asks: a file that is the same as before is not read again.
        stat = Path(self._place).stat()
        state = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
        if self._read is not None and self._read[0] == state:
            return self._read[1]
        secret = Path(self._place).read_text(encoding="utf-8").strip()
        settled = time.time_ns() - stat.st_mtime_ns > _SETTLED_NANOSECONDS
        self._read = (state, secret) if settled else None
        return secret

    @property
    def path(self) -> Path | None:
        """The file, where it is one."""
        return Path(self._place) if self._scheme == "file" else None

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


def webhook_key(secret: str) -> bytes:
    """The key in a Standard Webhooks secret; ValueError says what it has to be, without repeating it."""
    written = secret.removeprefix("whsec_")
    try:
        key = base64.b64decode(written + "=" * (-len(written) % 4), validate=True)
    except ValueError:
        key = b""
    if not _SHORTEST_KEY <= len(key) <= _LONGEST_KEY:
        raise ValueError("must be whsec_ and base64 of 24 to 64 random bytes (Standard Webhooks)")
    return key


def encryption_keys(text: str) -> list[bytes]:
    """Those of one reference, as Fernet takes them; ValueError says what they have to be."""
    keys = []
    for written in text.split():
        try:
            key = base64.b64decode(written.translate(_URL_SAFE), validate=True)
        except ValueError:
            key = b""
        if len(key) != _ENCRYPTION_KEY_BYTES:
            raise ValueError("must be base64 of 32 random bytes (openssl rand -base64 32), one key on a line")
        keys.append(base64.urlsafe_b64encode(key))
    return keys


def dead_references(values: Mapping[str, Any], place: str = "") -> list[str]:
    """Each that leads nowhere, with its place, in a tree of settings."""
    mistakes = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            mistakes += dead_references(value, f"{place}{name}.")
        elif isinstance(value, list | tuple):
            mistakes += dead_references(
                {str(index): each for index, each in enumerate(value)}, f"{place}{name}."
            )
        elif str(value).startswith(SecretRef.SCHEMES) and (problem := SecretRef(str(value)).problem()):
            mistakes.append(f"{place}{name}: {problem}")
    return mistakes
