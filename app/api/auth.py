"""Who is calling: the bearer key names the connection; changes may be signed besides, or instead."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer, SecurityScopes
from starlette.types import Scope as HttpScope

from app.api.failures import Failures
from app.api.problems import Problem
from app.api.signatures import CONNECTION_HEADER, HEADERS, Signatures, Unsigned
from app.keys import Caller, Keys, Scope

#: Only for the OpenAPI: the header is read below, so that its absence is our own problem document.
_scheme = HTTPBearer(auto_error=False, description="The connection's key: `bridge keys create CONNECTION`.")
_SIGNATURE_SCHEME = "StandardWebhooks"
#: What FastAPI cannot know: only changes are signed, and they are read by ourselves.
SIGNATURE_SCHEMES = {
    _SIGNATURE_SCHEME: {
        "type": "apiKey",
        "in": "header",
        "name": "webhook-signature",
        "description": "A Standard Webhooks signature by the connection's `intake.signature_secret`, where"
        f" the operator configured it: with the key, or alone with `{CONNECTION_HEADER}`.",
    }
}
#: The same in an operation's own words.
SECURITY: list[dict[str, list[str]]] = [
    {_scheme.scheme_name: [Scope.CHANGES_WRITE.value]},
    {_SIGNATURE_SCHEME: []},
]
_CONNECTION_HEADER = CONNECTION_HEADER.encode()
_SIGNATURE_HEADERS = [name.encode() for name in HEADERS]

Headers = Mapping[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Sender:
    """Of a change, as far as its head tells; None where nobody of that name may send by signature alone."""

    connection: str | None
    is_signed: bool


class Authentication:
    def __init__(
        self, keys: Keys, connections: Iterable[str], signatures: Signatures, failures: Failures
    ) -> None:
        self._keys, self._signatures, self.failures = keys, signatures, failures
        #: With a key; made once, for every change asks.
        self._senders = {name: Sender(name, signatures.must_be_there(name)) for name in connections}

    async def caller(self, authorization: str, scope: HttpScope) -> Caller:
        """Whose key it is."""
        scheme, _, key = authorization.partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or not key:
            raise self._failed(scope, "missing", "send the header `Authorization: Bearer <key>`")
        # A key that was good here is no guess: no neighbour's failures hold it up.
        if (seconds := self.failures.held_up(scope)) and not self._keys.has_seen(key):
            raise self.failures.hold_up(seconds)
        caller = await self._keys.caller(key)
        if caller is None or caller.connection not in self._senders:
            detail = "this key is unknown, revoked or expired; make a new one with"
            raise self._failed(scope, "unknown", f"{detail} `bridge keys create CONNECTION`")
        return caller

    async def sender(self, headers: Headers, scope: HttpScope) -> Sender:
        """Who sends a change, before its body is read: by key, or by the name that its signature proves."""
        authorization = headers.get(b"authorization", b"")
        if not authorization and _CONNECTION_HEADER in headers:
            name = headers[_CONNECTION_HEADER].decode("latin-1")
            sender = Sender(name if self._signatures.suffices(name) else None, is_signed=True)
        else:
            caller = await self.caller(authorization.decode("latin-1"), scope)
            must_have(caller, Scope.CHANGES_WRITE)
            sender = self._senders[caller.connection]
        if sender.is_signed and not all(headers.get(name) for name in _SIGNATURE_HEADERS):
            raise self._failed(scope, "signature", f"sign it: send the headers {', '.join(HEADERS)}")
        return sender

    def sent(self, sender: Sender, headers: Headers, body: bytes, scope: HttpScope) -> str:
        """The connection, once its signature is good, if it has to sign."""
        if sender.is_signed:
            try:
                self._signatures.check(sender.connection, headers, body)
            except Unsigned as error:
                fix = "sign webhook-id, webhook-timestamp (within five minutes) and the body by the"
                detail = f"the signature is refused: {error}; {fix} connection's intake.signature_secret"
                raise self._failed(scope, "signature", detail) from None
        # Nobody's signature is good.
        assert sender.connection is not None
        return sender.connection

    def _failed(self, scope: HttpScope, cause: str, detail: str) -> Problem:
        refusal = Problem("unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})
        return self.failures.count(scope, cause, refusal)


def must_have(caller: Caller, scope: str) -> None:
    if not caller.may(scope):
        fix = f"make one that has it: `bridge keys create {caller.connection} --scope {scope}`"
        raise Problem("forbidden", f"this key lacks the scope {scope}; {fix}")


async def _documented(
    request: Request, scopes: SecurityScopes, _scheme: Annotated[object, Depends(_scheme)]
) -> Caller:
    authentication: Authentication = request.app.state.authentication
    authorization = request.headers.get("authorization", "")
    caller = await authentication.caller(authorization, request.scope)
    for scope in scopes.scopes:
        must_have(caller, scope)
    return caller


WritesChanges = Annotated[Caller, Security(_documented, scopes=[Scope.CHANGES_WRITE.value])]
ReadsEvents = Annotated[Caller, Security(_documented, scopes=[Scope.EVENTS_READ.value])]
ReplaysEvents = Annotated[Caller, Security(_documented, scopes=[Scope.EVENTS_REPLAY.value])]
ReadsOrders = Annotated[Caller, Security(_documented, scopes=[Scope.ORDERS_READ.value])]
ImportsOrders = Annotated[Caller, Security(_documented, scopes=[Scope.ORDERS_IMPORT.value])]
