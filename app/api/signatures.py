"""Standard Webhooks signatures on what the ERP sends: over webhook-id, webhook-timestamp and the body."""

import secrets
from collections.abc import Mapping

from standardwebhooks import Webhook, WebhookVerificationError

from app import logging
from app.config import IntakeSettings
from app.config.secret import webhook_key

log = logging.get(__name__)

#: All must be there; the library checks the second within five minutes, and the third.
HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
CONNECTION_HEADER = "x-bridge-connection"
#: As the OpenAPI has them; webhook-id is the idempotency key besides.
SIGNATURE_HEADERS = {
    "webhook-timestamp": "Where signatures are configured: seconds since 1970, at most five minutes off.",
    "webhook-signature": "Where signatures are configured: Standard Webhooks' `v1,…`, several with blanks.",
    CONNECTION_HEADER: "The connection's name, where its signature alone is enough and no key is sent.",
}
#: Of nobody: an unknown connection takes as long as a known one, and answers alike.
_NOBODYS = (secrets.token_bytes(32),)


class Unsigned(Exception):
    """Why: it tells nothing of the secret, nor whether there is such a connection."""


class Signatures:
    def __init__(self, settings: Mapping[str, IntakeSettings]) -> None:
        self._settings = {name: each for name, each in settings.items() if each.is_signed}

    def must_be_there(self, connection: str) -> bool:
        return connection in self._settings

    def suffices(self, connection: str) -> bool:
        """Without a key."""
        settings = self._settings.get(connection)
        return settings is not None and settings.require == "signature"

    def check(self, connection: str | None, headers: Mapping[bytes, bytes], body: bytes) -> None:
        """Unsigned where no secret of the connection made the signature; None is no connection at all."""
        sent = {name: headers.get(name.encode(), b"").decode("latin-1") for name in HEADERS}
        said = "No matching signature found"
        for key in self._keys(connection) or _NOBODYS:
            try:
                Webhook(key).verify(body, sent, json_parse=False)
            except WebhookVerificationError as error:
                said = str(error)
            except ValueError:
                # The library takes a signature apart without a look whether it is one.
                said = "malformed webhook-signature, or a body that is not UTF-8"
            else:
                return
        raise Unsigned(said)

    def _keys(self, connection: str | None) -> list[bytes]:
        """A secret that is away for a moment hides no other."""
        keys = []
        settings = self._settings.get(connection) if connection is not None else None
        for name, reference in settings.signature_secrets.items() if settings else ():
            try:
                keys.append(webhook_key(reference.get()))
            except (LookupError, OSError, ValueError) as error:
                log.error(
                    "intake.secret_missing", connection=connection, setting=name, error=type(error).__name__
                )
        return keys
