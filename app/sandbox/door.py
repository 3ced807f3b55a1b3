"""The way into the store: keys, the Pricing quota and the journal, for every VTEX route."""

import base64
import binascii
import secrets

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.sandbox.journal import EFFECT, Journal
from app.sandbox.state import Store
from app.sandbox.wire import Json, Record, oms_error

API_PATHS = (
    ("/api/catalog", "catalog"),
    ("/api/logistics", "logistics"),
    ("/api/oms", "oms"),
    ("/api/orders/pvt/document", "oms"),
    ("/api/order-system", "oms"),
    ("/api/orders/feed", "feed"),
    ("/api/orders/hook", "feed"),
    ("/api/pvt/transactions", "payments"),
    ("/AdminWebService", "webservice"),
)


class Door:
    """Plain ASGI: every request of a load test passes here."""

    def __init__(self, app: ASGIApp, store: Store, journal: Journal) -> None:
        self.app = app
        self.store = store
        self.journal = journal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        api = self._api(scope["path"]) if scope["type"] == "http" else None
        if api is None:
            await self.app(scope, receive, send)
            return
        effect: Record = {}
        scope[EFFECT] = effect
        status: int | None = None
        extra: dict[str, str] = {}

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message["headers"],
                    *((name.lower().encode(), value.encode()) for name, value in extra.items()),
                ]
                # Written before the answer leaves: whoever has read the answer finds it in the journal.
                self._journal(api, scope, status, effect)
            await send(message)

        refusal, extra = self._refuse(api, scope)
        try:
            await (refusal or self.app)(scope, receive, counted)
        except Exception:
            if status is None:
                self._journal(api, scope, 500, effect)
            raise

    def _journal(self, api: str, scope: Scope, status: int | None, effect: Record) -> None:
        more = {"query": scope["query_string"].decode("latin-1"), "effect": effect}
        operation = scope.get("sandbox.operation")
        self.journal.add(api, scope["method"], scope["path"], status, **more, operation=operation)

    def _api(self, path: str) -> str | None:
        if path.startswith(f"/{self.store.account}/pricing/"):
            return "pricing"
        return next((api for prefix, api in API_PATHS if path.startswith(prefix)), None)

    def _refuse(self, api: str, scope: Scope) -> tuple[Response | None, dict[str, str]]:
        headers = Headers(scope=scope)
        if api == "webservice":
            realm = {"WWW-Authenticate": 'Basic Realm="Please Login to VtexID"'}
            return (None if self._basic(headers) else Response(status_code=401, headers=realm)), {}
        given = headers.get("x-vtex-api-appkey", ""), headers.get("x-vtex-api-apptoken", "")
        if not self._known(*given):
            if api in {"oms", "feed"}:
                return oms_error(401, "1", "Unauthorized access").response(), {}
            return PlainTextResponse("Unauthorized", status_code=401), {}
        return self._quota(api, scope["method"])

    def _quota(self, api: str, method: str) -> tuple[Response | None, dict[str, str]]:
        bucket = self.store.pricing_quota.bucket(method) if self.store.pricing_quota else None
        if api != "pricing" or bucket is None:
            return None, {}
        passed, headers = bucket.take()
        return (None if passed else Json({"message": "Too Many Requests"}, status_code=429)), headers

    def _basic(self, headers: Headers) -> bool:
        scheme, _, code = headers.get("authorization", "").partition(" ")
        try:
            user, _, password = base64.b64decode(code, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        return scheme.lower() == "basic" and self._known(user, password)

    def _known(self, key: str, token: str) -> bool:
        right_key = secrets.compare_digest(key.encode(), self.store.app_key.encode())
        return secrets.compare_digest(token.encode(), self.store.app_token.encode()) and right_key
