"""Reading it: from the file and the environment, with every mistake in its place."""

import os
import ssl
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from app.config.secret import dead_references, encryption_keys, webhook_key
from app.config.settings import Settings
from app.errors import ConfigurationError
from app.wording import fields_at, rule

_ELSEWHERE = 'holds a password; use BRIDGE_DATABASE_URL, or database_password = "file:/path"'


def load(path: Path | None = None) -> Settings:
    """Read the file named by `path` or BRIDGE_CONFIG; ConfigurationError lists every mistake."""
    path = path or Path(os.environ.get("BRIDGE_CONFIG", "bridge.toml"))
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        fix = "copy bridge.example.toml or name another by BRIDGE_CONFIG"
        raise ConfigurationError([f"{path}: no such file; {fix}"]) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError([f"{path}: cannot be read as TOML: {error}"]) from None
    return parse(content, place=str(path))


def parse(content: Mapping[str, Any], *, place: str = "configuration") -> Settings:
    mistakes = [f"database_url: {line}" for line in _password_in(content)]
    try:
        settings = Settings(**content)
    except ValidationError as error:
        mistakes += [_mistake(each) for each in error.errors(include_url=False, include_input=False)]
        mistakes += dead_references(content)
    else:
        mistakes += dead_references(settings.model_dump(warnings=False)) or _unusable_secrets(settings)
        if not mistakes:
            return settings
    raise ConfigurationError([f"{place}: {mistake}" for mistake in mistakes])


def _mistake(error: ErrorDetails) -> str:
    # "[key]" is pydantic's mark of a mistake in a table's own name.
    place = ".".join(str(part) for part in error["loc"] if part != "[key]") or "(top)"
    if error["type"] == "extra_forbidden":
        return f"{place}: no such setting; those here are {fields_at(Settings, error['loc'][:-1])}"
    return f"{place}: {rule(error)}"


def _password_in(content: Mapping[str, Any]) -> list[str]:
    with suppress(ArgumentError):
        if make_url(str(content.get("database_url", "sqlite://"))).password:
            return [_ELSEWHERE]
    return []


def _unusable_secrets(settings: Settings) -> list[str]:
    return [
        *_shared_app_keys(settings),
        *_malformed_webhook_secrets(settings),
        *_unusable_tls_files(settings),
        *_shared_hook_secrets(settings),
        *_unusable_encryption_keys(settings),
    ]


def _unusable_encryption_keys(settings: Settings) -> list[str]:
    references = settings.encryption.keys
    if not references and settings.connections and not settings.on_sqlite:
        fix = "put the output of `openssl rand -base64 32` into a secret, and name that here"
        return [f"encryption.keys: orders, invoices and parcels are sealed at rest; on PostgreSQL, {fix}"]
    mistakes = []
    for index, reference in enumerate(references):
        try:
            encryption_keys(reference.get())
        except ValueError as error:
            mistakes.append(f"encryption.keys.{index}: {error}")
    return mistakes


def _shared_hook_secrets(settings: Settings) -> list[str]:
    mistakes = []
    owners: dict[str, str] = {}
    for name, connection in settings.connections.items():
        secret = connection.orders.hook_secret
        if secret and (other := owners.setdefault(secret.get(), name)) != name:
            mistakes.append(
                f"connections.{name}.orders.hook_secret: the same as connections.{other}'s; it selects the"
                " connection, so each needs one of its own"
            )
    return mistakes


def _malformed_webhook_secrets(settings: Settings) -> list[str]:
    mistakes = []
    for name, connection in settings.connections.items():
        callback = connection.erp.callback_secrets if connection.erp else {}
        secrets = {f"erp.{setting}": reference for setting, reference in callback.items()}
        signed = connection.intake.signature_secrets
        secrets |= {f"intake.{setting}": reference for setting, reference in signed.items()}
        for setting, reference in secrets.items():
            try:
                webhook_key(reference.get())
            except ValueError as error:
                mistakes.append(f"connections.{name}.{setting}: {error}")
    return mistakes


def _unusable_tls_files(settings: Settings) -> list[str]:
    mistakes = []
    for name, connection in settings.connections.items():
        try:
            if connection.erp and connection.erp.tls.present:
                connection.erp.tls.context(ssl.create_default_context)
        except ValueError as error:
            mistakes.append(f"connections.{name}.erp.{error}")
    return mistakes


def _shared_app_keys(settings: Settings) -> list[str]:
    mistakes = []
    owners: dict[tuple[str, str], str] = {}
    for name, connection in settings.connections.items():
        identity = (connection.vtex.account, connection.vtex.app_key.get())
        if (other := owners.setdefault(identity, name)) != name:
            mistakes.append(
                f"connections.{name}.vtex: same account and app key as connections.{other};"
                " VTEX keeps one feed per app key, so each connection needs a key of its own"
            )
    return mistakes
