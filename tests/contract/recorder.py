"""ASGI middleware that checks every request to a stand-in VTEX against VTEX's contracts."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import quote

from tests.contract.rest import RestContract
from tests.contract.soap import SoapContract
from tests.contract.violation import ContractViolation

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

#: The ERP's side of the stand-in and its own controls: no API of VTEX.
_NOT_VTEX = ("/erp", "/sandbox")
_WEBSERVICE = ("/AdminWebService",)


class ContractRecorder:
    """A violation never breaks its request; tests assert that there is none, and that any was `checked`."""

    def __init__(self, app: ASGIApp, rest: RestContract | None, soap: SoapContract) -> None:
        self.violations: list[str] = []
        self.checked = 0
        self._app = app
        self._rest = rest
        self._soap = soap

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _is_under(scope["path"], _NOT_VTEX):
            await self._app(scope, receive, send)
            return
        messages = await _whole_request(receive)
        if messages[-1]["type"] == "http.request":
            self._record(scope, b"".join(message.get("body", b"") for message in messages))
        replay = iter(messages)

        async def replayed() -> Message:
            message = next(replay, None)
            return message if message is not None else await receive()

        await self._app(scope, replayed, send)

    def _record(self, scope: Scope, body: bytes) -> None:
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        webservice = _is_under(scope["path"], _WEBSERVICE)
        if not webservice and self._rest is None:
            return
        self.checked += 1
        try:
            if webservice:
                self._check_soap(scope, headers, body)
            elif self._rest:
                query = scope.get("query_string", b"").decode("latin-1")
                self._rest.check(scope["method"], _sent_path(scope), query, headers, body)
        except ContractViolation as violation:
            self.violations.append(str(violation))

    def _check_soap(self, scope: Scope, headers: dict[str, str], body: bytes) -> None:
        mistakes = []
        if scope["method"] != "POST":
            mistakes.append(f"{scope['method']}, not POST")
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "text/xml":
            mistakes.append("SOAP 1.1 wants Content-Type text/xml")
        if not headers.get("authorization", "").startswith("Basic "):
            mistakes.append("the Basic credentials are missing")
        if mistakes:
            raise ContractViolation(f"SOAP request to {scope['path']}", mistakes)
        self._soap.check(body, headers.get("soapaction", ""))


def _is_under(path: str, prefixes: tuple[str, ...]) -> bool:
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in prefixes)


def _sent_path(scope: Scope) -> str:
    """As sent, since decoding would make an encoded slash a separator."""
    raw = scope.get("raw_path")
    return bytes(raw).partition(b"?")[0].decode("latin-1") if raw else quote(scope["path"])


async def _whole_request(receive: Receive) -> list[Message]:
    messages = [await receive()]
    while messages[-1]["type"] == "http.request" and messages[-1].get("more_body", False):
        messages.append(await receive())
    return messages
